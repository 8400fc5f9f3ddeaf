import Foundation
import JobModel
import JobStore
import Testing

@Suite("Holding and releasing many jobs")
struct HoldingTests {
  private let demo = ModelChoice(model: "demo", variant: nil)

  private func firstLease(_ test: TestStore) async throws -> Lease {
    let task = try #require(try await test.store.readyTasks(limit: 1).first).task.id
    return try await test.store.lease(task, worker: "cpu0")
  }

  @Test("holding an account holds its jobs and no other's; releasing by the reason lets them go on")
  func account() async throws {
    let test = try TestStore()
    defer { test.remove() }
    for number in 1...3 { try await test.accept("\(number).json", #"{"prompt": "x", "account": "poor"}"#) }
    try await test.accept("4.json", #"{"prompt": "x", "account": "rich"}"#)
    _ = try await test.store.hold(JobID(3), reason: "by the user")
    let lease = try await firstLease(test)
    #expect(try await test.store.holdAll(of: "poor", reason: "budget: spent") == [lease])
    #expect(try await test.store.readyTasks(limit: 9).map(\.account) == ["rich"])
    #expect(try await test.store.releaseAll(reasonPrefix: "budget: ") == 2)
    #expect(try await test.store.job(JobID(3))?.state == .held)
    #expect(try await test.store.job(JobID(1))?.state == .queued)
  }

  @Test("jobs of a model are held and released in one go, however many; one of its sizes by itself")
  func model() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let text = #"{"prompt": "a cat"}"#
    let parameters = try TestStore.parameters(text)
    _ = try await test.store.accept((0...1000).map { (TestStore.file("\($0).json", text), parameters) })
    let lease = try await firstLease(test)
    #expect(try await test.store.holdAll(of: demo, at: nil, reason: "model: broken") == [lease])
    #expect(try await test.store.counts()[.held] == 1001)
    #expect(try await test.store.heldModels(reasonPrefix: "model: ") == [demo])
    let wide = ModelChoice(model: "demo", variant: "wide")
    #expect(try await test.store.releaseAll(reasonPrefix: "model: ", of: wide) == 0)
    #expect(try await test.store.releaseAll(reasonPrefix: "model: ", of: demo) == 1001)
    #expect(try await test.store.counts()[.queued] == 1001)
  }

  @Test("of a model's jobs only those are held that have a task of the stage to begin")
  func stage() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let first = try await test.newJob("a.json")
    let second = try await test.newJob("b.json")
    _ = try await test.store.finish(firstLease(test), result: "{}", seconds: 1)
    #expect(try await test.store.holdAll(of: demo, at: .base, reason: "device: too small").isEmpty)
    #expect(try await test.store.job(first)?.state == .held)
    #expect(try await test.store.job(second)?.state == .queued)
  }

  @Test("a job that is complete is released to be published, and is told of so; a batch with its lines as well")
  func complete() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let job = try await test.newJob("a.json")
    try await test.runAll()
    _ = try await test.store.hold(job, reason: "disk full")
    let file = TestStore.file("b.jsonl", "lines")
    guard case .open(let batch, 0, _) = try await test.store.openBatch(file, account: "default") else {
      throw CancellationError()
    }
    _ = try await test.store.hold(batch, reason: "disk full")
    #expect(try await test.store.releaseAll(reasonPrefix: "disk full") == 2)
    #expect(try await test.store.job(job)?.state == .publishing)
    #expect(try await test.store.events(of: job).last?.kind == "publishing")
    // Its lines are still to come.
    #expect(try await test.store.job(batch)?.state == .queued)
    #expect(try await test.store.events(of: batch).last?.kind == "queued")
  }

  @Test("held requests are found by their reasons")
  func requests() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let missing = try await test.newJob("a.json")
    let other = try await test.newJob("b.json")
    _ = try await test.store.hold(missing, reason: "spool missing")
    _ = try await test.store.hold(other, reason: "by the user")
    let held = try await test.store.heldRequests(for: ["spool missing", "spool not writable"])
    #expect(held.map(\.id) == [missing] && held[0].path == "a.json")
  }
}
