import DurableFiles
import Foundation
import JobModel
import Spool
import Testing

@Suite("Publishing")
struct PublisherTests {
  private let spool: TestSpool
  private let publisher: Publisher
  private let state: String

  init() throws {
    spool = try TestSpool()
    publisher = Publisher(root: spool.root)
    state = spool.path + "/.state"
    try DurableFile.makeFolder(state)
    try spool.write("cat.json")
  }

  private func clip(_ index: Int = 0, _ content: String = "video") throws -> ClipMedia {
    try DurableFile.replace(state + "/\(index).mp4", with: content)
    try DurableFile.replace(state + "/\(index).png", with: "poster")
    return ClipMedia(
      index: index, videoPath: state + "/\(index).mp4", imagePath: state + "/\(index).png",
      metadata: [.init("seed", .integer(index))])
  }

  private func result(_ files: [RunRecord.File]) -> JSONValue {
    var run = RunRecord(job: JobID(7))
    run.files = files
    return resultDocument(reproducible: ["state": "done"], run: run)
  }

  @discardableResult
  private func publish(_ clips: [ClipMedia]) throws -> [RunRecord.File] {
    try publisher.publish(JobID(7), request: "cat.json", clips: clips, result: result)
  }

  @Test("one clip is published beside the request, with the names, sizes and digests in the result")
  func oneClip() throws {
    try publish([clip()])
    #expect(try spool.names() == [".state", "cat.json", "cat.mp4", "cat.png", "cat.result.json"])
    let result = try JSONDocument(parsing: DurableFile.read(spool.path + "/cat.result.json")).root.value
    #expect(
      result["run"]?["files"]?.arrayValue?.first == [
        "name": "cat.mp4", "bytes": 5, "sha256": .string(SHA256Digest(of: "video").hex),
      ])
  }

  @Test("publishing again ends the same")
  func idempotent() throws {
    try publish([clip()])
    let first = try spool.text("cat.result.json")
    try publish([clip()])
    #expect(try spool.text("cat.result.json") == first)
    try DurableFile.remove(spool.path + "/cat.result.json")
    try publish([clip()])
    #expect(try spool.text("cat.result.json") == first)
  }

  @Test("what a crash left under the hidden name goes away with the next publication")
  func stray() throws {
    try spool.write(".walt-job-7.tmp", "half")
    try publish([clip()])
    #expect(try !spool.names().contains(".walt-job-7.tmp"))
  }

  @Test("a changed request's outputs replace the old ones, and what is not made any more goes")
  func replaced() throws {
    try publish([clip()])
    let image = try clip(0, "new")
    try publish([ClipMedia(index: 0, videoPath: image.videoPath, imagePath: nil, metadata: [])])
    #expect(try spool.text("cat.mp4") == "new")
    #expect(try spool.names() == [".state", "cat.json", "cat.mp4", "cat.result.json"])
  }

  @Test("a file that is not ours is never replaced", arguments: ["cat.mp4", "cat.result.json"])
  func foreign(name: String) throws {
    try spool.write(name, "mine")
    let error = #expect(throws: PublishError.self) { try publish([clip()]) }
    #expect(error?.path == spool.path + "/" + name)
    #expect(try spool.text(name) == "mine")
  }

  @Test("a foreign file with an output's name is found when the request arrives, our own is not in the way")
  func checkedAtArrival() throws {
    try publisher.checkNames(request: "cat.json", Self.parameters())
    try publish([clip()])
    try publisher.checkNames(request: "cat.json", Self.parameters())
    try spool.write("cat.png", "my picture")
    let error = #expect(throws: RequestError.self) {
      try publisher.checkNames(request: "cat.json", Self.parameters())
    }
    #expect(error?.code == .nameTaken)
    try publisher.checkNames(request: "cat.json", Self.parameters(samples: 2))
    try spool.write("cat/mine.txt", "mine")
    #expect(throws: RequestError.self) {
      try publisher.checkNames(request: "cat.json", Self.parameters(samples: 2))
    }
  }

  private static func parameters(samples: Int = 1) throws -> ResolvedRequest {
    try parameters(Array(#"{"prompt": "x", "samples": \#(samples)}"#.utf8))
  }

  private static func parameters(_ text: [UInt8]) throws -> ResolvedRequest {
    let stage: [String: Any] = [
      "name": "base", "width": 32, "height": 32, "stepCount": 50, "guidanceScale": 7.5, "tokenCount": 80,
      "hiddenSize": 64, "feedForwardSize": 128, "weightByteCount": 1000,
    ]
    let value: [String: Any] = [
      "name": "demo", "folder": "/models/demo", "fps": 8, "maxFrameCount": 17, "chunkFrameCount": 17,
      "overlapFrameCount": 5, "takesText": true, "predictsFrames": true, "makesImages": true, "variants": [String](),
      "classCount": 0, "eta": 0, "stages": [stage],
      "textWeightByteCount": 0, "autoencoderWeightByteCount": 0, "autoencoderChannelCount": 16,
    ]
    let data = try JSONSerialization.data(withJSONObject: value)
    let model = try JSONDecoder().decode(ModelDescription.self, from: data)
    return try Request(parsing: text).resolved(for: model, digest: SHA256Digest(of: text), account: "default")
  }

  @Test("an output that its user changed since is not replaced")
  func changedByUser() throws {
    try publish([clip()])
    try spool.write("cat.mp4", "edited")
    #expect(throws: PublishError.self) { try publish([clip(0, "new")]) }
    #expect(try spool.text("cat.mp4") == "edited")
  }

  @Test("several clips are published as a folder with its metadata, whole, and again as such")
  func folder() throws {
    for _ in 0..<2 {
      let files = try publish([clip(0), clip(1)])
      #expect(files.map(\.name) == ["cat/000000.mp4", "cat/000001.mp4", "cat/metadata.jsonl"])
      #expect(try spool.names("cat") == [".walt", "000000.mp4", "000001.mp4", "metadata.jsonl"])
      #expect(try spool.names() == [".state", "cat", "cat.json", "cat.result.json"])
    }
    #expect(
      try spool.text("cat/metadata.jsonl") == """
        {"file_name": "000000.mp4", "seed": 0}
        {"file_name": "000001.mp4", "seed": 1}

        """)
    #expect(spool.scan().folders == ["."])
  }

  /// A clip with its single frames and latents, but no video.
  private func frames(_ index: Int = 0, count: Int = 2) throws -> ClipMedia {
    let frames = try (0..<count).map { frame in
      let path = state + "/\(index)-\(frame).png"
      try DurableFile.replace(path, with: "frame \(frame)")
      return path
    }
    try DurableFile.replace(state + "/\(index).safetensors", with: "latents")
    return ClipMedia(
      index: index, videoPath: nil, imagePath: nil, framePaths: frames, latentsPath: state + "/\(index).safetensors",
      metadata: [.init("seed", .integer(index))])
  }

  @Test("frames are a folder beside the request, latents a file, and they go when they are not made any more")
  func framesAndLatents() throws {
    for _ in 0..<2 {
      let files = try publish([frames()])
      #expect(files.map(\.name) == ["cat.latents.safetensors", "cat.frames/000000.png", "cat.frames/000001.png"])
      #expect(try spool.names("cat.frames") == [".walt", "000000.png", "000001.png"])
    }
    try publish([frames(count: 1)])
    #expect(try spool.names("cat.frames") == [".walt", "000000.png"])
    #expect(spool.scan().folders == ["."])
    try publish([clip()])
    #expect(try spool.names() == [".state", "cat.json", "cat.mp4", "cat.png", "cat.result.json"])
  }

  @Test("of several clips each has its frames and latents in the folder, and its line names the first of its files")
  func severalFrames() throws {
    try publish([frames(0), frames(1)])
    #expect(
      try spool.names("cat") == [
        ".walt", "000000.frames", "000000.latents.safetensors", "000001.frames", "000001.latents.safetensors",
        "metadata.jsonl",
      ])
    #expect(try spool.names("cat/000001.frames") == ["000000.png", "000001.png"])
    #expect(try spool.text("cat/metadata.jsonl").hasPrefix(#"{"file_name": "000000.latents.safetensors", "seed": 0}"#))
  }

  @Test("a folder that another request's job has made is in the way, also where it has the name of our frames")
  func folderOfAnother() throws {
    try spool.write("cat.frames.json")
    try publisher.publish(JobID(8), request: "cat.frames.json", clips: [clip(0), clip(1)], result: result)
    let text = Array(#"{"prompt": "x", "output": {"frames": true}}"#.utf8)
    #expect(throws: RequestError.self) { try publisher.checkNames(request: "cat.json", Self.parameters(text)) }
    #expect(throws: PublishError.self) { try publish([frames()]) }
    #expect(try spool.names("cat.frames").contains("000001.mp4"))
  }

  @Test("a folder that was published just before a crash is published again")
  func folderWithoutResult() throws {
    try publish([clip(0), clip(1)])
    try DurableFile.remove(spool.path + "/cat.result.json")
    try publish([clip(0), clip(1)])
    #expect(try spool.names().contains("cat.result.json"))
  }

  @Test("a folder of frames that is not ours is in the way")
  func foreignFrames() throws {
    try spool.write("cat.frames/mine.txt", "mine")
    let text = Array(#"{"prompt": "x", "output": {"frames": true}}"#.utf8)
    #expect(throws: RequestError.self) { try publisher.checkNames(request: "cat.json", Self.parameters(text)) }
    #expect(throws: PublishError.self) { try publish([frames()]) }
    #expect(try spool.text("cat.frames/mine.txt") == "mine")
  }

  @Test("a folder that is not ours is never replaced, and one that is outdated goes")
  func foreignFolder() throws {
    try publish([clip(0), clip(1)])
    try publish([clip(0)])
    #expect(try !spool.names().contains("cat"))
    try spool.write("cat/mine.txt", "mine")
    #expect(throws: PublishError.self) { try publish([clip(0), clip(1)]) }
    #expect(try spool.text("cat/mine.txt") == "mine")
  }

  @Test("the error file says what is wrong, and goes when the request is good")
  func errorFile() throws {
    try publisher.writeError(JobID(7), request: "cat.json", RequestError(.syntax, "ends too early").document)
    #expect(try spool.text("cat.error.json").contains("\"error\": \"syntax\""))
    try publish([clip()])
    #expect(try !spool.names().contains("cat.error.json"))
    try spool.write("cat.error.json", "mine")
    #expect(throws: PublishError.self) {
      try publisher.writeError(JobID(7), request: "cat.json", RequestError(.syntax, "x").document)
    }
    try publisher.removeError(request: "cat.json")
    #expect(try spool.text("cat.error.json") == "mine")
  }

  @Test("the result of a cancelled job stands alone")
  func cancelled() throws {
    try publisher.publishResult(JobID(7), request: "cat.json", result([]))
    #expect(try spool.names() == [".state", "cat.json", "cat.result.json"])
  }
}
