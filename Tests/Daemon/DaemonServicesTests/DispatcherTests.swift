import DaemonTesting
import DurableFiles
import Foundation
import JobModel
import JobStore
import Scheduling
import Testing
import WorkerLauncher
import WorkerProtocol

@testable import DaemonServices

private let circle = #"{"prompt": "a red circle", "seed": 7}"#

/// What an undisturbed run of `circle` makes.
private let undisturbed = Task {
  let service = try TestService()
  let job = try await service.accept(circle)
  try await service.dispatch(until: job)
  return try await service.outputs(of: job)
}

@Suite("Dispatcher", .serialized, .timeLimit(.minutes(2)))
struct DispatcherTests {
  @Test("a job's tasks run in their order, to publishing")
  func order() async throws {
    let service = try TestService()
    let job = try await service.accept(circle)
    try await service.dispatch(until: job)
    #expect(try await service.core.store.job(job)?.state == .publishing)
    let tasks = try await service.core.store.tasks(of: job)
    #expect(tasks.map(\.stage) == [.text, .base, .sr1, .decode])
    #expect(tasks.allSatisfy { $0.attempts == 1 && $0.state == .done })
    #expect(
      try await Set(service.outputs(of: job).keys)
        == ["text text", "base latents", "sr1 latents", "decode video", "decode poster"])
  }

  @Test(
    "a worker killed in a stage costs at most the step it was in, and no byte",
    arguments: ["text", "base", "sr1", "decode"], [0, 3])
  func killedWorker(stage: String, step: Int) async throws {
    let isSampled = stage == "base" || stage == "sr1"
    guard isSampled || step == 0 else { return }
    let service = try TestService(
      script: #"{"accidents":[{"task":"\#(stage)","step":\#(step),"attempts":2}]}"#)
    let job = try await service.accept(circle)
    try await service.dispatch(until: job)
    let task = try #require(try await service.core.store.tasks(of: job).first { $0.stage.rawValue == stage })
    #expect(task.attempts == 3 && task.kills == 2)
    #expect(task.attemptResult?.resumedFromStep == (step > 0 ? step : nil))
    #expect(try await service.outputs(of: job) == undisturbed.value)
  }

  @Test("a failure of resources is tried again, the attempts' limit fails the job with the last message")
  func attempts() async throws {
    let service = try TestService(
      script: #"{"accidents":[{"task":"sr1","step":2,"attempts":9,"kind":"resource"}]}"#)
    let job = try await service.accept(circle)
    try await service.dispatch(until: job)
    let record = try #require(try await service.core.store.job(job))
    #expect(record.state == .failed)
    #expect(record.reason?.contains("sr1: scripted failure at step 2") == true)
    #expect(try await service.core.store.tasks(of: job).map(\.attempts) == [1, 1, 3, 0])
  }

  @Test("the request's own fault is not tried again")
  func requestFault() async throws {
    let service = try TestService(
      script: #"{"accidents":[{"task":"base","step":0,"attempts":9,"kind":"request"}]}"#)
    let job = try await service.accept(circle)
    try await service.dispatch(until: job)
    #expect(try await service.core.store.job(job)?.state == .failed)
    #expect(try await service.core.store.tasks(of: job).map(\.attempts) == [1, 1, 0, 0])
  }

  @Test("the higher priority goes first, then the earlier arrival")
  func priority() async throws {
    let service = try TestService()
    let late = try await service.accept(#"{"prompt":"a","priority":10}"#, name: "a.json")
    let normal = try await service.accept(#"{"prompt":"b"}"#, name: "b.json")
    let urgent = try await service.accept(#"{"prompt":"c","priority":90}"#, name: "c.json")
    let second = try await service.accept(#"{"prompt":"d"}"#, name: "d.json")
    try await service.dispatch(until: late)
    let order = try await service.core.store.events(after: 0, limit: 1000).filter { $0.kind == "publishing" }.map(\.job)
    #expect(order == [urgent, normal, second, late])
  }

  @Test("a graceful stop checkpoints, and the next start goes on from there to the same bytes")
  func gracefulStop() async throws {
    let service = try TestService(script: #"{"waits":[{"task":"base","step":3,"attempts":1}]}"#)
    let job = try await service.accept(circle)
    try await service.dispatch { [core = service.core] in
      let base = try await core.store.tasks(of: job).first { $0.stage == .base }
      guard let base else { return false }
      return try await core.store.checkpoints(of: base.id).first?.step == 3
    }
    #expect(try await service.core.store.leasedTasks().isEmpty)
    try await service.dispatch(until: job)
    let base = try #require(try await service.core.store.tasks(of: job).first { $0.stage == .base })
    #expect(base.attempts == 2 && base.failures == 0)
    #expect(base.attemptResult?.resumedFromStep == 3)
    #expect(try await service.outputs(of: job) == undisturbed.value)
  }

  @Test("a cancelled job's worker drops it and takes the next")
  func cancelled() async throws {
    let service = try TestService(script: #"{"step_milliseconds":20}"#)
    let first = try await service.accept(circle)
    let second = try await service.accept(#"{"prompt":"b"}"#, name: "b.json")
    let dispatcher = Dispatcher(core: service.core)
    let run = Task { try await dispatcher.run() }
    while await dispatcher.devices.flatMap(\.tasks).first?.step ?? 0 < 2 { try await Task.sleep(for: .milliseconds(5)) }
    dispatcher.drop(try await service.core.store.cancel(first, reason: "test"))
    while try await service.core.store.job(second)?.state != .publishing {
      try await Task.sleep(for: .milliseconds(10))
    }
    dispatcher.post.yield(.stop)
    try await run.value
    #expect(try await service.core.store.job(first)?.state == .cancelled)
  }

  @Test("a damaged checkpoint is passed over for the one before it")
  func damagedCheckpoint() async throws {
    // Stop while the task waits for its second attempt.
    let slow = RetryPolicy(attempts: 3, firstDelay: .seconds(3600), longestDelay: .seconds(3600))
    let paused = try TestService(script: #"{"accidents":[{"task":"base","step":4,"attempts":1}]}"#, retry: slow)
    let pausedJob = try await paused.accept(circle)
    try await paused.dispatch { try await paused.core.store.tasks(of: pausedJob).contains { $0.failures == 1 } }
    let base = try #require(try await paused.core.store.tasks(of: pausedJob).first { $0.stage == .base })
    let newest = try #require(try await paused.core.store.checkpoints(of: base.id).first)
    try DurableFile.replace(paused.core.absolute(newest.path), with: "damaged")
    let composed = try await TaskComposer(core: paused.core).compose(base, attempt: 2)
    guard case .sample(let work) = composed.work else { throw TestFailure("not a sample") }
    #expect(work.checkpoint?.step == newest.step - 1)
  }

  @Test("jobs of a model that is gone are held with the reason, others run, and they go on when it is back")
  func brokenModel() async throws {
    let service = try TestService()
    let held = try await service.accept(#"{"prompt": "a", "priority": 90}"#)
    let broken = service.renewed(model: "other")
    let dispatch = { (core: ServiceCore, state: JobState) in
      try await service.dispatch(core) { try await core.store.job(held)?.state == state }
    }
    try await dispatch(broken, .held)
    #expect(try await service.core.store.job(held)?.reason == #"model: "test" is not configured"#)
    try await dispatch(service.core, .publishing)
  }

  @Test("a model that a worker cannot load holds its jobs with the reason, until its files are others")
  func damagedModel() async throws {
    let service = try TestService(script: #"{"accidents":[{"task":"base","step":1,"attempts":9,"kind":"model"}]}"#)
    let job = try await service.accept(circle)
    try await service.dispatch(until: job, is: [.held])
    #expect(try await service.core.store.job(job)?.reason == "model: base: scripted failure at step 1")
    #expect(!service.core.models.refresh())
    try DurableFile.replace("\(service.root)/model/script.json", with: "{}")
    #expect(service.core.models.refresh())
    try await service.dispatch(until: job)
    #expect(try await service.core.store.job(job)?.state == .publishing)
    #expect(try await service.core.store.tasks(of: job).allSatisfy { $0.failures == 0 })
  }

  @Test("a job that fits no device any more is held with the numbers until the service starts with another one")
  func tooLarge() async throws {
    let service = try TestService()
    let job = try await service.accept(circle)
    let small = service.renewed { $0.devices[0].memory = .mebibytes(1) }
    try await service.dispatch(small) { try await small.store.job(job)?.state == .held }
    #expect(try await small.store.job(job)?.reason?.hasSuffix("the largest device has 1 MiB") == true)
    try await Recovery(core: service.core).run(Dispatcher(core: service.core))
    try await service.dispatch(until: job)
    #expect(try await service.core.store.job(job)?.state == .publishing)
  }

  @Test("an attempt at a cancelled job that ends without a result has no effect")
  func cancelledWithoutResult() async throws {
    let service = try TestService()
    let job = try await service.accept(circle)
    let (task, lease, folder) = try await service.lease()
    let dispatcher = Dispatcher(core: service.core)
    await dispatcher.pretend(task, lease, in: folder)
    _ = try await service.core.store.cancel(job, reason: "test")
    try await dispatcher.hear(.message(.finished(folder, .cancelled)), from: 0)
    #expect(await dispatcher.isIdle)
    #expect(!DurableFile.exists(folder.path))
  }

  @Test("a lease of which nobody could record what became of it returns, and is no lease any more the next time")
  func adoptedLater() async throws {
    let service = try TestService()
    _ = try await service.accept(circle)
    let (_, lease, _) = try await service.lease()
    let dispatcher = Dispatcher(core: service.core)
    for _ in 0..<2 {
      try await dispatcher.adoptOrWait(lease)
      #expect(try await service.core.store.leasedTasks().isEmpty)
    }
  }

  @Test("a task whose job was cancelled after it was chosen is passed over")
  func cancelledAfterChoice() async throws {
    let service = try TestService()
    let job = try await service.accept(circle)
    let ready = try #require(try await service.core.store.readyTasks(limit: 1).first)
    let candidate = Candidate(
      task: ready.task.id, job: job, model: ready.folderName, stage: ready.task.stage, shape: "video",
      account: ready.account, created: ready.created, due: ready.due, memoryByteCount: 1, seatByteCount: 1)
    _ = try await service.core.store.cancel(job, reason: "test")
    let folder = try await Dispatcher(core: service.core).prepare(candidate, on: 0, seatCount: 1)
    #expect(folder == nil)
  }
}

extension Dispatcher {
  /// As if the first device's worker had been given the task.
  fileprivate func pretend(_ task: TaskRecord, _ lease: Lease, in folder: AttemptFolder) {
    slots[0].running[folder] = RunningTask(task, lease)
  }
}
