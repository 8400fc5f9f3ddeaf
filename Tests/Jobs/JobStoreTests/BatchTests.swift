import Foundation
import JobModel
import JobStore
import Testing

@Suite("Batches in the store")
struct BatchTests {
  private static let file = TestStore.file("cats.jsonl", "lines")

  private func entry(_ line: Int) throws -> BatchEntry {
    let text = #"{"prompt": "cat \#(line)"}"#
    let path = BatchLine.requestPath(stem: "cats", line: line)
    return BatchEntry(line: line, file: TestStore.file(path, text), parameters: try TestStore.parameters(text))
  }

  /// A batch of these lines.
  private func batch(_ test: TestStore, lines: [Int], refused: Int = 0) async throws -> JobID {
    guard case .open(let batch, 0, _) = try await test.store.openBatch(Self.file, account: "default") else {
      throw CancellationError()
    }
    try await test.store.addLines(lines.map(entry), to: batch, upTo: lines.last ?? 1)
    try await test.store.closeBatch(batch, refused: refused, reason: "no good")
    return batch
  }

  private func publishAll(_ test: TestStore) async throws {
    for job in try await test.store.jobs(JobFilter(states: [.publishing], isLine: true), limit: 100) {
      try await test.store.markPublished(job.id)
    }
  }

