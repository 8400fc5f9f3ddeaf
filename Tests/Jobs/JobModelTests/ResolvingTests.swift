import DurableFiles
import JobModel
import Testing

@Suite("Resolving a request against a model")
struct ResolvingTests {
  private func resolve(
    _ text: String, model: ModelDescription? = nil, capabilities: ServiceCapabilities = ServiceCapabilities()
  ) throws -> ResolvedRequest {
    let request = try Request(parsing: Array(text.utf8))
    return try request.resolved(
      for: model ?? demoModel(), digest: SHA256Digest(of: text), account: "default", capabilities: capabilities)
  }

  private func failure(_ text: String, model: ModelDescription? = nil) -> RequestError? {
    #expect(throws: RequestError.self) { try resolve(text, model: model) }
  }

  @Test("a model folder is read: sizes, frames, chunks, defaults")
  func model() throws {
    let model = try demoModel()
    #expect(model.stages.map(\.width) == [32, 64, 128])
    #expect(model.stages.map(\.tokenCount) == [80, 80, 80])
    #expect(model.chunkFrameCount == 17)
    #expect(model.overlapFrameCount == 5)
    #expect(model.maxFrameCount == 293)
    #expect(try demoModel(framePrediction: false).maxFrameCount == 17)
    #expect(model.stages.map(\.kSR) == [nil, 100, 60])
    #expect(model.stages[0].weightByteCount == 1000)
  }

  @Test("what a request leaves open comes from the model, the seed from its bytes")
  func defaults() throws {
    let text = #"{"prompt": "a cat"}"#
    let resolved = try resolve(text)
    #expect(resolved.frameCount == 17)
    #expect(resolved.chunkCount == 1)
    #expect(resolved.stages.map(\.steps) == [50, 50, 10])
    #expect(resolved.stages.map(\.guidanceScale) == [7.5, 1, 1])
    #expect(resolved.priority == 50)
    #expect(resolved.seed == SHA256Digest(of: text).first63Bits)
    #expect(resolved.seed >= 0)
  }

  @Test(
    "chunks are 1 + max(0, ⌈(n − 17) / 12⌉)",
    arguments: [(1, 1), (2, 1), (17, 1), (18, 2), (29, 2), (30, 3), (293, 24)])
  func chunks(frames: Int, chunks: Int) throws {
    #expect(try resolve(#"{"prompt": "x", "frames": \#(frames)}"#).chunkCount == chunks)
  }

  @Test("3.6 seconds at 8 frames a second are 29 frames in 2 chunks")
  func seconds() throws {
    let resolved = try resolve(#"{"prompt": "x", "seconds": 3.6}"#)
    #expect(resolved.frameCount == 29)
    #expect(resolved.chunkCount == 2)
  }

  @Test("more frames than the model makes are refused with the numbers and the line")
  func tooManyFrames() {
    let error = failure("{\"prompt\": \"x\",\n \n \"frames\": 500}")
    #expect(error?.code == .tooManyFrames)
    #expect(
      error?.description(file: "spool/cats/cat.json")
        == "spool/cats/cat.json:3: frames is 500, the most \"demo\" makes in one request is 293; lower frames or choose another model"
    )
  }

  @Test("one number of steps goes to every stage, a list gives each its own, one guidance is the base's")
  func perStage() throws {
    #expect(try resolve(#"{"prompt": "x", "steps": 20}"#).stages.map(\.steps) == [20, 20, 20])
    let each = try resolve(#"{"prompt": "x", "steps": [30, 20, 10], "guidance_scale": [3, 2, 1.5], "k_sr": [10, 20]}"#)
    #expect(each.stages.map(\.steps) == [30, 20, 10])
    #expect(each.stages.map(\.guidanceScale) == [3, 2, 1.5])
    #expect(each.stages.map(\.kSR) == [nil, 10, 20])
    #expect(try resolve(#"{"prompt": "x", "guidance_scale": 3}"#).stages.map(\.guidanceScale) == [3, 1, 1])
    #expect(failure(#"{"prompt": "x", "steps": [30, 20]}"#)?.code == .range)
    #expect(try resolve(#"{"prompt": "x", "stages": "sr1", "steps": [30, 20]}"#).stages.map(\.width) == [32, 64])
  }

  @Test("a list of values makes clips in the prompt's order, the last fastest, samples innermost, seeds ascending")
  func vary() throws {
    let resolved = try resolve(
      #"{"prompt": "a {size} {colour} cat", "vary": {"colour": ["red", "{size}"], "size": ["big", "small"]}, "samples": 2, "seed": 7}"#
    )
    #expect(
      resolved.clips.map(\.prompt) == [
        "a big red cat", "a big red cat", "a big {size} cat", "a big {size} cat", "a small red cat", "a small red cat",
        "a small {size} cat", "a small {size} cat",
      ])
    #expect(resolved.clips.map(\.seed) == Array(7...14))
  }

  @Test(
    "what the model or this version cannot do is refused as such",
    arguments: [
      #"{"prompt": "x", "class_label": 1}"#, #"{"prompt": "x", "width": 64, "height": 64}"#,
      #"{"prompt": "x", "aspect": "16:9"}"#,
      #"{"prompt": "x", "profile": "turbo"}"#,
    ])
  func unsupported(text: String) {
    let error = failure(text)
    #expect(error?.code == .unsupported)
    #expect(error?.place != nil)
  }

  @Test("a negative prompt needs guidance")
  func negativePrompt() throws {
    #expect(failure(#"{"prompt": "x", "negative_prompt": "y", "guidance_scale": 1}"#)?.code == .conflict)
    #expect(try resolve(#"{"prompt": "x", "negative_prompt": "y"}"#).negativePrompt == "y")
  }

  @Test("a text model needs a prompt")
  func missingPrompt() { #expect(failure("{}")?.code == .missingKey) }

  @Test("the size that the model makes may be asked for by name")
  func size() throws {
    #expect(try resolve(#"{"prompt": "x", "width": 128, "height": 128}"#).width == 128)
    #expect(try resolve(#"{"prompt": "x", "aspect": "1:1", "stages": "base"}"#).width == 32)
  }

  @Test("the record of one clip of several is that of the request for it alone")
  func clipRecord() throws {
    let many = #"{"prompt": "a {c} cat", "vary": {"c": ["red"]}, "samples": 2, "seed": 5, "steps": 3}"#
    let record = try record(many).clip(1)
    let alone = try self.record(record.request.text())
    #expect(record.request.text() == #"{"prompt": "a red cat", "steps": 3, "seed": 6}"#)
    #expect(record.document.text() == alone.document.text())
  }

  private func record(_ text: String) throws -> ReproducibleRecord {
    let request = try Request(parsing: Array(text.utf8))
    return ReproducibleRecord(
      state: .done, request: request.source, requestDigest: SHA256Digest(of: text), parameters: try resolve(text),
      labels: request.labels)
  }
}
