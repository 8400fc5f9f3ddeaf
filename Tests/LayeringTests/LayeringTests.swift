import Foundation
import Testing

/// The house's floors and what each may import beside itself (the design's section on the house).
private let mayImport: [String: Set<String>] = [
  "Base": [],
  "Engine": ["Base"],
  "Jobs": ["Base"],
  "Train": ["Base", "Engine"],
  "Worker": ["Base", "Engine", "Jobs"],
  "Daemon": ["Base", "Jobs"],
  "Control": ["Base", "Jobs"],
  "Programs": ["Base", "Engine", "Jobs", "Train", "Worker", "Daemon", "Control"],
]

@Suite("The house stands")
struct LayeringTests {
  private struct Source {
    let floor: String
    let target: String
    let path: String
    let imports: [String]
  }

  private let sources: [Source]
  private let floorOfTarget: [String: String]

  init() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources")
    let enumerator = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
    var sources: [Source] = []
    var floorOfTarget: [String: String] = [:]
    while let file = enumerator?.nextObject() as? URL {
      let parts = file.path.dropFirst(root.path.count + 1).split(separator: "/").map(String.init)
      if parts.count >= 2 { floorOfTarget[parts[1]] = parts[0] }
      guard parts.count >= 3, file.pathExtension == "swift" else { continue }
      sources.append(
        Source(
          floor: parts[0], target: parts[1], path: parts.joined(separator: "/"),
          imports: Self.imports(in: try String(contentsOf: file, encoding: .utf8))))
    }
    self.sources = sources
    self.floorOfTarget = floorOfTarget
  }

  private static func imports(in text: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard let index = words.firstIndex(of: "import"), index <= 1, index + 1 < words.count else { return nil }
      return String(words[index + 1].prefix { $0 != "." })
    }
  }

  @Test("Every floor is known, and a target imports only its own floor and those below")
  func imports() {
    #expect(!sources.isEmpty)
    for source in sources {
      guard let allowed = mayImport[source.floor] else {
        Issue.record("\(source.path) stands on no known floor")
        continue
      }
      for name in source.imports {
        guard let floor = floorOfTarget[name] else { continue }
        #expect(
          floor == source.floor || allowed.contains(floor), "\(source.path) imports \(name), which is on \(floor)")
      }
    }
  }

  @Test("The worker and the engine cannot draw shapes")
  func workerKnowsNoShapes() {
    for source in sources where ["Worker", "Engine"].contains(source.floor) {
      #expect(!source.imports.contains("Datasets"), "\(source.path)")
    }
  }

  @Test("A program is its arguments and a call: no file of Programs is longer than 250 lines")
  func programsAreThin() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    for source in sources where source.floor == "Programs" {
      let text = try String(contentsOf: root.appendingPathComponent("Sources/" + source.path), encoding: .utf8)
      #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 250, "\(source.path)")
    }
  }
}
