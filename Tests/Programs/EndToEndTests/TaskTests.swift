import ControlProtocol
import DaemonTesting
import DurableFiles
import Foundation
import JobModel
import MediaIO
import Testing

/// A daemon on a tiny model, with a picture and a video in its spool.
private func makeDaemon(_ makeModel: (String) throws -> Void = TinyModels.textToVideo) throws -> DaemonProcess {
  let daemon = try DaemonProcess(worker: TestPrograms.path("walt-worker"), makeModel: makeModel)
  let bytes = (0..<6 * 100 * 60).flatMap { index -> [UInt8] in
    [UInt8(truncatingIfNeeded: index / 97), 200, 30]
  }
  let frames = RGBFrames(width: 100, height: 60, frameCount: 6, bytes: bytes)
  try PNGFile.write(frames, to: "\(daemon.spool)/circle.png")
  try VideoFile.writeMP4(frames, framesPerSecond: 8, to: "\(daemon.spool)/before.mp4")
  return daemon
}

private func drain(_ daemon: DaemonProcess, code: Int32 = 0) async throws {
  try daemon.start("--drain")
  #expect(try await daemon.exitCode() == code, "\(daemon.logText)")
}

/// Runs requests, by name, on one daemon.
private func run(
  _ requests: [String: String], _ makeModel: (String) throws -> Void = TinyModels.textToVideo, code: Int32 = 0
) async throws -> DaemonProcess {
  let daemon = try makeDaemon(makeModel)
  for (name, text) in requests { try daemon.drop(text, as: "\(name).json") }
  try await drain(daemon, code: code)
  return daemon
}

private let conditioned = [
  "image": #"{"prompt": "a red circle moves to the left", "seed": 7, "steps": 12, "image": "circle.png"}"#,
  "first": #"{"prompt": "a red circle moves to the left", "seed": 7, "steps": 12, "first_frame": "generate"}"#,
]

/// Uninterrupted runs.
private let undisturbed = Task { () throws -> [String: [String: String]] in
  let daemon = try await run(conditioned)
  return try Dictionary(uniqueKeysWithValues: conditioned.keys.map { ($0, try daemon.published($0)) })
}

