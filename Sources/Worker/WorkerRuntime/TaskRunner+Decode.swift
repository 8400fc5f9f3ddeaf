import DurableFiles
import Foundation
import Tensors
import VideoAutoencoder
import VideoPipeline
import Weights
import WorkerProtocol

extension TaskRunner {
  /// Decodes each attempt's chunks, one after the other, and writes its media.
  func decode(_ batch: [Attempt], _ cascade: Cascade) {
    for attempt in batch {
      guard case .decode(let work) = attempt.task.work else { continue }
      do {
        try decode(attempt, work, cascade)
      } catch {
        fail(attempt, error)
      }
    }
  }

  private func decode(_ attempt: Attempt, _ work: DecodeWork, _ cascade: Cascade) throws {
    var frames: [Tensor] = []
    var allLatents: [Tensor] = []
    for (chunk, file) in work.latents.enumerated() {
      if endIfAsked(attempt) { return }
      let begun = ContinuousClock.now
      let latents = try file.openTensors(for: attempt).tensor(TaskFile.latents.tensor)
      try cascade.check(latents: latents, stage: work.stage)
      frames.append(
        try cascade.newFrames(latents, stage: work.stage, chunk: chunk, continues: work.continues))
      allLatents.append(latents)
      attempt.journal.record(
        .step(step: chunk + 1, of: work.latents.count, seconds: (ContinuousClock.now - begun).inSeconds))
    }
    if endIfAsked(attempt) { return }
    let clip = try ClipMedia(frames, frameCount: work.frameCount)
    let text = try reproducible(work.metadata, attempt.task, cascade)
    var outputs = try clip.write(
      work.media, framesPerSecond: work.framesPerSecond, comment: text, in: attempt.folder)
    if work.media.latents { outputs.append(try write(allLatents, comment: text, for: attempt)) }
    end(attempt, .done, outputs: outputs, reproducible: text)
  }

  /// The last stage's normalised latents of all chunks as one file, `chunk-0` … each [F, h, w, c].
  private func write(_ latents: [Tensor], comment: String, for attempt: Attempt) throws -> OutputFile {
    var document = SafetensorsDocument(metadata: ["comment": comment])
    for (chunk, tensor) in latents.enumerated() { document.add("chunk-\(chunk)", tensor) }
    return try write(document.data(), TaskFile.latents.file, as: "latents", for: attempt)
  }

  /// The reproducible part of the result: what the daemon knows of it, and what only the worker knows.
  private func reproducible(_ metadata: String, _ task: TaskSpecification, _ cascade: Cascade) throws -> String {
    let weights = try shelf.weightsDigests(task.modelFolder, of: cascade.model)
    return try completedMetadata(
      metadata, weights: weights, kernels: cascade.device.kernelsName, software: Worker.softwareVersion)
  }
}
