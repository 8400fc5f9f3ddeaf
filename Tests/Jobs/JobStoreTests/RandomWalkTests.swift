import Foundation
import JobModel
import JobStore
import Testing

@Suite("Any order of events")
struct RandomWalkTests {
  @Test("whatever happens in whatever order, every job ends once and the counts are right", arguments: [1, 2, 3, 4])
  func walk(seed: UInt64) async throws {
    let test = try TestStore()
    defer { test.remove() }
    var walk = Walk(store: test.store, random: SplitMix(state: seed))
    for step in 0..<250 {
      if step % 25 == 0 { try await test.accept("\(step).json", #"{"prompt": "x", "samples": 2, "frames": 18}"#) }
      do {
        try await walk.step(at: test.clock.date)
      } catch let error as StoreError where error.code != .damaged {
        // What the state did not allow must have changed nothing; the counts below would show it.
      }
      test.clock.advance(1)
    }
    try await walk.expectCounts()
    try await finishAll(test)
    try await walk.expectCounts()
    let jobs = try await test.store.jobs(limit: 1000)
    #expect(jobs.allSatisfy { $0.state == .done || $0.state == .cancelled })
    #expect(jobs.contains { $0.state == .done })
    #expect(jobs.filter { $0.state == .done }.allSatisfy { $0.tasksDone == $0.taskCount })
    #expect(try await test.store.leasedTasks().isEmpty)
  }

  /// Revives what can be, runs everything and publishes it.
  private func finishAll(_ test: TestStore) async throws {
    let store = test.store
    for task in try await store.leasedTasks() { try await store.yield(#require(task.lease)) }
    for job in try await store.jobs(JobFilter(states: [.held]), limit: 1000) { try await store.release(job.id) }
    for job in try await store.jobs(JobFilter(states: [.failed]), limit: 1000) { try await store.retry(job.id) }
    test.clock.advance(1000)
    try await test.runAll()
    for job in try await store.jobs(JobFilter(states: [.publishing]), limit: 1000) {
      try await store.markPublished(job.id)
    }
  }
}

/// One thing after another, drawn by a seed, done to a store.
private struct Walk {
  let store: JobStore
  var random: SplitMix
  private var leases: [Lease] = []

  init(store: JobStore, random: SplitMix) {
    self.store = store
    self.random = random
  }

  mutating func step(at now: Date) async throws {
    let job = JobID(Int64.random(in: 1...10, using: &random))
    switch Int.random(in: 0..<16, using: &random) {
    case 0..<6:
      if let task = try await store.readyTasks(limit: 9).randomElement(using: &random) {
        leases.append(try await store.lease(task.task.id, worker: "cpu0"))
      }
    // Also leases that were lost: they must do nothing.
    case 6..<10: if let lease = draw() { _ = try await store.finish(lease, result: "{}", seconds: 1) }
    case 10: if let lease = draw() { try await store.yield(lease) }
    case 11:
      if let lease = draw() {
        let retryAt = Bool.random(using: &random) ? now.addingTimeInterval(5) : nil
        _ = try await store.fail(lease, message: "x", killedWorker: false, retryAt: retryAt)
      }
    case 12: _ = try await store.hold(job, reason: "by the user")
    case 13: try await store.release(job)
    case 14: try await store.retry(job)
    default:
      if Int.random(in: 0..<4, using: &random) == 0 {
        _ = try await store.cancel(job, reason: "by the user")
      } else if let done = try await store.tasks(of: job).first(where: { $0.state == .done }) {
        try await store.redo(done.id, message: "lost")
      }
    }
  }

  private mutating func draw() -> Lease? {
    leases.isEmpty ? nil : leases.remove(at: Int.random(in: leases.indices, using: &random))
  }

  func expectCounts() async throws {
    let jobs = try await store.jobs(limit: 1000)
    let counts = try await store.counts()
    for state in JobState.allCases { #expect(counts[state] == jobs.count { $0.state == state }, "\(state)") }
    for job in jobs {
      let done = try await store.tasks(of: job.id).count { $0.state == .done }
      #expect(job.tasksDone == done)
    }
  }
}

/// SplitMix64: the same draws in every run.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