@Suite("Every task, from a prompt file", .serialized, .timeLimit(.minutes(5)))
struct TaskTests {
  @Test(
    "kill -9 of daemon and worker in any stage of a clip that begins with something given ends with the same bytes",
    arguments: ["image", "first"], ["base", "sr1"])
  func killed(name: String, stage: String) async throws {
    let daemon = try makeDaemon()
    try daemon.drop(try #require(conditioned[name]), as: "\(name).json")
    try daemon.start()
    try await daemon.wait(for: stage) {
      guard let task = try daemon.status().devices[0].tasks.first else { return daemon.exists("\(name).result.json") }
      return task.stage.rawValue == stage && task.step >= 4 || daemon.exists("\(name).result.json")
    }
    // A change of the file changes nothing any more.
    try DurableFile.replace("\(daemon.spool)/circle.png", with: "gone")
    daemon.killWorker()
    try await daemon.kill()
    try await drain(daemon)
    #expect(try await daemon.published(name) == undisturbed.value[name])
  }

  @Test("a generated first frame is the image that the same request gives with 1 frame")
  func firstFrame() async throws {
    let text = #"{"prompt": "a red circle moves to the left", "seed": 3, "steps": 3, "#
    let daemon = try await run([
      "clip": text + #""first_frame": "generate"}"#, "image": text + #""frames": 1}"#,
    ])
    let (clip, image) = (
      try PNGFile.read("\(daemon.spool)/clip.png").frames, try PNGFile.read("\(daemon.spool)/image.png").frames
    )
    // The decoder's float may lie on either side of a rounding boundary.
    #expect(zip(clip.bytes, image.bytes).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
    #expect(try VideoFile.read("\(daemon.spool)/clip.mp4").frames.frameCount == 17)
  }

  @Test("a video is continued: its last frames condition the clip and are not repeated; clips have the asked length")
  func lengths() async throws {
    let text = #"{"prompt": "a red circle", "seed": 3, "steps": 2, "#
    let requests = [
      ("more", #""video": "before.mp4"}"#, 12), ("long", #""video": "before.mp4", "frames": 20}"#, 20),
      ("image", #""image": "circle.png"}"#, 17), ("plain", #""frames": 17}"#, 17),
      ("first", #""first_frame": "generate", "frames": 20}"#, 20),
    ]
    let daemon = try await run(Dictionary(uniqueKeysWithValues: requests.map { ($0.0, text + $0.1) }))
    for (name, _, count) in requests {
      #expect(try VideoFile.read("\(daemon.spool)/\(name).mp4").frames.frameCount == count, "\(name)")
    }
    #expect(try daemon.read("image.mp4") != daemon.read("plain.mp4"))
  }

  @Test("a request may stop after any stage", arguments: [("base", 32), ("sr1", 64), ("sr2", 128)])
  func stages(stage: String, width: Int) async throws {
    let daemon = try await run(["cat": #"{"prompt": "a red circle", "steps": 2, "stages": "\#(stage)"}"#])
    let video = try VideoFile.read("\(daemon.spool)/cat.mp4").frames
    #expect(video.width == width && video.height == width / 2)
    let result = try daemon.read("cat.result.json")
    #expect(result.contains("\"sr2\":") == (stage == "sr2"))
  }

  @Test("what steers the sampler changes the clip, each in its own way")
  func sampling() async throws {
    let text = #"{"prompt": "a red circle", "seed": 3, "frames": 1"#
    let choices = [
      "", #", "steps": [4, 3, 2]"#, #", "guidance_scale": 6"#, #", "guidance_scale": [3, 4, 1.5]"#,
      #", "guidance_scale": 6, "guidance_schedule": "power-cosine""#, #", "k_sr": [200, 10]"#, #", "eta": 1"#,
      #", "negative_prompt": "a green circle""#,
    ]
    let daemon = try await run(
      Dictionary(uniqueKeysWithValues: choices.enumerated().map { ("choice-\($0)", text + $1 + "}") }))
    // The text chunk differs between requests: what counts are the pixels.
    let pixels = try choices.indices.map { try PNGFile.read("\(daemon.spool)/choice-\($0).png").frames.bytes }
    #expect(Set(pixels).count == choices.count)
  }

  @Test("all kinds of output are published, and their video is the same clip")
  func outputs() async throws {
    let text = #"{"prompt": "a red circle", "seed": 3, "steps": 2, "stages": "base", "output": "#
    let daemon = try await run([
      "a": text + #"{"video": "mkv-ffv1", "frames": true, "latents": true}}"#, "b": text + #"{"video": "webm"}}"#,
      "c": text + #"{"video": "none", "poster": true}}"#, "d": text + #"{"poster": false}}"#,
    ])
    for name in ["a.mkv", "a.png", "a.latents.safetensors", "b.webm", "b.png", "c.png", "d.mp4"] {
      #expect(daemon.exists(name), "\(name)")
    }
    for name in ["c.mp4", "d.png", "b.frames"] { #expect(!daemon.exists(name), "\(name)") }
    let video = try VideoFile.read("\(daemon.spool)/a.mkv").frames
    for index in [0, 16] {
      let name = "a.frames/0000\(index < 10 ? "0" : "")\(index).png"
      #expect(try PNGFile.read("\(daemon.spool)/\(name)").frames == video.frame(index))
    }
  }

  @Test("a class model makes clips and images of its classes, and refuses text", arguments: [5, 1])
  func classes(frames: Int) async throws {
    let daemon = try await run(
      [
        "a": #"{"class_label": 0, "seed": 1, "frames": 1}"#, "b": #"{"class_label": 2, "seed": 1, "frames": 1}"#,
        "c": #"{"class_label": 1, "seed": 1}"#, "text": #"{"class_label": 1, "prompt": "a cat"}"#,
        "missing": #"{"seed": 1}"#,
      ], { try TinyModels.classConditional($0, frames: frames) }, code: 1)
    #expect(
      try PNGFile.read("\(daemon.spool)/a.png").frames.bytes != PNGFile.read("\(daemon.spool)/b.png").frames.bytes)
    #expect(daemon.exists(frames == 1 ? "c.png" : "c.mp4"))
    #expect(try daemon.read("text.error.json").contains("/prompt"))
    #expect(try daemon.read("missing.error.json").contains("class_label is missing"))
  }

  @Test("cross-attention in each layer's own window makes videos, and refuses images when they are asked for")
  func sameWindow() async throws {
    let daemon = try await run(
      ["clip": #"{"prompt": "a red circle"}"#, "image": #"{"prompt": "a red circle", "frames": 1}"#],
      TinyModels.sameWindow, code: 1)
    #expect(try VideoFile.read("\(daemon.spool)/clip.mp4").frames.frameCount == 17)
    #expect(try daemon.read("image.error.json").contains("makes videos only"))
  }

  @Test("a size among the model's variants is made by that variant")
  func variants() async throws {
    let text = #"{"prompt": "a red circle", "steps": 2"#
    let daemon = try await run(
      [
        "wide": text + "}", "square": text + #", "aspect": "1:1"}"#, "sides": text + #", "width": 128, "height": 128}"#,
        "other": text + #", "aspect": "16:9"}"#,
      ], TinyModels.twoSizes, code: 1)
    for (name, height) in [("wide", 64), ("square", 128), ("sides", 128)] {
      #expect(try VideoFile.read("\(daemon.spool)/\(name).mp4").frames.height == height, "\(name)")
    }
    #expect(try daemon.read("other.error.json").contains("128×64, 128×128"))
  }
}
