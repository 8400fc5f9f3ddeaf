import DurableFiles
import Foundation
import WorkerProtocol

/// One attempt: a chain of digests, one link a step.
struct Attempt {
  let folder: AttemptFolder
  let inbox: Inbox

  func run() {
    do {
      let task = try folder.readTask()
      let events = try AppendLog(folder.eventsFile)
      let result = try perform(task, events)
      try folder.write(result)
      ScriptedWorker.say(.finished(folder, result.outcome))
    } catch {
      FileHandle.standardError.write(Data("scripted worker: \(error)\n".utf8))
      exit(WorkerExitCode.badConfiguration.rawValue)
    }
  }

  private func perform(_ task: TaskSpecification, _ events: AppendLog) throws -> AttemptResult {
    let script = Script(modelFolder: task.modelFolder)
    var result = AttemptResult(
      task: task.task, attempt: task.attempt, outcome: .done, kernels: "scripted", seconds: 0.01)
    var (state, step) = try start(task)
    result.resumedFromStep = step > 0 ? step : nil
    while step < task.stepCount {
      if let accident = script.accident(task, step: step) {
        guard let kind = accident.kind else {
          kill(getpid(), SIGKILL)
          pause()
          continue
        }
        result.outcome = .failed
        result.failure = AttemptFailure(kind: kind, message: "\(task.name): scripted failure at step \(step)")
        return result
      }
      while script.waits(task, step: step), !inbox.isCancelled(folder), !inbox.mustStop { usleep(2000) }
      if inbox.isCancelled(folder) || inbox.mustStop {
        result.outcome = inbox.isCancelled(folder) ? .cancelled : .yielded
        if step > 0, result.outcome == .yielded { result.checkpoint = try checkpoint(state, step, events) }
        return result
      }
      usleep(UInt32(script.stepMilliseconds) * 1000)
      state = sha256(of: Array("\(state) \(step)".utf8))
      step += 1
      try script.count(task)
      try emit(.step(step: step, of: task.stepCount, seconds: 0.001), events)
      if case .sample = task.work, step < task.stepCount { _ = try checkpoint(state, step, events) }
    }
    result.outputs = try outputs(task, state)
    if case .decode(let work) = task.work { result.reproducible = work.metadata }
    return result
  }

  /// The digest of all that the task's result depends on, or what a checkpoint says.
  private func start(_ task: TaskSpecification) throws -> (state: String, step: Int) {
    switch task.work {
    case .text(let work): return (sha256(of: Array("\(work.prompt)|\(work.negativePrompt ?? "")".utf8)), 0)
    case .decode(let work): return (try digest(work.latents) + work.metadata, 0)
    case .sample(let work):
      if let checkpoint = work.checkpoint {
        let path = folder.resolve(checkpoint.file.path)
        guard try sha256(ofFile: path) == checkpoint.file.sha256 else { preconditionFailure("damaged checkpoint") }
        return (String(decoding: try DurableFile.read(path), as: UTF8.self), checkpoint.step)
      }
      let inputs = try digest([work.text, work.previousStage, work.previousChunk, work.given?.file].compactMap { $0 })
      return (sha256(of: Array("\(inputs) \(work.stage) \(work.chunk) \(work.seed) \(work.sampling)".utf8)), 0)
    }
  }

  private func digest(_ files: [FileReference]) throws -> String {
    try files.map { file in
      let found = try sha256(ofFile: folder.resolve(file.path))
      precondition(found == file.sha256, "input \(file.path) has another digest")
      return found
    }.joined(separator: " ")
  }

  private func checkpoint(_ state: String, _ step: Int, _ events: AppendLog) throws -> CheckpointReference {
    let name = AttemptFolder.checkpointName(step: step)
    try DurableFile.replace(folder.resolve(name), with: state)
    let file = FileReference(path: name, sha256: sha256(of: Array(state.utf8)))
    let reference = CheckpointReference(file: file, step: step)
    try emit(.checkpoint(reference), events)
    return reference
  }

  private func emit(_ event: AttemptEvent, _ events: AppendLog) throws {
    try events.append(ProtocolCoding.line(event), durably: false)
    ScriptedWorker.say(.event(folder, event))
  }

  private func outputs(_ task: TaskSpecification, _ state: String) throws -> [OutputFile] {
    let names: [(String, String)] =
      switch task.work {
      case .text: [("text", "text.safetensors")]
      case .sample: [("latents", "latents.safetensors")]
      case .decode(let work):
        (work.media.video.map { [("video", "clip.\($0)")] } ?? []) + (work.media.poster ? [("poster", "clip.png")] : [])
          + (work.media.frames ? [("frame-000000", "frame-000000.png"), ("frame-000001", "frame-000001.png")] : [])
          + (work.media.latents ? [("latents", "latents.safetensors")] : [])
      }
    return try names.map { name, path in
      let content = Array("\(name) \(state)".utf8)
      try DurableFile.replace(folder.resolve(path), with: content, durability: .content)
      return OutputFile(name: name, path: path, sha256: sha256(of: content), byteCount: content.count)
    }
  }
}

extension TaskSpecification {
  var stepCount: Int {
    if case .sample(let work) = work { return work.sampling.steps }
    return 1
  }
}
