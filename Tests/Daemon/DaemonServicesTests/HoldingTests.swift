import DaemonTesting
import Foundation
import JobModel
import JobStore
import Scheduling
import Testing
import WorkerProtocol

@testable import DaemonServices

private let circle = #"{"prompt": "a red circle", "seed": 7}"#

@Suite("Jobs that are held by the dispatcher", .serialized, .timeLimit(.minutes(2)))
struct HoldingTests {
  @Test("a job that was complete when it was held for its budget is published when budgets are looked at again")
  func complete() async throws {
    let service = try TestService()
    let job = try await service.accept(circle)
    try await service.dispatch(until: job)
    _ = try await service.core.store.hold(job, reason: "\(SpendingLimit.prefix)spent")
    let core = service.renewed()
    try await Dispatcher(core: core).releaseBudgets()
    #expect(try await core.store.job(job)?.state == .publishing)
    #expect(await core.signals.publishing.wasRaised())
    #expect(await core.signals.status.wasRaised())
  }

  @Test("however many jobs were held for a model, all go on when it is back")
  func model() async throws {
    let service = try TestService()
    try await service.accept(circle, count: 1001)
    try await Dispatcher(core: service.renewed(model: "other")).assign()
    #expect(try await service.core.store.counts()[.held] == 1001)
    try await service.dispatch { [core = service.core] in try await core.store.counts()[.held] == 0 }
  }

  @Test("that jobs are held is told at once")
  func status() async throws {
    let service = try TestService()
    let core = service.renewed(model: "other")
    let dispatcher = Dispatcher(core: core)
    // The first look at the room on the disk is told as well.
    try await dispatcher.assign()
    await core.signals.status.look()
    _ = try await service.accept(circle)
    try await dispatcher.assign()
    #expect(await core.signals.status.wasRaised())
  }

  @Test("a job whose account cannot pay for the rest of it gives way, and what it has computed counts")
  func budget() async throws {
    let limit = SpendingLimit(measure: .cpuSeconds, period: .all, amount: 50)
    let service = try TestService(script: #"{"waits":[{"task":"text","step":0,"attempts":9}]}"#) {
      $0.accounts = AccountRules([.init(name: "default", limits: [limit])])
    }
    let job = try await service.accept(#"{"prompt": "a", "samples": 2}"#)
    let dispatcher = Dispatcher(core: service.core)
    let run = Task { try await dispatcher.run() }
    while await dispatcher.isIdle { try await Task.sleep(for: .milliseconds(5)) }
    let task = try #require(await dispatcher.runningTasks.first)
    // The other clip's text is thought to cost twice what there is.
    let key = ThroughputKey(model: "test", stage: .text, kind: "text", device: "cpu0")
    try await service.core.store.recordThroughput(key, secondsPerUnit: 100)
    dispatcher.wake()
    while await !dispatcher.isIdle { try await Task.sleep(for: .milliseconds(5)) }
    dispatcher.post.yield(.stop)
    try await run.value
    let record = try #require(try await service.core.store.job(job))
    #expect(record.state == .held && record.reason?.hasPrefix(SpendingLimit.prefix) == true)
    let result = try service.core.folder(Lease(task: task, attempt: 1)).readResult()
    #expect(result?.outcome == .yielded)
  }

  @Test("with a full disk those whose turn it is are held, once, and all go on when there is room")
  func room() async throws {
    let service = try TestService()
    try await service.accept(circle, count: 40)
    let dispatcher = Dispatcher(core: service.renewed { $0.disk.keepFree = .gibibytes(1 << 20) })
    for _ in 0..<2 {
      try await dispatcher.assign()
      #expect(try await service.core.store.counts()[.held] == 33)
    }
    try await Dispatcher(core: service.core).releaseForRoom()
    #expect(try await service.core.store.counts()[.queued] == 40)
  }
}
