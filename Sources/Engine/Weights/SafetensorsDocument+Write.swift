import Foundation

extension SafetensorsDocument {
  /// Replaces the file at `path`, which appears whole or not at all.
  package func write(to path: String) throws {
    do {
      try data().write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw WeightsError(.unwritable, "write weights \"\(path)\": \(error); is there room, and the folder?")
    }
  }
}
