import Foundation
import JobModel
import JobStore
import Testing

@Suite("Listing and counting")
struct ListingTests {
  @Test("jobs are listed from the newest, page by page, by state and account")
  func pages() async throws {
    let test = try TestStore()
    defer { test.remove() }
    for number in 1...5 {
      try await test.accept("\(number).json", #"{"prompt": "x", "account": "\#(number % 2 == 0 ? "even" : "odd")"}"#)
    }
    _ = try await test.store.cancel(JobID(4), reason: "by the user")
    let first = try await test.store.jobs(limit: 2)
    #expect(first.map(\.id.rawValue) == [5, 4])
    #expect(try await test.store.jobs(before: first.last?.id, limit: 2).map(\.id.rawValue) == [3, 2])
    #expect(try await test.store.jobs(JobFilter(states: [.cancelled]), limit: 9).map(\.id.rawValue) == [4])
    #expect(try await test.store.jobs(JobFilter(account: "odd"), limit: 9).map(\.id.rawValue) == [5, 3, 1])
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

  @Test("throughput is a moving average of what was measured")
  func throughput() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let store = test.store
    #expect(try await store.secondsPerUnit(model: "demo", stage: .base, device: "cpu0") == nil)
    try await store.recordThroughput(model: "demo", stage: .base, device: "cpu0", secondsPerUnit: 1)
    try await store.recordThroughput(model: "demo", stage: .base, device: "cpu0", secondsPerUnit: 2)
    let average = try #require(await store.secondsPerUnit(model: "demo", stage: .base, device: "cpu0"))
    #expect(abs(average - 1.2) < 1e-12)
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
