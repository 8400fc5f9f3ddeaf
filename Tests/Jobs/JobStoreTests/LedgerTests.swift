import Foundation
import JobModel
import JobStore
import Testing

@Suite("The ledger")
struct LedgerTests {
  private let charge = TaskCharge(measure: "cpu_seconds", estimate: 10, rate: 2)

  private func used(_ test: TestStore, _ measure: String, since date: Date? = nil) async throws -> Double {
    try await test.store.usage(since: date).first { $0.measure == measure }?.amount ?? 0
  }

  private func lease(_ test: TestStore) async throws -> Lease {
    let task = try #require(try await test.store.readyTasks(limit: 1).first).task.id
    return try await test.store.lease(task, worker: "cpu0", charge: charge)
  }

  @Test("a lease reserves its estimate and settles what was spent, however it ends")
  func leases() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let job = try await test.newJob("a.json")
    let yielded = try await lease(test)
    #expect(try await used(test, "cpu_seconds") == 10)
    #expect(try await test.store.reservations().first { $0.measure == "cpu_seconds" }?.amount == 10)
    try await test.store.yield(yielded, use: .spent(3))
    #expect(try await used(test, "cpu_seconds") == 3)
    let failed = try await lease(test)
    test.clock.advance(4)
    _ = try await test.store.fail(failed, message: "x", killedWorker: true, retryAt: test.clock.date)
    #expect(try await used(test, "cpu_seconds") == 3 + 8)
    // Its worker was never heard of after it began.
    let lost = try await lease(test)
    test.clock.advance(500)
    try await test.store.yield(lost, use: .untilHeard)
    #expect(try await used(test, "cpu_seconds") == 11)
    let done = try await lease(test)
    _ = try await test.store.finish(done, result: "{}", seconds: 1, use: .spent(1.5))
    #expect(try await used(test, "cpu_seconds") == 12.5)
    _ = try await lease(test)
    test.clock.advance(1)
    _ = try await test.store.cancel(job, reason: "by the user")
    #expect(try await used(test, "cpu_seconds") == 14.5)
    #expect(try await test.store.reservations().isEmpty)
    #expect(try await test.store.ledgerSum(account: "default", measure: "cpu_seconds") == 14.5)
  }

  @Test("an attempt that ended while nobody was there costs what its worker says, however it ended")
  func lasted() async throws {
    let test = try TestStore()
    defer { test.remove() }
    try await test.accept("a.json")
    let yielded = try await lease(test)
    test.clock.advance(30_000)
    try await test.store.yield(yielded, use: .lasted(3))
    #expect(try await used(test, "cpu_seconds") == 6)
    let failed = try await lease(test)
    test.clock.advance(30_000)
    _ = try await test.store.fail(
      failed, message: "x", killedWorker: false, retryAt: test.clock.date, use: .lasted(4))
    #expect(try await used(test, "cpu_seconds") == 14)
    let done = try await lease(test)
    test.clock.advance(30_000)
    _ = try await test.store.finish(done, result: "{}", seconds: 5, use: .lasted(5))
    #expect(try await used(test, "cpu_seconds") == 24)
  }

  @Test("clips are reserved when a job begins, kept when it is done, given back when it is not")
  func clips() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let first = try await test.newJob("a.json", #"{"prompt": "a", "samples": 3}"#)
    _ = try await lease(test)
    #expect(try await used(test, "clips") == 3)
    _ = try await test.store.cancel(first, reason: "by the user")
    #expect(try await used(test, "clips") == 0)
    let second = try await test.newJob("b.json", #"{"prompt": "b", "samples": 2}"#)
    try await test.runAll()
    try await test.store.markPublished(second, byteCount: 1234)
    #expect(try await used(test, "clips") == 2)
    #expect(try await used(test, "bytes") == 1234)
    #expect(try await test.store.reservations().isEmpty)
  }

  @Test("a reservation of one day that is settled on the next leaves nothing behind on the first")
  func days() async throws {
    let test = try TestStore()
    defer { test.remove() }
    try await test.accept("a.json")
    let lease = try await lease(test)
    test.clock.advance(86_400)
    _ = try await test.store.finish(lease, result: "{}", seconds: 1, use: .spent(4))
    #expect(try await used(test, "cpu_seconds", since: test.clock.date) == 4)
    #expect(try await used(test, "cpu_seconds") == 4)
  }
}
