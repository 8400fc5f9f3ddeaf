import Foundation
import JobModel
import JobStore
import Testing

@Suite("Listing and counting")
struct ListingTests {
  @Test("jobs are listed from the newest, page by page and by state")
  func pages() async throws {
    let test = try TestStore()
    defer { test.remove() }
    for number in 1...5 { try await test.accept("\(number).json") }
    _ = try await test.store.cancel(JobID(4), reason: "by the user")
    let first = try await test.store.jobs(limit: 2)
    #expect(first.map(\.id.rawValue) == [5, 4])
    #expect(try await test.store.jobs(before: first.last?.id, limit: 2).map(\.id.rawValue) == [3, 2])
    #expect(try await test.store.jobs(JobFilter(states: [.cancelled]), limit: 9).map(\.id.rawValue) == [4])
  }

  @Test("counts follow every change of state")
  func counts() async throws {
    let test = try TestStore()
    defer { test.remove() }
    for number in 1...3 { try await test.accept("\(number).json") }
    _ = try await test.store.cancel(JobID(1), reason: "by the user")
    _ = try await test.store.hold(JobID(2), reason: "by the user")
    let counts = try await test.store.counts()
    #expect(counts[.queued] == 1)
    #expect(counts[.cancelled] == 1)
    #expect(counts[.held] == 1)
    #expect(counts[.done] == 0)
  }

  @Test("events of all jobs can be followed from a place")
  func events() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let job = try await test.newJob("cat.json")
    let last = try #require(await test.store.events(after: 0, limit: 9).last)
    try await test.store.note(job, "preview", "p.png")
    #expect(try await test.store.events(after: last.id, limit: 9).map(\.detail) == ["p.png"])
  }

  @Test("throughput is the median of the last seven measurements of its kind")
  func throughput() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let key = ThroughputKey(model: "demo", stage: .base, kind: "first", device: "cpu0")
    #expect(try await test.store.throughput().isEmpty)
    for seconds in [90, 80, 3, 1, 2, 90, 3, 2, 2.5] {
      try await test.store.recordThroughput(key, secondsPerUnit: seconds)
    }
    #expect(try await test.store.throughput() == [key: 2.5])
  }

  @Test("an account's jobs are ready by due time; a deadline and a new priority change it")
  func dueOrder() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let normal = try await test.newJob("a.json", #"{"prompt": "a"}"#)
    // In an hour, of the test's clock.
    let date = test.clock.date.addingTimeInterval(3600).formatted(.iso8601)
    let bound = try await test.newJob("b.json", #"{"prompt": "b", "deadline": "\#(date)"}"#)
    let late = try await test.newJob("c.json", #"{"prompt": "c", "priority": 10}"#)
    func order() async throws -> [JobID] { try await test.store.readyTasks(limit: 9).map(\.task.job) }
    #expect(try await order() == [bound, normal, late])
    try await test.store.setPriority(late, 100)
    #expect(try await order() == [late, bound, normal])
    try await test.store.setPriority(bound, 0)
    #expect(try await order() == [late, bound, normal])
    #expect(try await test.store.openJobs(limit: 2).map(\.id) == [late, bound])
  }

  @Test("each account's first tasks are among the ready ones, however many another account has")
  func readyByAccount() async throws {
    let test = try TestStore()
    defer { test.remove() }
    for number in 1...5 { try await test.accept("\(number).json", #"{"prompt": "x", "account": "many"}"#) }
    try await test.accept("6.json", #"{"prompt": "x", "account": "one"}"#)
    #expect(try await test.store.readyTasks(limit: 2).map(\.task.job.rawValue) == [1, 2, 6])
  }

  @Test("the error of forecasts is told in parts of the running time")
  func forecastError() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let job = try await test.newJob("a.json")
    let task = try #require(try await test.store.readyTasks(limit: 1).first).task.id
    let lease = try await test.store.lease(task, worker: "cpu0")
    try await test.store.recordForecast(job, finish: test.clock.date.addingTimeInterval(80))
    try await test.store.recordForecast(job, finish: test.clock.date.addingTimeInterval(8))
    _ = try await test.store.finish(lease, result: "{}", seconds: 1)
    test.clock.advance(100)
    try await test.runAll()
    try await test.store.markPublished(job)
    #expect(try await test.store.forecastErrors() == [0.2])
  }

  @Test("a damaged database is refused with what to do")
  func damage() async throws {
    let test = try TestStore()
    defer { test.remove() }
    for number in 1...200 { try await test.accept("\(number).json") }
    #expect(try await test.store.integrityProblems().isEmpty)
    try await test.store.close()
    let handle = try #require(FileHandle(forUpdatingAtPath: test.path))
    let size = try handle.seekToEnd()
    for offset in stride(from: UInt64(4096), to: size, by: 4096) {
      try handle.seek(toOffset: offset)
      try handle.write(contentsOf: Data(repeating: 0xAA, count: 512))
    }
    try handle.close()
    let error = #expect(throws: StoreError.self) { try test.reopened() }
    #expect(error?.code == .damaged)
    #expect(error?.message.hasSuffix("run waltctl doctor") == true)
  }
}