  @Test("a batch runs with its first line, is published after its last, and is done where every line is")
  func life() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let batch = try await batch(test, lines: [1, 3])
    #expect(try await test.store.job(batch)?.state == .queued)
    try await test.runAll()
    #expect(try await test.store.job(batch)?.state == .running)
    try await publishAll(test)
    let record = try #require(try await test.store.job(batch))
    #expect(record.state == .publishing && record.tasksDone == 2 && record.taskCount == 2)
    try await test.store.finishBatch(batch)
    #expect(try await test.store.job(batch)?.state == .done)
    #expect(try await test.store.isAllDone())
    #expect(try await test.store.lines(of: batch).map(\.line) == [1, 3])
  }

  @Test("a batch that was interrupted goes on after the last line that was entered; its file is read again till then")
  func interrupted() async throws {
    let test = try TestStore()
    defer { test.remove() }
    guard case .open(let batch, 0, _) = try await test.store.openBatch(Self.file, account: "default") else {
      throw CancellationError()
    }
    try await test.store.addLines([entry(1), entry(2)], to: batch, upTo: 4)
    await #expect(throws: StoreError.self) { try await test.store.addLines([entry(4)], to: batch, upTo: 4) }
    let again = try test.reopened()
    #expect(try await again.knownRequests(at: [])["cats.jsonl"]?.stamp != Self.file.stamp)
    #expect(try await again.recognize(Self.file) == nil)
    #expect(try await again.openBatch(Self.file, account: "default") == .open(batch, after: 4, revoked: []))
    try await again.closeBatch(batch, refused: 0, reason: "")
    #expect(try await again.openBatch(Self.file, account: "default") == .known(batch))
    #expect(try await again.knownRequests(at: [])["cats.jsonl"]?.stamp == Self.file.stamp)
  }

  @Test("cancelling, holding and releasing a batch does so with its lines; a changed file ends them")
  func together() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let batch = try await batch(test, lines: [1, 2])
    let task = try #require(try await test.store.readyTasks(limit: 1).first).task
    let lease = try await test.store.lease(task.id, worker: "cpu0")
    #expect(try await test.store.hold(batch, reason: "wait") == [lease])
    #expect(try await test.store.counts()[.held] == 3)
    #expect(try await test.store.readyTasks(limit: 9).isEmpty)
    try await test.store.release(batch)
    #expect(try await test.store.counts()[.queued] == 3)
    // A line that was held for itself stays so.
    _ = try await test.store.hold(task.job, reason: "its own")
    _ = try await test.store.hold(batch, reason: "wait")
    try await test.store.release(batch)
    #expect(try await test.store.job(task.job)?.reason == "its own")
    let changed = TestStore.file("cats.jsonl", "other lines")
    guard case .open(_, 0, let revoked) = try await test.store.openBatch(changed, account: "default") else {
      throw CancellationError()
    }
    #expect(revoked == [lease])
    #expect(try await test.store.counts()[.cancelled] == 3)
  }

  @Test("lines that come in while their batch is held wait for the same reason, and go on with it")
  func heldWhileOpen() async throws {
    let test = try TestStore()
    defer { test.remove() }
    guard case .open(let batch, 0, _) = try await test.store.openBatch(Self.file, account: "default") else {
      throw CancellationError()
    }
    _ = try await test.store.hold(batch, reason: "by the user")
    try await test.store.addLines([entry(1), entry(2)], to: batch, upTo: 2)
    try await test.store.closeBatch(batch, refused: 0, reason: "")
    #expect(try await test.store.lines(of: batch).map(\.reason) == ["by the user", "by the user"])
    try await test.store.release(batch)
    #expect(try await test.store.counts()[.queued] == 3)
    try await test.runAll()
    try await publishAll(test)
    #expect(try await test.store.job(batch)?.state == .publishing)
  }

  @Test("a batch that is released before its lines are in is not published before they are done")
  func releasedWhileOpen() async throws {
    let test = try TestStore()
    defer { test.remove() }
    guard case .open(let batch, 0, _) = try await test.store.openBatch(Self.file, account: "default") else {
      throw CancellationError()
    }
    _ = try await test.store.hold(batch, reason: "by the user")
    try await test.store.release(batch)
    #expect(try await test.store.job(batch)?.state == .queued)
  }

  @Test(
    "a batch without a good line is rejected though it is held, and stays cancelled where it is",
    arguments: [JobState.held, .cancelled])
  func emptyBatch(state: JobState) async throws {
    let test = try TestStore()
    defer { test.remove() }
    guard case .open(let batch, 0, _) = try await test.store.openBatch(Self.file, account: "default") else {
      throw CancellationError()
    }
    if state == .held {
      _ = try await test.store.hold(batch, reason: "by the user")
    } else {
      _ = try await test.store.cancel(batch, reason: "by the user")
    }
    try await test.store.closeBatch(batch, refused: 3, reason: "3 of 3 lines are refused")
    #expect(try await test.store.job(batch)?.state == (state == .held ? .rejected : .cancelled))
    #expect(try await test.store.openBatch(Self.file, account: "default") == .known(batch))
  }

  @Test("a failed line fails its batch and not the others; retried, it brings the batch to its end again")
  func failedLine() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let batch = try await batch(test, lines: [1, 2])
    let task = try #require(try await test.store.readyTasks(limit: 1).first).task
    let lease = try await test.store.lease(task.id, worker: "cpu0")
    _ = try await test.store.fail(lease, message: "poison", killedWorker: true, retryAt: nil)
    try await test.runAll()
    try await publishAll(test)
    try await test.store.finishBatch(batch)
    #expect(try await test.store.job(batch)?.state == .failed)
    #expect(try await test.store.job(batch)?.reason == "not every line is done: 1 failed")
    try await test.store.retry(task.job)
    #expect(try await test.store.job(batch)?.state == .queued)
    try await test.runAll()
    try await publishAll(test)
    try await test.store.finishBatch(batch)
    #expect(try await test.store.job(batch)?.state == .done)
  }

  @Test("refused lines fail the batch when the good ones are done; with no good line it is rejected")
  func refusedLines() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let batch = try await batch(test, lines: [2], refused: 1)
    try await test.runAll()
    try await publishAll(test)
    try await test.store.finishBatch(batch)
    #expect(try await test.store.job(batch)?.reason == "not every line is done: 1 refused")
    let other = TestStore.file("dogs.jsonl", "bad")
    guard case .open(let bad, 0, _) = try await test.store.openBatch(other, account: "default") else {
      throw CancellationError()
    }
    try await test.store.closeBatch(bad, refused: 3, reason: "3 of 3 lines are refused")
    #expect(try await test.store.job(bad)?.state == .rejected)
  }
}
