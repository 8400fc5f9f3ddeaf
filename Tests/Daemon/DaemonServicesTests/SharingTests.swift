import DaemonTesting
import Foundation
import JobModel
import JobStore
import Scheduling
import Testing

@testable import DaemonServices

@Suite("Sharing the devices", .serialized, .timeLimit(.minutes(2)))
struct SharingTests {
  @Test("an urgent job starts at the next step, and what gave way goes on from there to the same bytes")
  func preemption() async throws {
    // Waits for as long as nobody asks it to give way.
    let patient = #"{"waits":[{"task":"base","step":2,"attempts":1,"seed":7}]}"#
    let normal = #"{"prompt": "a", "seed": 7}"#
    let alone = try TestService()
    let undisturbed = try await alone.accept(normal)
    try await alone.dispatch(until: undisturbed)
    let service = try TestService(script: patient)
    let first = try await service.accept(normal)
    let dispatcher = Dispatcher(core: service.core)
    let run = Task { try await dispatcher.run() }
    while await dispatcher.devices.flatMap(\.tasks).first?.step ?? 0 < 2 { try await Task.sleep(for: .milliseconds(5)) }
    let urgent = try await service.accept(#"{"prompt": "b", "priority": 90}"#, name: "b.json")
    dispatcher.wake()
    while try await service.core.store.job(urgent)?.state == .queued { try await Task.sleep(for: .milliseconds(2)) }
    while try await service.core.store.job(first)?.state != .publishing { try await Task.sleep(for: .milliseconds(10)) }
    dispatcher.post.yield(.stop)
    try await run.value
    let base = try #require(try await service.core.store.tasks(of: first).first { $0.stage == .base })
    #expect(base.attempts == 2 && base.failures == 0 && base.attemptResult?.resumedFromStep == 2)
    #expect(try await service.outputs(of: first) == alone.outputs(of: undisturbed))
  }

  @Test("with many jobs of one account waiting, one job of another starts after at most one of them")
  func fairness() async throws {
    let service = try TestService()
    for number in 0..<30 {
      _ = try await service.accept(#"{"prompt": "x", "account": "many"}"#, name: "\(number).json")
    }
    let one = try await service.accept(#"{"prompt": "y", "account": "one"}"#, name: "one.json")
    try await service.dispatch(until: one)
    let events = try await service.core.store.events(after: 0, limit: 10_000)
    let begun = events.filter { $0.kind == "running" }.map(\.job)
    #expect(begun.prefix(2).contains(one), "\(begun)")
    // It has half of the device from then on: as long as its four tasks, some four of others run.
    let done = events.filter { $0.kind == "publishing" }.map(\.job)
    #expect(done.firstIndex(of: one) ?? .max <= 4, "\(done)")
  }

  @Test("like tasks of several jobs go to a worker together, as many as the device has seats")
  func batching() async throws {
    let service = try TestService { $0.devices[0].seatCount = 3 }
    for number in 0..<4 { _ = try await service.accept(#"{"prompt": "\#(number)"}"#, name: "\(number).json") }
    let most = MostTasks()
    let dispatcher = Dispatcher(core: service.core)
    let run = Task { try await dispatcher.run() }
    while try await service.core.store.counts()[.publishing] != 4 {
      most.note(await dispatcher.devices[0].tasks.count)
      try await Task.sleep(for: .milliseconds(1))
    }
    dispatcher.post.yield(.stop)
    try await run.value
    #expect(most.count == 3)
  }

  @Test("several devices work at the same time, and each kind is counted by its own measure")
  func devices() async throws {
    let service = try TestService(script: #"{"step_milliseconds": 20}"#) {
      var gpu = $0.devices[0]
      gpu.name = "gpu0"
      gpu.kind = .gpu
      $0.devices.append(gpu)
    }
    for number in 0..<4 { _ = try await service.accept(#"{"prompt": "\#(number)"}"#, name: "\(number).json") }
    try await service.dispatch { [core = service.core] in try await core.store.counts()[.publishing] == 4 }
    let used = try await service.core.store.usage(since: nil)
    for measure in ["cpu_seconds", "gpu_seconds"] {
      #expect(used.first { $0.measure == measure }?.amount ?? 0 > 0.2, "\(measure)")
    }
    #expect(try await service.core.store.reservations().map(\.measure) == ["clips"])
  }

  @Test("a job that kills its worker is set aside with the reason, and its batch mates are done")
  func poison() async throws {
    let service = try TestService(
      script: #"{"accidents":[{"task":"base","step":1,"attempts":99,"seed":666}]}"#
    ) { $0.devices[0].seatCount = 4 }
    let poison = try await service.accept(#"{"prompt": "a", "seed": 666}"#, name: "a.json")
    for name in ["b", "c"] { _ = try await service.accept(#"{"prompt": "\#(name)"}"#, name: "\(name).json") }
    try await service.dispatch { [core = service.core] in
      let counts = try await core.store.counts()
      return counts[.publishing] == 2 && counts[.failed] == 1
    }
    let record = try #require(try await service.core.store.job(poison))
    #expect(record.state == .failed && record.reason?.contains("at base") == true)
  }

  @Test("a worker that says nothing is killed and its task tried again from its checkpoint")
  func hung() async throws {
    let service = try TestService(script: #"{"waits":[{"task":"base","step":2,"attempts":1}]}"#) {
      $0.stall = .milliseconds(300)
    }
    let job = try await service.accept(#"{"prompt": "a"}"#)
    try await service.dispatch(until: job)
    #expect(try await service.core.store.job(job)?.state == .publishing)
    let base = try #require(try await service.core.store.tasks(of: job).first { $0.stage == .base })
    #expect(base.attempts == 2 && base.kills == 1 && base.attemptResult?.resumedFromStep == 2)
    let events = try await service.core.store.events(of: job)
    #expect(events.contains { $0.kind == "attempt failed" && $0.detail.contains("said nothing") })
  }

  @Test("the end of a job is foretold within a tenth of its length after three like it")
  func forecast() async throws {
    let service = try TestService(script: #"{"step_milliseconds": 160}"#)
    var jobs: [JobID] = []
    for number in 0..<7 { jobs.append(try await service.accept(#"{"prompt": "x"}"#, name: "\(number).json")) }
    let all = jobs
    // Publishing is instant here.
    try await service.dispatch { [core = service.core] in
      for job in try await core.store.jobs(JobFilter(states: [.publishing]), limit: 9) {
        try await core.store.markPublished(job.id)
      }
      return try await core.store.job(all[6])?.state == .done
    }
    let errors = try await service.core.store.forecastErrors(limit: 4)
    #expect(errors.count == 4)
    #expect(median(errors) ?? 1 <= 0.1, "\(errors)")
  }
}

/// The largest number that was seen.
private final class MostTasks: @unchecked Sendable {
  private(set) var count = 0
  func note(_ count: Int) { self.count = max(self.count, count) }
}
