import Foundation
import JobModel
import JobStore
import Spool
import WorkerProtocol

/// What a job came to: its media in the state folder and the document that tells of them.
struct JobReport: Sendable {
  private let core: ServiceCore
  private let job: JobRecord
  private let parameters: ResolvedRequest
  private let record: ReproducibleRecord
  private let tasks: [TaskRecord]

  init(_ job: JobRecord, core: ServiceCore) async throws {
    guard let parameters = job.parameters else {
      throw CompositionError(message: "job \(job.id): it has no parameters", redo: nil)
    }
    self.core = core
    self.job = job
    self.parameters = parameters
    tasks = try await core.store.tasks(of: job.id)
    let state: JobState = job.state == .publishing ? .done : job.state
    record = try reproducibleRecord(
      job, parameters, request: try await core.store.request(of: job.id), state: state)
  }

  /// - Throws: `CompositionError` where a file is lost.
  func media() throws -> [ClipMedia] {
    try parameters.clips.map { clip in
      let results = ClipResults(tasks.filter { $0.clip == clip.index }, core: core)
      let outputs = decode(clip.index)?.attemptResult?.outputs.map(\.name) ?? []
      func path(_ name: String) throws -> String? {
        outputs.contains(name) ? try results.output(name, of: .decode, chunk: 0).path : nil
      }
      var metadata: [JSONValue.Member] = clip.prompt.map { [.init("prompt", .string($0))] } ?? []
      metadata.append(.init("seed", .integer(clip.seed)))
      let frames = outputs.filter { $0.hasPrefix("frame-") }.sorted()
      return ClipMedia(
        index: clip.index, videoPath: try path("video"), imagePath: try path("poster"),
        framePaths: try frames.compactMap(path), latentsPath: try path("latents"), metadata: metadata)
    }
  }

  /// The content of `NAME.result.json`.
  func result(files: [RunRecord.File]) throws -> JSONValue {
    var run = RunRecord(job: job.id)
    run.seconds = TaskStage.allCases.compactMap { stage in
      let seconds = tasks.filter { $0.stage == stage }.compactMap(\.seconds)
      return seconds.isEmpty ? nil : (stage, seconds.reduce(0, +))
    }
    run.device = tasks.lazy.compactMap(\.worker).first ?? core.configuration.devices.first?.name
    run.attempts = tasks.reduce(0) { $0 + $1.attempts }
    run.resumptions = tasks.count { $0.attemptResult?.resumedFromStep != nil }
    run.created = job.created.formatted(.iso8601)
    run.started = job.started?.formatted(.iso8601)
    run.finished = (job.finished ?? .now).formatted(.iso8601)
    run.message = job.reason
    run.files = files
    return resultDocument(reproducible: reproducible(), run: run)
  }

  /// The record, with what the workers know of weights, kernels and software.
  private func reproducible() -> JSONValue {
    let known = tasks.lazy.compactMap { $0.attemptResult?.reproducible }.first
    guard let known, let document = try? JSONDocument(parsing: Array(known.utf8)).root.value else {
      return record.document
    }
    return ReproducibleRecord.completed(
      record.document, weights: document["weights"] ?? .object([]), kernels: document["kernels"]?.stringValue ?? "",
      software: document["software"]?.stringValue ?? Software.version)
  }

  private func decode(_ clip: Int) -> TaskRecord? { tasks.first { $0.clip == clip && $0.stage == .decode } }
}
