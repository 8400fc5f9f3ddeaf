import DurableFiles
import Foundation
import JobModel
import JobStore
import WorkerProtocol

/// A task that cannot be composed: an input of it is lost, or its model has gone from the configuration.
package struct CompositionError: Error, Equatable, Sendable, CustomStringConvertible {
  package let message: String
  /// A finished task whose result is lost and that must run again; nil: the job cannot go on.
  package let redo: TaskID?

  package var description: String { message }
}

/// Makes a task complete: its parameters, inputs and checkpoint, from what the store has.
package struct TaskComposer: Sendable {
  package let core: ServiceCore

  package init(core: ServiceCore) { self.core = core }

  /// - Throws: `CompositionError`, or what the store throws.
  package func compose(_ task: TaskRecord, attempt: Int) async throws -> TaskSpecification {
    guard let job = try await core.store.job(task.job), let parameters = job.parameters else {
      throw CompositionError(message: "job \(task.job): it has no parameters; submit it again", redo: nil)
    }
    guard let modelFolder = core.models.folder(parameters.model, variant: parameters.variant) else {
      throw CompositionError(
        message: "model \"\(parameters.model)\" is not configured; known: \(core.models.names.joined(separator: ", "))",
        redo: nil)
    }
    let clip = try await ClipResults(core.store.tasks(of: task.job, clip: task.clip), core: core)
    let work: TaskSpecification.Work =
      switch task.stage {
      case .text:
        .text(
          TextWork(prompt: parameters.clips[task.clip].prompt ?? "", negativePrompt: parameters.negativePrompt))
      case .base, .sr1, .sr2: .sample(try await sample(task, parameters, clip))
      case .decode: .decode(try await decode(task, job, parameters, clip))
      }
    return TaskSpecification(
      task: "\(task.id)", attempt: attempt, modelFolder: modelFolder,
      kernels: clip.kernels ?? core.configuration.kernels, work: work,
      origin: TaskOrigin(
        job: job.id, request: job.path, requestSHA256: job.digest, account: job.account, clip: task.clip,
        stage: task.stage, chunk: task.chunk, input: parameters.input))
  }

  private func sample(
    _ task: TaskRecord, _ parameters: ResolvedRequest, _ clip: ClipResults
  ) async throws -> SampleWork {
    guard let index = parameters.stages.firstIndex(where: { TaskStage($0.name) == task.stage }) else {
      throw CompositionError(message: "job \(task.job): it has no stage \(task.stage.rawValue)", redo: nil)
    }
    let stage = parameters.stages[index]
    let below = index > 0 ? TaskStage(parameters.stages[index - 1].name) : nil
    let part = parameters.plan.part(task.chunk)
    return SampleWork(
      stage: stage.name.index, chunk: part.chunk, isImage: parameters.isImage || part == .firstFrame,
      seed: parameters.clips[task.clip].seed,
      text: parameters.takesText ? try clip.output("text", of: .text, chunk: 0) : nil,
      classLabel: parameters.classLabel,
      previousStage: try below.map { try clip.output("latents", of: $0, chunk: task.chunk) },
      previousChunk: part.chunk > 0 ? try clip.output("latents", of: task.stage, chunk: task.chunk - 1) : nil,
      given: part == .chunk(0) ? try given(task, parameters, clip) : nil,
      sampling: Sampling(
        sampler: parameters.sampler.rawValue, steps: stage.steps, guidanceScale: stage.guidanceScale,
        guidanceSchedule: parameters.guidanceSchedule.rawValue, eta: parameters.eta, upsamplerNoise: stage.kSR),
      checkpoint: try await checkpoint(of: task.id),
      checkpointSeconds: core.configuration.checkpointInterval.seconds)
  }

  /// What the clip begins with.
  private func given(
    _ task: TaskRecord, _ parameters: ResolvedRequest, _ clip: ClipResults
  ) throws -> GivenFrames? {
    switch parameters.conditioning {
    case nil: return nil
    case .generated: return GivenFrames(.latents, try clip.output("latents", of: task.stage, chunk: 0))
    case .image, .video:
      guard let input = parameters.input else {
        throw CompositionError(
          message: "job \(task.job): its conditioning file was not kept; submit it again", redo: nil)
      }
      let file = FileReference(path: core.absolute(input.copy), sha256: input.sha256)
      guard DurableFile.exists(file.path) else {
        throw CompositionError(message: "the copy of \"\(input.path)\" is lost; submit the request again", redo: nil)
      }
      return GivenFrames(parameters.conditioning == .image ? .image : .video, file, name: input.path)
    }
  }

  private func decode(
    _ task: TaskRecord, _ job: JobRecord, _ parameters: ResolvedRequest, _ clip: ClipResults
  ) async throws -> DecodeWork {
    let last = parameters.stages[parameters.stages.count - 1].name
    let bytes = try await core.store.request(of: job.id)
    let record = try reproducibleRecord(job, parameters, request: bytes)
    let video = parameters.isImage || parameters.output.video == .none ? nil : parameters.output.video.rawValue
    return DecodeWork(
      stage: last.index,
      latents: try parameters.plan.chunkNumbers.map { try clip.output("latents", of: TaskStage(last), chunk: $0) },
      continues: parameters.conditioning == .video, frameCount: parameters.frameCount, framesPerSecond: parameters.fps,
      media: Media(
        video: video, poster: parameters.isImage || parameters.output.poster, frames: parameters.output.frames,
        latents: parameters.output.latents),
      metadata: record.clip(task.clip).document.text())
  }

  /// The furthest checkpoint whose file is what it was; damaged ones are forgotten.
  private func checkpoint(of task: TaskID) async throws -> CheckpointReference? {
    for checkpoint in try await core.store.checkpoints(of: task) {
      let path = core.absolute(checkpoint.path)
      let digest = try? await offPool { try sha256(ofFile: path) }
      if digest == checkpoint.sha256 {
        return CheckpointReference(
          file: FileReference(path: path, sha256: checkpoint.sha256), step: checkpoint.step)
      }
      core.logger.warning("checkpoint damaged, taking the one before", metadata: ["path": "\(path)"])
      try await core.store.dropCheckpoint(checkpoint)
    }
    return nil
  }
}

