import Foundation
import JobModel
import JobStore
import Testing

@Suite("Leases, retries and the way to done")
struct LeasingTests {
  private func firstLease(_ test: TestStore) async throws -> Lease {
    let task = try #require(await test.store.readyTasks(limit: 1).first).task.id
    return try await test.store.lease(task, worker: "cpu0")
  }

  @Test("tasks become ready as those they need are done, and the last one moves the job to publishing")
  func order() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let job = try await test.newJob("cat.json", #"{"prompt": "a cat", "frames": 29}"#)
    var order: [String] = []
    while let next = try await test.store.readyTasks(limit: 1).first {
      order.append("\(next.task.stage.rawValue)\(next.task.chunk)")
      let lease = try await test.store.lease(next.task.id, worker: "cpu0")
      #expect(try await test.store.job(job)?.state == .running)
      let finished = try await test.store.finish(lease, result: "{}", seconds: 1)
      #expect(finished.isLast == (order.count == 6))
    }
    #expect(try await test.store.tasks(of: job).allSatisfy { $0.worker == "cpu0" && $0.lease == nil })
    #expect(order == ["text0", "base0", "base1", "sr10", "sr11", "decode0"])
    #expect(try await test.store.job(job)?.state == .publishing)
    try await test.store.markPublished(job)
    #expect(try await test.store.counts()[.done] == 1)
    #expect(try await test.store.events(of: job).map(\.kind) == ["accepted", "running", "publishing", "done"])
  }

