import DurableFiles
import Foundation
import JobModel
import JobStore
import Spool
import Testing
import WorkerProtocol

@testable import DaemonServices

@Suite("Publishing", .serialized, .timeLimit(.minutes(2)))
struct PublishingTests {
  private func publishing(
    _ service: TestService, _ dispatcher: Dispatcher? = nil, portion: Int = 1000
  ) throws -> PublishingService {
    PublishingService(
      core: service.core, publisher: Publisher(root: try Folder(service.core.configuration.paths.spool)),
      dispatcher: dispatcher ?? Dispatcher(core: service.core), portion: portion)
  }

  /// Computes until so many jobs are to be published.
  private func compute(_ service: TestService, _ count: Int) async throws {
    try await service.dispatch { [core = service.core] in try await core.store.counts()[.publishing] == count }
  }

  @Test("a batch whose folder is gone is held with all its lines, other jobs are published, and it goes on afterwards")
  func missingFolder() async throws {
    let service = try TestService()
    let store = service.core.store
    let batch = try await service.acceptBatch(
      [#"{"prompt": "a"}"#, #"{"prompt": "b"}"#], name: "gone/cats.jsonl")
    let other = try await service.accept(#"{"prompt": "c"}"#)
    try await compute(service, 3)
    try await publishing(service).publishAll()
    #expect(try await store.job(other)?.state == .done)
    #expect(try await store.job(batch)?.state == .held)
    #expect(
      try await store.lines(of: batch).map(\.reason)
        == [IntakeService.missingReason, IntakeService.missingReason])
    try DurableFile.makeFolder("\(service.core.configuration.paths.spool)/gone")
    try await store.release(batch)
    try await publishing(service).publishAll()
    #expect(try await store.job(batch)?.state == .done)
  }

  @Test("a line whose batch was cancelled and whose folder is gone fails, and keeps nobody waiting")
  func missingFolderOfCancelledBatch() async throws {
    let service = try TestService()
    let store = service.core.store
    let batch = try await service.acceptBatch([#"{"prompt": "a"}"#], name: "gone/cats.jsonl")
    let other = try await service.accept(#"{"prompt": "c"}"#)
    try await compute(service, 2)
    _ = try await store.cancel(batch, reason: "test")
    try await publishing(service).publishAll()
    #expect(try await store.lines(of: batch).map(\.state) == [.failed])
    #expect(try await store.job(other)?.state == .done)
    #expect(try await store.unannouncedJobs(limit: 9).isEmpty)
  }

  @Test("more jobs than are looked at together are published, and their ends announced, one portion after the other")
  func portions() async throws {
    let service = try TestService()
    for number in 0..<5 { _ = try await service.accept(#"{"prompt": "x"}"#, name: "\(number).json") }
    try await compute(service, 5)
    for number in 5..<10 {
      let job = try await service.accept(#"{"prompt": "x"}"#, name: "\(number).json")
      _ = try await service.core.store.cancel(job, reason: "test")
    }
    try await service.run(try publishing(service, portion: 2)) { [core = service.core] in
      let isPublished = try await core.store.counts()[.done] == 5
      let isAnnounced = try await core.store.unannouncedJobs(limit: 1).isEmpty
      return isPublished && isAnnounced
    }
  }

  @Test("a cancelled job's folder stays while its worker computes, and goes when that has let go of it")
  func cancelled() async throws {
    let service = try TestService(script: #"{"waits":[{"task":"base","step":1,"attempts":9}]}"#)
    let job = try await service.accept(#"{"prompt": "a"}"#)
    let dispatcher = Dispatcher(core: service.core)
    let run = Task { try await dispatcher.run() }
    func isAtBase() async -> Bool {
      let progress = await dispatcher.devices.flatMap(\.tasks).first
      return progress?.stage == .base && progress?.step == 1
    }
    while await !isAtBase() { try await Task.sleep(for: .milliseconds(5)) }
    let task = try #require(await dispatcher.runningTasks.first)
    let folder = AttemptFolder.taskFolder(state: service.core.state, task: "\(task)")
    let revoked = try await service.core.store.cancel(job, reason: "test")
    try await publishing(service, dispatcher).publishAll()
    #expect(DurableFile.exists(folder))
    let worker = await dispatcher.devices[0].pid
    dispatcher.drop(revoked)
    while DurableFile.exists(folder) { try await Task.sleep(for: .milliseconds(5)) }
    #expect(await dispatcher.devices[0].pid == worker)
    dispatcher.post.yield(.stop)
    try await run.value
    #expect(try Folder(service.core.absolute("tasks")).names().isEmpty)
  }
}
