import DurableFiles
import Foundation
import JobModel
import WorkerProtocol

/// Requests of mixed size, and what they must come to whatever happens meanwhile.
package struct Workload: Sendable {
  package struct Item: Sendable {
    /// The path below the spool, without `.json`.
    package let stem: String
    package let json: String
  }

  package let items: [Item]

  /// The same requests for the same seed.
  package init(count: Int, random: inout SeededRandom) {
    let kinds = [
      #""frames": 1"#, #""frames": 1, "samples": 3"#, #""seed": 7"#, #""samples": 2, "stages": "base""#,
      #""frames": 29"#, #""first_frame": "generate""#, #""output": {"frames": true, "latents": true}"#,
      #""priority": 90"#, #""steps": [3, 9], "priority": 10"#,
    ]
    items = (0..<count).map { index in
      let kind = kinds[Int.random(in: 0..<kinds.count, using: &random)]
      let stem = index.isMultiple(of: 5) ? "folder-\(index % 3)/job-\(index)" : "job-\(index)"
      return Item(stem: stem, json: #"{"prompt": "circle number \#(index)", \#(kind)}"#)
    }
  }

  /// What an undisturbed daemon makes of them.
  package func undisturbed() async throws -> [String: [String: String]] {
    let daemon = try DaemonProcess()
    for item in items { try daemon.submit(item) }
    try daemon.start("--drain")
    guard try await daemon.exitCode() == 0 else { throw TestFailure("undisturbed run\n\(daemon.logText)") }
    return try published(by: daemon)
  }

  /// The reproducible part of each result and the digests of the files that lie there, by item.
  package func published(by daemon: DaemonProcess) throws -> [String: [String: String]] {
    try Dictionary(uniqueKeysWithValues: items.map { ($0.stem, try daemon.published($0.stem)) })
  }

  /// Every file that may be in the spool when all is done.
  package func expectedFiles(of daemon: DaemonProcess) throws -> Set<String> {
    var files: Set<String> = []
    for item in items {
      let folder = item.stem.contains("/") ? item.stem.folderAndName.folder + "/" : ""
      files.formUnion(["\(item.stem).json", "\(item.stem).result.json"])
      for name in try daemon.resultFiles(item.stem) {
        files.insert(folder + name)
        if name.contains("/") { files.insert("\(folder)\(name.split(separator: "/")[0])/.walt") }
      }
    }
    return files
  }
}

extension DaemonProcess {
  /// Drops a request as a careful producer does; when this returns, it survives a power cut.
  package func submit(_ item: Workload.Item) throws {
    let path = "\(spool)/\(item.stem).json"
    try DurableFile.makeFolder(path.folderAndName.folder)
    try DurableFile.replace(path, with: item.json)
  }

  private static func result(_ stem: String, spool: String) throws -> JSONValue {
    try JSONDocument(parsing: try DurableFile.read("\(spool)/\(stem).result.json")).root.value
  }

  /// The files that a result names, relative to its folder.
  package func resultFiles(_ stem: String) throws -> [String] { try Self.resultFiles(stem, spool: spool) }

  private static func resultFiles(_ stem: String, spool: String) throws -> [String] {
    try result(stem, spool: spool)["run"]?["files"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
  }

  /// What must be the same bytes each time: the reproducible part, and the files as they lie there.
  package func published(_ stem: String) throws -> [String: String] { try Self.published(stem, spool: spool) }

  package static func published(_ stem: String, spool: String) throws -> [String: String] {
    var files = ["reproducible": try result(stem, spool: spool)["reproducible"]?.text() ?? ""]
    let folder = "\(spool)/\(stem)".folderAndName.folder
    for name in try resultFiles(stem, spool: spool) { files[name] = try sha256(ofFile: "\(folder)/\(name)") }
    return files
  }

  /// Every file below the spool, by its path in it.
  package func allFiles() -> Set<String> {
    let names = FileManager.default.enumerator(atPath: spool)?.compactMap { $0 as? String } ?? []
    var isFolder: ObjCBool = false
    return Set(
      names.filter {
        !FileManager.default.fileExists(atPath: "\(spool)/\($0)", isDirectory: &isFolder) || !isFolder.boolValue
      })
  }

  /// Temporary files that nobody will ever remove, and attempts of jobs that are done.
  package func strays() -> [String] {
    let state = "\(root)/state"
    let names = FileManager.default.enumerator(atPath: state)?.compactMap { $0 as? String } ?? []
    return names.filter { name in
      name.contains(".walt-") || ["tasks/", "inputs/", "workers/"].contains { name.hasPrefix($0) && name != $0 }
    }
  }

  /// The preloaded shim's faults for waltd alone.
  package func inject(_ faults: [String: String]) {
    environment = faults.isEmpty ? [:] : faults
    environment["LD_PRELOAD"] = TestPrograms.path("libFaultShim.so")
    environment["WALT_FAULT_PROGRAM"] = "waltd"
  }
}