  @Test("ready tasks come by priority, then by arrival")
  func priority() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let low = try await test.newJob("low.json", #"{"prompt": "x", "priority": 10}"#)
    let first = try await test.newJob("a.json")
    let second = try await test.newJob("b.json")
    let urgent = try await test.newJob("urgent.json", #"{"prompt": "x", "priority": 90}"#)
    #expect(try await test.store.readyTasks(limit: 10).map(\.task.job) == [urgent, first, second, low])
    try await test.store.setPriority(low, 100)
    #expect(try await test.store.readyTasks(limit: 1).map(\.task.job) == [low])
  }

  @Test("a lease that was lost changes nothing any more")
  func fence() async throws {
    let test = try TestStore()
    defer { test.remove() }
    try await test.accept("cat.json")
    let zombie = try await firstLease(test)
    try await test.store.yield(zombie)
    let second = try await firstLease(test)
    #expect(second == Lease(task: zombie.task, attempt: 2))
    for attempt in [zombie, Lease(task: zombie.task, attempt: 3)] {
      await #expect(throws: StoreError.self) { try await test.store.yield(attempt) }
      await #expect(throws: StoreError.self) { _ = try await test.store.finish(attempt, result: "{}", seconds: 1) }
      await #expect(throws: StoreError.self) {
        _ = try await test.store.fail(attempt, message: "x", killedWorker: false, retryAt: nil)
      }
      await #expect(throws: StoreError.self) {
        _ = try await test.store.recordCheckpoint(
          attempt, step: 1, path: "p", sha256: String(repeating: "0", count: 64), byteCount: 1)
      }
    }
    _ = try await test.store.finish(second, result: "{}", seconds: 1)
  }

  @Test("a task is leased once")
  func leasedOnce() async throws {
    let test = try TestStore()
    defer { test.remove() }
    try await test.accept("cat.json")
    let lease = try await firstLease(test)
    await #expect(throws: StoreError.self) { _ = try await test.store.lease(lease.task, worker: "cpu1") }
    #expect(try await test.store.readyTasks(limit: 10).isEmpty)
  }

  @Test("after a kill every lease is found, and its task goes on with the next attempt from its checkpoints")
  func recovery() async throws {
    let test = try TestStore()
    defer { test.remove() }
    try await test.accept("cat.json")
    let lease = try await firstLease(test)
    let digest = String(repeating: "a", count: 64)
    for step in 1...3 {
      let old = try await test.store.recordCheckpoint(
        lease, step: step, path: "c\(step)", sha256: digest, byteCount: 10)
      #expect(old.map(\.path) == (step == 3 ? ["c1"] : []))
    }
    let again = try test.reopened()
    #expect(again.wasUnclean)
    let leased = try await again.leasedTasks()
    #expect(leased.map(\.lease) == [lease])
    #expect(leased[0].worker == "cpu0")
    try await again.yield(lease)
    #expect(try await again.readyTasks(limit: 1).first?.task.attempts == 1)
    let checkpoints = try await again.checkpoints(of: lease.task)
    #expect(checkpoints.map(\.step) == [3, 2])
    try await again.dropCheckpoint(checkpoints[0])
    #expect(try await again.checkpoints(of: lease.task).map(\.path) == ["c2"])
    try await again.close()
    #expect(try !test.reopened().wasUnclean)
  }

  @Test("a failed attempt is tried again when its time has come")
  func retry() async throws {
    let test = try TestStore()
    defer { test.remove() }
    try await test.accept("cat.json")
    let lease = try await firstLease(test)
    let when = test.clock.date.addingTimeInterval(30)
    let failed = try await test.store.fail(lease, message: "out of memory", killedWorker: true, retryAt: when)
    #expect(!failed.hasFailedJob)
    #expect(try await test.store.readyTasks(limit: 1).isEmpty)
    #expect(try await test.store.nextRetry() == when)
    test.clock.advance(30)
    let ready = try #require(await test.store.readyTasks(limit: 1).first)
    #expect(ready.task.failures == 1)
    #expect(ready.task.kills == 1)
    #expect(ready.task.message == "out of memory")
  }

  @Test("a task given up fails its job with the message and voids the job's other leases; retry revives it")
  func giveUp() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let job = try await test.newJob("cat.json", #"{"prompt": "x", "samples": 2}"#)
    let first = try await firstLease(test)
    let second = try await firstLease(test)
    let failed = try await test.store.fail(first, message: "no such weights", killedWorker: false, retryAt: nil)
    #expect(failed.hasFailedJob)
    #expect(failed.revoked == [second])
    #expect(try await test.store.job(job)?.reason == "task 1, attempt 1: no such weights")
    #expect(try await test.store.readyTasks(limit: 1).isEmpty)
    try await test.store.retry(job)
    #expect(try await test.store.readyTasks(limit: 9).map(\.task.failures) == [0, 0])
    try await test.runAll()
    #expect(try await test.store.job(job)?.state == .publishing)
  }

  @Test("a failed job whose request was changed or removed since is not revived: another job's outputs have its names")
  func replaced() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let changes: [(path: String, next: String?)] = [("a.json", #"{"prompt": "a dog"}"#), ("b.json", nil)]
    for (path, next) in changes {
      let job = try await test.newJob(path)
      let lease = try await firstLease(test)
      _ = try await test.store.fail(lease, message: "x", killedWorker: false, retryAt: nil)
      #expect(try await test.store.job(job)?.isOver == false)
      if let next {
        _ = try await test.newJob(path, next)
        try await test.runAll()
      } else {
        _ = try await test.store.forget(path)
      }
      let error = await #expect(throws: StoreError.self) { try await test.store.retry(job) }
      #expect(error?.code == .conflict)
      let record = try #require(try await test.store.job(job))
      #expect(record.state == .failed && record.isOver)
    }
  }

  @Test("a job that was held and released while its last task went on is published after it")
  func releasedAtTheEnd() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let job = try await test.newJob("cat.json")
    while let next = try await test.store.readyTasks(limit: 1).first {
      let lease = try await test.store.lease(next.task.id, worker: "cpu0")
      if next.task.stage == .decode {
        _ = try await test.store.hold(job, reason: "by the user")
        try await test.store.release(job)
      }
      _ = try await test.store.finish(lease, result: "{}", seconds: 1)
    }
    #expect(try await test.store.job(job)?.state == .publishing)
  }

  @Test("a held job leases nothing more, keeps what its workers finish, and goes on when released")
  func hold() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let job = try await test.newJob("cat.json", #"{"prompt": "x", "samples": 2}"#)
    let lease = try await firstLease(test)
    #expect(try await test.store.hold(job, reason: "by the user") == [lease])
    #expect(try await test.store.readyTasks(limit: 1).isEmpty)
    let other = try await test.store.tasks(of: job, clip: 1)[0].id
    await #expect(throws: StoreError.self) { _ = try await test.store.lease(other, worker: "cpu0") }
    _ = try await test.store.finish(lease, result: "{}", seconds: 1)
    try await test.store.release(job)
    #expect(try await test.store.job(job)?.state == .queued)
    try await test.runAll()
    #expect(try await test.store.job(job)?.state == .publishing)
    _ = try await test.store.hold(job, reason: "disk full")
    try await test.store.release(job)
    #expect(try await test.store.job(job)?.state == .publishing)
  }

  @Test("cancelling ends a job once, and not a finished one")
  func cancel() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let job = try await test.newJob("cat.json")
    let lease = try await firstLease(test)
    #expect(try await test.store.cancel(job, reason: "by the user") == [lease])
    let error = await #expect(throws: StoreError.self) { _ = try await test.store.cancel(job, reason: "again") }
    #expect(error?.code == .conflict)
    #expect(error?.message == "job 1 is cancelled, can become cancelled only from held, queued, running")
    let missing = await #expect(throws: StoreError.self) { _ = try await test.store.cancel(JobID(9), reason: "") }
    #expect(missing?.code == .notFound)
  }

  @Test("a lost result makes its task run again before what needs it")
  func redo() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let job = try await test.newJob("cat.json")
    let text = try await firstLease(test)
    _ = try await test.store.finish(text, result: "{}", seconds: 1)
    try await test.store.redo(text.task, message: "digest differs")
    #expect(try await test.store.readyTasks(limit: 9).map(\.task.id) == [text.task])
    #expect(try await test.store.job(job)?.tasksDone == 0)
    try await test.runAll()
    #expect(try await test.store.job(job)?.state == .publishing)
  }

  @Test("an output that is lost before it is published sends the job back to the queue")
  func redoWhilePublishing() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let job = try await test.newJob("cat.json")
    try await test.runAll()
    let pixels = try #require(await test.store.tasks(of: job).last)
    try await test.store.redo(pixels.id, message: "clip.mp4 is lost")
    #expect(try await test.store.job(job)?.state == .queued)
    #expect(try await test.store.readyTasks(limit: 9).map(\.task.id) == [pixels.id])
    try await test.runAll()
    #expect(try await test.store.job(job)?.state == .publishing)
    try await test.store.markPublished(job)
    await #expect(throws: StoreError.self) { try await test.store.redo(pixels.id, message: "too late") }
  }
}
