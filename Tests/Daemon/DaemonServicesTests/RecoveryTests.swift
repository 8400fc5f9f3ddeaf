import DurableFiles
import Foundation
import JobModel
import JobStore
import Synchronization
import Testing
import WorkerProtocol

@testable import DaemonServices

private let circle = #"{"prompt": "a red circle", "seed": 7}"#

/// A clock that stands still until it is moved.
private final class TestClock: Sendable {
  private let seconds = Mutex(Date.now.timeIntervalSince1970)
  var date: Date { Date(timeIntervalSince1970: seconds.withLock { $0 }) }
  func advance(_ interval: Double) { seconds.withLock { $0 += interval } }
}

@Suite("Taking over from a killed daemon", .serialized, .timeLimit(.minutes(1)))
struct RecoveryTests {
  private func recover(_ service: TestService) async throws {
    try await Recovery(core: service.core).run(Dispatcher(core: service.core))
  }

  @Test(
    "an attempt that ended while no daemon ran costs what its worker says, not the time until the next start",
    arguments: [AttemptResult.Outcome.done, .yielded, .cancelled, .failed])
  func spending(outcome: AttemptResult.Outcome) async throws {
    let clock = TestClock()
    let service = try TestService(now: { clock.date })
    _ = try await service.accept(circle)
    let charge = TaskCharge(measure: "cpu_seconds", estimate: 1, rate: 2)
    let (task, _, folder) = try await service.lease(charge: charge)
    let failure = outcome == .failed ? AttemptFailure(kind: .internal, message: "scripted") : nil
    try folder.write(
      AttemptResult(
        task: "\(task.id)", attempt: 1, outcome: outcome, kernels: "scripted", seconds: 3, failure: failure))
    clock.advance(30_000)
    try await recover(service)
    #expect(try await service.core.store.leasedTasks().isEmpty)
    let used = try await service.core.store.usage(since: nil).first { $0.measure == "cpu_seconds" }
    #expect(used?.amount == 6)
  }

  @Test(
    "of an attempt that cannot be brought to the disk nothing is relied on: it is tried again",
    arguments: [true, false])
  func unsynced(hasResult: Bool) async throws {
    let service = try TestService()
    _ = try await service.accept(circle)
    let (task, _, folder) = try await service.lease()
    if hasResult {
      try folder.write(
        AttemptResult(task: "\(task.id)", attempt: 1, outcome: .done, kernels: "scripted", seconds: 1))
    } else {
      let name = AttemptFolder.checkpointName(step: 1)
      try DurableFile.replace(folder.resolve(name), with: "saved")
      let file = FileReference(path: name, sha256: sha256(of: Array("saved".utf8)))
      let event = try ProtocolCoding.line(AttemptEvent.checkpoint(CheckpointReference(file: file, step: 1)))
      try DurableFile.replace(folder.eventsFile, with: event + "\n")
    }
    // Links are not followed: the folder cannot be synced.
    try DurableFile.remove(folder.taskFile)
    symlink("/dev/null", folder.taskFile)
    try await recover(service)
    let record = try #require(try await service.core.store.task(task.id))
    #expect(record.state == .ready && record.failures == 1)
    #expect(record.message?.contains("task.json") == true)
    #expect(try await service.core.store.checkpoints(of: task.id).isEmpty)
  }

  @Test("what a failed job has computed stays as long as it can be revived, and goes at the next start after that")
  func replacedJob() async throws {
    let service = try TestService()
    _ = try await service.accept(circle)
    let (task, lease, _) = try await service.lease()
    _ = try await service.core.store.fail(lease, message: "x", killedWorker: false, retryAt: nil)
    try await recover(service)
    #expect(try Folder(service.core.absolute("tasks")).names() == ["\(task.id)"])
    _ = try await service.accept(#"{"prompt": "a blue square"}"#)
    try await recover(service)
    #expect(try Folder(service.core.absolute("tasks")).names().isEmpty)
  }

  @Test("however many jobs were held for want of a large device, all go on at the next start")
  func devices() async throws {
    let service = try TestService()
    try await service.accept(circle, count: 1001)
    let small = service.renewed { $0.devices[0].memory = .mebibytes(1) }
    try await Dispatcher(core: small).assign()
    #expect(try await service.core.store.counts()[.held] == 1001)
    try await recover(service)
    #expect(try await service.core.store.counts()[.queued] == 1001)
  }
}
