import JobModel
import JobStore
import Testing

@Suite("Accepting requests")
struct AcceptingTests {
  @Test("a new request becomes a queued job with its clips and tasks")
  func new() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let job = try await test.newJob("cats/cat.json", #"{"prompt": "a cat", "samples": 2, "frames": 29}"#)
    let record = try #require(await test.store.job(job))
    #expect(record.state == .queued)
    #expect(record.clipCount == 2)
    // Text, two stages of two chunks, pixels.
    #expect(record.taskCount == 2 * 6)
    #expect(record.parameters?.clips.map(\.index) == [0, 1])
    #expect(try await test.store.request(of: job) == Array(#"{"prompt": "a cat", "samples": 2, "frames": 29}"#.utf8))
    #expect(try await test.store.tasks(of: job, clip: 1).filter { $0.state == .ready }.map(\.stage) == [.text])
  }

  @Test("the same bytes seen again make no second job, also after a restart and after the job is done")
  func known() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let job = try await test.newJob("cat.json")
    #expect(try await test.accept("cat.json") == .known(job))
    #expect(try await test.store.recognize(TestStore.file("cat.json", #"{"prompt": "a cat"}"#)) == job)
    #expect(try await test.store.recognize(TestStore.file("cat.json", "{}")) == nil)
    try await test.runAll()
    try await test.store.markPublished(job)
    let again = try test.reopened()
    let text = #"{"prompt": "a cat"}"#
    let touched = TestStore.file("cat.json", text, stamp: "2")
    #expect(try await again.accept(touched, TestStore.parameters(text)) == .known(job))
    #expect(try await again.knownRequests(at: ["cat.json"])["cat.json"]?.stamp == "2")
  }

  @Test("changed bytes cancel the job that runs and void its leases")
  func changed() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let old = try await test.newJob("cat.json")
    let task = try #require(await test.store.readyTasks(limit: 1).first).task.id
    let lease = try await test.store.lease(task, worker: "cpu0")
    let text = #"{"prompt": "a dog"}"#
    let answer = try await test.accept("cat.json", text)
    #expect(answer == .new(JobID(old.rawValue + 1), revoked: [lease]))
    #expect(try await test.store.job(old)?.state == .cancelled)
    await #expect(throws: StoreError.self) { try await test.store.finish(lease, result: "{}", seconds: 1) }
  }

  @Test("bytes changed after the job is done make a new job and leave the old one done")
  func changedAfterDone() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let old = try await test.newJob("cat.json")
    try await test.runAll()
    try await test.store.markPublished(old)
    let new = try await test.newJob("cat.json", #"{"prompt": "a dog"}"#)
    #expect(try await test.store.job(old)?.state == .done)
    #expect(try await test.store.job(new)?.state == .queued)
  }

  @Test("a removed request cancels its job, and the same bytes put there again are a new job")
  func removed() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let job = try await test.newJob("cat.json")
    #expect(try await test.store.forget("cat.json").isEmpty)
    #expect(try await test.store.job(job)?.state == .cancelled)
    #expect(try await test.newJob("cat.json") != job)
  }

  @Test("of two requests with one stem the later is refused, and taken once the first is gone")
  func nameTaken() async throws {
    let test = try TestStore()
    defer { test.remove() }
    try await test.accept("a/cat.json")
    #expect(try await test.accept("a/cat.jsonl") == .nameTaken(by: "a/cat.json"))
    _ = try await test.newJob("b/cat.jsonl")
    _ = try await test.store.forget("a/cat.json")
    _ = try await test.newJob("a/cat.jsonl")
  }

  @Test("a refused request is remembered with its reason, and gives way to a corrected one")
  func rejected() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let file = TestStore.file("cat.json", "{")
    let error = RequestError(.syntax, "ends too early")
    guard case .new(let job, _) = try await test.store.reject(file, error) else { throw CancellationError() }
    #expect(try await test.store.reject(file, error) == .known(job))
    #expect(try await test.store.job(job)?.reason == "ends too early")
    _ = try await test.newJob("cat.json")
    #expect(try await test.store.job(job)?.state == .rejected)
  }

  @Test("known requests are those that are not done, and those asked for")
  func knownRequests() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let done = try await test.newJob("a.json")
    try await test.runAll()
    try await test.store.markPublished(done)
    let open = try await test.newJob("b/c.json")
    #expect(try await test.store.knownRequests(at: ["x.json"]).mapValues(\.job) == ["b/c.json": open])
    let known = try await test.store.knownRequests(at: ["a.json", "b/c.json"])
    #expect(known.mapValues(\.job) == ["a.json": done, "b/c.json": open])
  }

  @Test("the copy of a named file is needed until its job is over, a failed one until its request is another")
  func copies() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let text = #"{"prompt": "a cat"}"#
    var parameters = try TestStore.parameters(text)
    parameters.input = InputFile(path: "a.png", sha256: "", byteCount: 1, copy: "inputs/1")
    _ = try await test.store.accept(TestStore.file("cat.json", text), parameters)
    let task = try #require(try await test.store.readyTasks(limit: 1).first).task.id
    let lease = try await test.store.lease(task, worker: "cpu0")
    _ = try await test.store.fail(lease, message: "x", killedWorker: false, retryAt: nil)
    #expect(try await test.store.inputCopies() == ["inputs/1"])
    _ = try await test.newJob("cat.json", #"{"prompt": "a dog"}"#)
    #expect(try await test.store.inputCopies().isEmpty)
  }

  @Test("many requests are taken in one go, each with its own answer")
  func group() async throws {
    let test = try TestStore()
    defer { test.remove() }
    let text = #"{"prompt": "a cat"}"#
    let known = try await test.newJob("a.json")
    let files = ["a.json", "b.json", "b.jsonl"].map { TestStore.file($0, text) }
    let parameters = try TestStore.parameters(text)
    let answers = try await test.store.accept(files.map { ($0, parameters) })
    #expect(answers == [.known(known), .new(JobID(known.rawValue + 1), revoked: []), .nameTaken(by: "b.json")])
    #expect(try await test.store.recognize(files) == [known, JobID(known.rawValue + 1), nil])
  }
}