extension TaskPlan.Part {
  /// The chunk that the part is, also for noise; the first frame is chunk 0 of an image.
  fileprivate var chunk: Int {
    switch self {
    case .firstFrame: 0
    case .chunk(let chunk): chunk
    }
  }
}

/// The reproducible part of a job's result as far as it is known without the worker.
package func reproducibleRecord(
  _ job: JobRecord, _ parameters: ResolvedRequest, request bytes: [UInt8], state: JobState = .done
) throws -> ReproducibleRecord {
  let source = try JSONDocument(parsing: bytes).root.value
  return ReproducibleRecord(
    state: state, request: source, requestDigest: SHA256Digest(of: bytes), parameters: parameters,
    labels: source["labels"])
}

/// What the finished tasks of one clip have made.
struct ClipResults {
  private let tasks: [TaskRecord]
  private let core: ServiceCore

  init(_ tasks: [TaskRecord], core: ServiceCore) {
    self.tasks = tasks
    self.core = core
  }

  /// The kernels that the tasks done so far have used: results do not pass between kinds.
  var kernels: String? { tasks.lazy.compactMap { $0.attemptResult?.kernels }.first }

  /// - Throws: `CompositionError` where the file is lost: its task must run again.
  func output(_ name: String, of stage: TaskStage, chunk: Int) throws -> FileReference {
    guard let task = tasks.first(where: { $0.stage == stage && $0.chunk == chunk }) else {
      throw CompositionError(message: "there is no task \(stage.rawValue) \(chunk)", redo: nil)
    }
    guard let result = task.attemptResult, let output = result.outputs.first(where: { $0.name == name }) else {
      throw CompositionError(message: "task \(task.id) has no output \"\(name)\"; it runs again", redo: task.id)
    }
    let path = AttemptFolder(state: core.state, task: "\(task.id)", attempt: result.attempt).resolve(output.path)
    guard DurableFile.exists(path) else {
      throw CompositionError(message: "output \"\(path)\" is lost; its task runs again", redo: task.id)
    }
    return FileReference(path: path, sha256: output.sha256)
  }
}

extension TaskRecord {
  /// What its worker reported; nil unless it is done.
  var attemptResult: AttemptResult? {
    guard let result else { return nil }
    return try? ProtocolCoding.decode(AttemptResult.self, Array(result.utf8), path: "task \(id)")
  }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
