import DurableFiles
import Foundation
import JobModel
import JobStore
import Synchronization

/// A clock that stands still until it is moved.
final class TestClock: Sendable {
  private let seconds = Mutex(1_800_000_000.0)
  var date: Date { Date(timeIntervalSince1970: seconds.withLock { $0 }) }
  func advance(_ interval: Double) { seconds.withLock { $0 += interval } }
}

/// A store in a file of its own, removed at the end.
struct TestStore {
  let store: JobStore
  let clock = TestClock()
  private let folder: String
  var path: String { folder + "/walt.db" }

  init() throws {
    folder = NSTemporaryDirectory() + "walt-store-" + UUID().uuidString
    try DurableFile.makeFolder(folder)
    store = try JobStore(path: folder + "/walt.db", now: { [clock] in clock.date })
  }

  /// The same file, opened as a process that was killed would find it.
  func reopened() throws -> JobStore { try JobStore(path: path, now: { [clock] in clock.date }) }

  func remove() { _ = try? DurableFile.remove(folder) }

  /// Accepts `text` as the request at `path`.
  @discardableResult
  func accept(_ path: String, _ text: String = #"{"prompt": "a cat"}"#) async throws -> Acceptance {
    try await store.accept(Self.file(path, text), Self.parameters(text))
  }

  func newJob(_ path: String, _ text: String = #"{"prompt": "a cat"}"#) async throws -> JobID {
    guard case .new(let job, _) = try await accept(path, text) else { throw CancellationError() }
    return job
  }

  static func file(_ path: String, _ text: String, stamp: String = "1") -> RequestFile {
    RequestFile(
      path: path, digest: sha256(of: Array(text.utf8)), stamp: stamp, bytes: Array(text.utf8), owner: 1000)
  }

  static func parameters(_ text: String) throws -> ResolvedRequest {
    let request = try Request(parsing: Array(text.utf8))
    return try request.resolved(for: model, digest: SHA256Digest(of: text), account: "default")
  }

  /// Runs every task of the job that is ready, in order, until none is.
  func runAll() async throws {
    while let next = try await store.readyTasks(limit: 1).first {
      let lease = try await store.lease(next.task.id, worker: "cpu0")
      _ = try await store.finish(lease, result: "{}", seconds: 1)
    }
  }

  static let model: ModelDescription = {
    let stage: [String: Any] = [
      "name": "base", "width": 32, "height": 32, "stepCount": 50, "guidanceScale": 7.5, "tokenCount": 80,
      "hiddenSize": 64, "feedForwardSize": 128, "weightByteCount": 1000,
    ]
    let upsampler = stage.merging(["name": "sr1", "width": 64, "height": 64, "guidanceScale": 1, "kSR": 100]) { $1 }
    let value: [String: Any] = [
      "name": "demo", "folder": "/models/demo", "fps": 8, "maxFrameCount": 293, "chunkFrameCount": 17,
      "overlapFrameCount": 5, "takesText": true, "predictsFrames": true, "makesImages": true, "variants": [String](),
      "classCount": 0, "eta": 0, "stages": [stage, upsampler], "textWeightByteCount": 0,
      "autoencoderWeightByteCount": 0, "autoencoderChannelCount": 16,
    ]
    do {
      return try JSONDecoder().decode(ModelDescription.self, from: JSONSerialization.data(withJSONObject: value))
    } catch {
      fatalError("the test's model: \(error)")
    }
  }()
}
