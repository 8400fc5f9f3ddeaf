import Foundation

/// What a serving worker is told: one line each on its standard input. When the input closes, the worker checkpoints
/// and exits; SIGTERM means the same.
///
/// Words are separated by single spaces; a space, `%` or control character in a folder's path is percent-encoded.
package enum WorkerCommand: Equatable, Sendable {
  /// Does these tasks as one batch; they are alike in model, kind, stage, shape and sampler.
  case run([AttemptFolder])
  /// Checkpoints at the end of the unit being computed, ends each attempt as `yielded`, and waits for more.
  case yield
  /// Drops one attempt of the running batch at the end of the unit, ending it as `cancelled`.
  case cancel(AttemptFolder)
  /// As the input's end.
  case quit

  /// The line, without its end.
  package var line: String {
    switch self {
    case .run(let folders): (["run"] + folders.map { Self.escaped($0.path) }).joined(separator: " ")
    case .yield: "yield"
    case .cancel(let folder): "cancel \(Self.escaped(folder.path))"
    case .quit: "quit"
    }
  }

  /// - Throws: `ProtocolError` for anything else.
  package init(line: String) throws {
    let words = line.split(separator: " ").map(String.init)
    let folders = words.dropFirst().map { AttemptFolder($0.removingPercentEncoding ?? $0) }
    switch (words.first, folders.count) {
    case ("run", 1...): self = .run(folders)
    case ("yield", 0): self = .yield
    case ("cancel", 1): self = .cancel(folders[0])
    case ("quit", 0): self = .quit
    default:
      throw ProtocolError(
        source: "command \"\(line)\"", problem: "not one of: run FOLDER…, yield, cancel FOLDER, quit")
    }
  }

  private static func escaped(_ path: String) -> String {
    var allowed = CharacterSet(charactersIn: "\u{21}"..."\u{10FFFF}")
    allowed.remove("%")
    return path.addingPercentEncoding(withAllowedCharacters: allowed) ?? path
  }
}
