import DurableFiles
import JobModel
import Testing

@Suite("What a request may ask of which model")
struct TaskResolvingTests {
  private func resolve(_ text: String, _ model: ModelDescription) throws -> ResolvedRequest {
    try Request(parsing: Array(text.utf8)).resolved(for: model, digest: SHA256Digest(of: text), account: "default")
  }

  private func failure(_ text: String, _ model: ModelDescription) -> RequestError? {
    #expect(throws: RequestError.self) { try resolve(text, model) }
  }

  @Test("a picture is the clip's first frame; the frames of a video that it goes on from are not counted")
  func conditioning() throws {
    let model = try demoModel()
    let image = try resolve(#"{"prompt": "x", "image": "a.png"}"#, model)
    #expect(image.conditioning == .image && image.frameCount == 17 && image.chunkCount == 1)
    let video = try resolve(#"{"prompt": "x", "video": "a.mp4"}"#, model)
    #expect(video.conditioning == .video && video.frameCount == 12 && video.chunkCount == 1)
    #expect(try resolve(#"{"prompt": "x", "video": "a.mp4", "frames": 13}"#, model).chunkCount == 2)
    let generated = try resolve(#"{"prompt": "x", "first_frame": "generate", "frames": 29}"#, model)
    #expect(generated.conditioning == .generated && generated.chunkCount == 2)
    #expect(generated.plan.partCount == 3)
  }

  @Test(
    "conditioning needs a video and a model that was made for it",
    arguments: [("image", #""a.png""#), ("video", #""a.mp4""#), ("first_frame", #""generate""#)])
  func conditioningRefused(key: String, value: String) throws {
    let text = #"{"prompt": "x", "\#(key)": \#(value)}"#
    let error = failure(text, try demoModel(framePrediction: false))
    #expect(error?.code == .unsupported && error?.path == "/" + key && error?.place != nil)
    #expect(failure(text, try demoModel(latentFrames: 1))?.code == .unsupported)
    let image = failure(#"{"prompt": "x", "\#(key)": \#(value), "frames": 1}"#, try demoModel())
    #expect(image?.code == .conflict && image?.path == "/" + key)
  }

  @Test("a model whose cross-attention spans all frames makes videos only")
  func sameWindow() throws {
    let model = try demoModel(crossWindow: "same")
    #expect(failure(#"{"prompt": "x", "frames": 1}"#, model)?.path == "/frames")
    #expect(failure(#"{"prompt": "x", "first_frame": "generate"}"#, model)?.path == "/first_frame")
    #expect(try resolve(#"{"prompt": "x", "image": "a.png"}"#, model).conditioning == .image)
  }

  @Test("a model of one latent frame makes images, and says so when asked for more")
  func imageModel() throws {
    let model = try demoModel(latentFrames: 1)
    #expect(try resolve(#"{"prompt": "x"}"#, model).isImage)
    #expect(failure(#"{"prompt": "x", "frames": 2}"#, model)?.code == .tooManyFrames)
  }

  @Test("a class model takes one of its classes and no text, a text model no class")
  func classes() throws {
    let model = try demoModel(text: false, classes: 3)
    #expect(try resolve(#"{"class_label": 2}"#, model).classLabel == 2)
    #expect(try resolve(#"{"class_label": 2, "frames": 1}"#, model).isImage)
    #expect(failure(#"{"class_label": 3}"#, model)?.code == .range)
    #expect(failure("{}", model)?.code == .missingKey)
    #expect(failure(#"{"class_label": 1, "prompt": "x"}"#, model)?.path == "/prompt")
    #expect(failure(#"{"class_label": 1, "negative_prompt": "x"}"#, model)?.path == "/negative_prompt")
    let error = failure(#"{"prompt": "x", "class_label": 0}"#, try demoModel())
    #expect(error?.code == .unsupported && error?.path == "/class_label")
    #expect(error?.message.contains("\"demo\"") == true)
  }

  @Test("the digest of what was given is in the reproducible part, its copy's name is not")
  func record() throws {
    let text = #"{"prompt": "x", "image": "a.png"}"#
    var resolved = try resolve(text, demoModel())
    resolved.input = InputFile(path: "a.png", sha256: "ab", byteCount: 9, copy: "inputs/1234")
    let document = resolved.document.text()
    #expect(document.contains(#""image": {"path": "a.png", "sha256": "ab"}"#))
    #expect(!document.contains("1234"))
  }

  // MARK: Sizes

  private func withVariants(_ body: (ModelDescription) throws -> Void) throws {
    let folder = try ModelFolder(variants: #"[{"width": 224, "height": 128, "folder": "wide"}]"#)
    defer { folder.remove() }
    _ = try ModelFolder(width: 7, path: folder.path + "/wide")
    try body(folder.description())
  }

  @Test("width and height, or aspect, choose among the model's sizes")
  func variants() throws {
    try withVariants { model in
      let plain = try resolve(#"{"prompt": "x"}"#, model)
      #expect(plain.variant == nil && plain.width == 128)
      for size in [#""width": 224, "height": 128"#, #""aspect": "7:4""#] {
        let wide = try resolve(#"{"prompt": "x", \#(size)}"#, model)
        #expect(wide.variant == "wide" && wide.width == 224 && wide.height == 128)
        #expect(model.variant(wide.variant)?.folder == model.folder + "/wide")
      }
      let small = try resolve(#"{"prompt": "x", "stages": "base", "width": 56, "height": 32}"#, model)
      #expect(small.variant == "wide" && small.stages.map(\.width) == [56])
      #expect(try resolve(#"{"prompt": "x", "aspect": "1:1"}"#, model).variant == nil)
      let error = failure(#"{"prompt": "x", "aspect": "2:1"}"#, model)
      #expect(error?.message.contains("128×128, 224×128") == true)
    }
  }

  @Test("a variant that is not of the size it is said to be makes the model unusable, with both sizes")
  func wrongVariant() throws {
    let folder = try ModelFolder(variants: #"[{"width": 256, "height": 128, "folder": "wide"}]"#)
    defer { folder.remove() }
    _ = try ModelFolder(width: 7, path: folder.path + "/wide")
    let error = #expect(throws: ModelError.self) { try folder.description() }
    #expect(error?.problem.contains("256×128") == true && error?.problem.contains("224×128") == true)
  }
}
