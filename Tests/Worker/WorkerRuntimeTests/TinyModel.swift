import DurableFiles
import Foundation
import JobModel
import Logging
import Testing
import TextEncoding
import WorkerProtocol

@testable import WorkerRuntime

/// A folder with the golden cascade (made complete by a tokenizer) and room for tasks; gone when it is released.
final class TinyModel {
  let root: URL
  var modelFolder: String { root.appending(path: "model").path }

  init() throws {
    root = FileManager.default.temporaryDirectory.appending(path: "walt-worker-\(UUID().uuidString)")
    // The golden cascade is 1.4 MB: the pipeline's tests have the only copy.
    let cascade = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Engine/VideoPipelineTests/Fixtures/cascade").standardized
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    try FileManager.default.copyItem(at: cascade, to: root.appending(path: "model"))
    let captions = root.appending(path: "captions.txt")
    let sentences = ["red", "green", "blue"].map { "a \($0) circle moves to the left" }
    try sentences.joined(separator: "\n").write(to: captions, atomically: true, encoding: .utf8)
    // The golden text encoder has 64 pieces.
    try Tokenizer.train(
      textFile: captions, modelFile: root.appending(path: "model/t5/spiece.model"), pieceCount: 40)
  }

  deinit { try? FileManager.default.removeItem(at: root) }

  /// Writes the folder of an attempt.
  func attempt(
    _ task: String, number: Int = 1, kernels: String? = nil, _ work: TaskSpecification.Work
  ) throws -> AttemptFolder {
    let folder = AttemptFolder(state: root.path, task: task, attempt: number)
    try folder.write(
      TaskSpecification(task: task, attempt: number, modelFolder: modelFolder, kernels: kernels, work: work))
    return folder
  }

  /// A runner of one thread or more whose events go to `hear`.
  func runner(
    threads: Int = 1, inbox: CommandInbox = CommandInbox(),
    hear: @escaping @Sendable (WorkerMessage) -> Void = { _ in }
  ) -> TaskRunner {
    TaskRunner(
      devices: WorkerDevices(threadCount: threads), inbox: inbox,
      log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), announce: hear)
  }

  /// Sampling of a stage.
  func sampling(
    stage: Int, seed: Int64 = 7, steps: Int = 6, text: FileReference, below: FileReference? = nil,
    previousChunk: FileReference? = nil, checkpoint: CheckpointReference? = nil, checkpointSeconds: Double = 1000
  ) -> TaskSpecification.Work {
    .sample(
      SampleWork(
        stage: stage, chunk: previousChunk == nil ? 0 : 1, isImage: false, seed: seed, text: text, classLabel: nil,
        previousStage: below, previousChunk: previousChunk,
        sampling: Sampling(
          sampler: "ddim", steps: steps, guidanceScale: stage == 1 ? 1 : 2, guidanceSchedule: "constant", eta: 0,
          upsamplerNoise: stage == 0 ? nil : 100),
        checkpoint: checkpoint, checkpointSeconds: checkpointSeconds))
  }

  /// The text of a prompt, encoded.
  func text(_ prompt: String = "a red circle moves to the left") throws -> FileReference {
    let folder = try attempt("text-\(UUID().uuidString)", .text(TextWork(prompt: prompt, negativePrompt: nil)))
    _ = runner().run([folder])
    return try #require(try output("text", of: folder))
  }

  /// What an attempt made under `name`.
  func output(_ name: String, of folder: AttemptFolder) throws -> FileReference? {
    try folder.readResult()?.outputs.first { $0.name == name }
      .map { FileReference(path: folder.resolve($0.path), sha256: $0.sha256) }
  }
}
