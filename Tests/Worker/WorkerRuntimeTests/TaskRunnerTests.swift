import DurableFiles
import Foundation
import JobModel
import MediaIO
import Testing
import WorkerProtocol

@testable import WorkerRuntime

@Suite struct TaskRunnerTests {
  private let model: TinyModel
  private let text: FileReference

  init() throws {
    model = try TinyModel()
    text = try model.text()
  }

  /// Latents of stage 0 for seed 7, uninterrupted.
  private func latents(steps: Int = 6, seed: Int64 = 7) throws -> FileReference {
    let folder = try model.attempt("whole-\(seed)", model.sampling(stage: 0, seed: seed, steps: steps, text: text))
    #expect(model.runner().run([folder]) == .done)
    return try #require(try model.output("latents", of: folder))
  }

  @Test("a prompt goes through text, three stages and decode to an mp4 and a poster with the result embedded")
  func wholeClip() throws {
    let runner = model.runner(threads: 2)
    var below: FileReference?
    for stage in 0..<3 {
      let folder = try model.attempt("stage-\(stage)", model.sampling(stage: stage, text: text, below: below))
      #expect(runner.run([folder]) == .done)
      below = try model.output("latents", of: folder)
    }
    let decode = try model.attempt(
      "decode",
      .decode(
        DecodeWork(
          stage: 2, latents: [try #require(below)], frameCount: 17, framesPerSecond: 8,
          media: Media(video: "mp4", poster: true, frames: false), metadata: #"{"seeds": [7], "prompt": "a circle"}"#)))
    #expect(runner.run([decode]) == .done)
    let result = try #require(try decode.readResult())
    #expect(result.outputs.map(\.name) == ["video", "poster"])
    let embedded = try #require(result.reproducible)

    let video = try VideoFile.read(decode.resolve("clip.mp4"))
    #expect(video.frames.frameCount == 17)
    #expect(video.frames.width == 128)
    #expect(video.frames.height == 64)
    #expect(video.metadata["comment"] == embedded)
    let poster = try PNGFile.read(decode.resolve("poster.png"))
    #expect(poster.texts["comment"] == embedded)

    let members = try JSONDocument(parsing: Array(embedded.utf8)).root.value
    #expect(members["prompt"]?.stringValue == "a circle")
    #expect(members["kernels"]?.stringValue == result.kernels)
    #expect(members["weights"]?["base/model.safetensors"]?.stringValue?.count == 64)
    for output in result.outputs { #expect(try sha256(ofFile: decode.resolve(output.path)) == output.sha256) }
  }

  @Test("a yield keeps a checkpoint, and the next attempt ends with the same bytes")
  func yields() throws {
    let whole = try latents(steps: 30)
    let inbox = CommandInbox()
    let first = try model.attempt("interrupted", model.sampling(stage: 0, steps: 30, text: text))
    inbox.post(.run([first]))
    let folders = try #require(inbox.nextRun())
    let code = model.runner(inbox: inbox) { message in
      if case .event(_, .step(3, _, _)) = message { inbox.post(.yield) }
    }.run(folders)
    #expect(code == .tryAgain)
    let result = try #require(try first.readResult())
    #expect(result.outcome == .yielded)
    var checkpoint = try #require(result.checkpoint)
    #expect(checkpoint.step >= 3)
    checkpoint.file.path = first.resolve(checkpoint.file.path)

    let second = try model.attempt(
      "interrupted", number: 2, model.sampling(stage: 0, steps: 30, text: text, checkpoint: checkpoint))
    #expect(model.runner(threads: 2).run([second]) == .done)
    #expect(try second.readResult()?.resumedFromStep == checkpoint.step)
    #expect(try model.output("latents", of: second)?.sha256 == whole.sha256)
  }

  @Test("whichever checkpoint is left after a kill, going on from it gives the same bytes")
  func everyCheckpoint() throws {
    let whole = try latents()
    let first = try model.attempt("killed", model.sampling(stage: 0, text: text, checkpointSeconds: 0))
    #expect(model.runner().run([first]) == .done)
    let checkpoints = try first.readEvents().compactMap { event -> CheckpointReference? in
      if case .checkpoint(let checkpoint) = event { checkpoint } else { nil }
    }
    #expect(checkpoints.map(\.step) == [1, 2, 3, 4, 5])
    let kept = checkpoints.filter { DurableFile.exists(first.resolve($0.file.path)) }
    #expect(kept.map(\.step) == [4, 5])
    for (index, var checkpoint) in kept.enumerated() {
      checkpoint.file.path = first.resolve(checkpoint.file.path)
      let again = try model.attempt(
        "killed", number: 2 + index, model.sampling(stage: 0, text: text, checkpoint: checkpoint))
      #expect(model.runner().run([again]) == .done)
      #expect(try again.readResult()?.resumedFromStep == checkpoint.step)
      #expect(try model.output("latents", of: again)?.sha256 == whole.sha256)
    }
  }

  @Test("an attempt that was cut short goes on in its own folder")
  func sameFolder() throws {
    let whole = try latents()
    let folder = try model.attempt("again", model.sampling(stage: 0, text: text, checkpointSeconds: 0))
    #expect(model.runner().run([folder]) == .done)
    // As a kill leaves it: events and checkpoints, no result.
    try DurableFile.remove(folder.resultFile)
    try DurableFile.remove(folder.resolve("latents.safetensors"))
    #expect(model.runner().run([folder]) == .done)
    #expect(try folder.readResult()?.resumedFromStep == 5)
    #expect(try model.output("latents", of: folder)?.sha256 == whole.sha256)
  }

  @Test("a damaged checkpoint, and one of another task, are left aside")
  func uselessCheckpoints() throws {
    let whole = try latents()
    let other = try model.attempt("other", model.sampling(stage: 0, seed: 8, text: text, checkpointSeconds: 0))
    #expect(model.runner().run([other]) == .done)
    var foreign = try #require(try other.newestValidCheckpoint())
    for damaged in [false, true] {
      if damaged { foreign.file.sha256 = String(repeating: "0", count: 64) }
      let folder = try model.attempt(
        "mine", number: damaged ? 1 : 2, model.sampling(stage: 0, text: text, checkpoint: foreign))
      #expect(model.runner().run([folder]) == .done)
      #expect(try folder.readResult()?.resumedFromStep == nil)
      #expect(try model.output("latents", of: folder)?.sha256 == whole.sha256)
    }
  }

  @Test("cancelling one attempt of a batch ends it alone; the other has its own bytes")
  func cancel() throws {
    let whole = try latents(steps: 20, seed: 8)
    let folders = try [Int64(7), 8].map { seed in
      try model.attempt("batch-\(seed)", model.sampling(stage: 0, seed: seed, steps: 20, text: text))
    }
    let inbox = CommandInbox()
    let code = model.runner(inbox: inbox) { message in
      if case .event(_, .step(2, _, _)) = message { inbox.post(.cancel(folders[0])) }
    }.run(folders)
    #expect(code == .done)
    #expect(try folders[0].readResult()?.outcome == .cancelled)
    #expect(try model.output("latents", of: folders[1])?.sha256 == whole.sha256)
  }

  @Test("a later chunk goes on from the one before and adds 12 frames")
  func laterChunk() throws {
    let first = try latents()
    let folder = try model.attempt("chunk-1", model.sampling(stage: 0, text: text, previousChunk: first))
    #expect(model.runner().run([folder]) == .done)
    let second = try #require(try model.output("latents", of: folder))
    let decode = try model.attempt(
      "decode-both",
      .decode(
        DecodeWork(
          stage: 0, latents: [first, second], frameCount: 29, framesPerSecond: 8,
          media: Media(video: "mp4", poster: false, frames: false), metadata: "{}")))
    #expect(model.runner().run([decode]) == .done)
    #expect(try VideoFile.read(decode.resolve("clip.mp4")).frames.frameCount == 29)
  }
}
