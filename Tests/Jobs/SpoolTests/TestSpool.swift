import DurableFiles
import Foundation
import JobModel
import Spool

/// A spool of its own, and the scanner that looks at it.
final class TestSpool {
  let path: String
  let root: Folder
  let scanner: SpoolScanner
  var known: [String: KnownRequest] = [:]
  /// The wall's clock stands where files are made; uptime is moved by the tests.
  var now = Moment(wall: Moment.now.wall, uptime: 1000)

  init(limits: RequestLimits = RequestLimits()) throws {
    path = NSTemporaryDirectory() + "walt-spool-" + UUID().uuidString
    try DurableFile.makeFolder(path)
    root = try Folder(path)
    scanner = SpoolScanner(root: root, limits: limits, settle: .seconds(2))
  }

  deinit { _ = try? DurableFile.remove(path) }

  func write(_ name: String, _ text: String = #"{"prompt": "a cat"}"#) throws {
    let (folder, _) = (path + "/" + name).folderAndName
    try DurableFile.makeFolder(folder)
    try DurableFile.replace(path + "/" + name, with: text)
  }

  func text(_ name: String) throws -> String {
    String(decoding: try DurableFile.read(path + "/" + name), as: UTF8.self)
  }

  func names(_ folder: String = ".") throws -> [String] { try root.folder(folder).names().sorted() }

  func scan(limit: Int = 500) -> SpoolScan { scanner.scan(scanner.list(), known: known, at: now, limit: limit) }

  /// Looks, and knows from then on what was found.
  @discardableResult
  func take(state: JobState = .queued) -> SpoolScan {
    let scan = scan()
    for found in scan.found {
      let (file, end): (RequestFile, JobState) =
        switch found {
        case .request(let file, _), .batch(let file): (file, state)
        case .refused(let file, _): (file, .rejected)
        }
      known[file.path] = KnownRequest(
        job: JobID(Int64(known.count + 1)), digest: file.digest, state: end, stamp: file.stamp)
    }
    return scan
  }
}

extension SpoolScan {
  var accepted: [String] { found.compactMap { if case .request(let file, _) = $0 { file.path } else { nil } }.sorted() }
  var batches: [String] { found.compactMap { if case .batch(let file) = $0 { file.path } else { nil } }.sorted() }
  var refusals: [String: RequestError.Code] {
    var codes: [String: RequestError.Code] = [:]
    for case .refused(let file, let error) in found { codes[file.path] = error.code }
    return codes
  }
}
