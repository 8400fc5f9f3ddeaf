import Autograd
import Kernels
import Layers
import Tensors
import Testing
import VideoTransformer
import Weights

/// One case of a `walt` fixture; `given` is the number of given frames.
struct TransformerCase: Sendable, CustomTestStringConvertible {
  let file: String
  let name: String
  var given = 0
  var testDescription: String { "\(file)/\(name)" }
}

/// The tolerances are those of the fixtures: 2e-5 of the root mean square, or 20 times the error of another float32
/// implementation.
@Suite("The denoiser, against golden values")
struct GoldenTransformerTests {
  private static let cases = [
    TransformerCase(file: "walt_class", name: "video"), TransformerCase(file: "walt_class", name: "image"),
    TransformerCase(file: "walt_class", name: "mixed"), TransformerCase(file: "walt_class", name: "stack_per_frame"),
    TransformerCase(file: "walt_separate", name: "video"),
    TransformerCase(file: "walt_separate", name: "frame_pred1", given: 1),
    TransformerCase(file: "walt_separate", name: "frame_pred2", given: 2),
    TransformerCase(file: "walt_imagenet", name: "image"),
    TransformerCase(file: "walt_text", name: "video"), TransformerCase(file: "walt_text", name: "null"),
    TransformerCase(file: "walt_text", name: "frame_pred", given: 2),
    TransformerCase(file: "walt_text", name: "image"), TransformerCase(file: "walt_text", name: "mixed"),
    TransformerCase(file: "walt_text_same_window", name: "video"),
    TransformerCase(file: "walt_text_same_window", name: "null"),
    TransformerCase(file: "walt_text_same_window", name: "frame_pred", given: 2),
    TransformerCase(file: "walt_sr", name: "video"), TransformerCase(file: "walt_sr", name: "video_clean_lr"),
    TransformerCase(file: "walt_sr", name: "frame_pred", given: 2), TransformerCase(file: "walt_sr", name: "image"),
  ]

  @Test("predicts the velocity", arguments: cases)
  func forward(golden: TransformerCase) throws {
    let file = try GoldenFile(golden.file)
    let model = try VideoTransformer(golden: file)
    let tape = Tape(device: ComputeDevice(threadCount: 2), recording: false)
    let (texts, ranges) = try file.texts(of: golden.name)
    let text = model.prepare(texts: texts, ranges: ranges, on: tape)
    let input = try file.denoiserInput(of: golden)
    try file.expect(model(input, text: text, on: tape).value, equals: "v", of: golden.name)
  }

  @Test("each item of a batch has the bytes that it would have alone, on any number of threads")
  func batchInvariance() throws {
    let file = try GoldenFile("walt_text")
    let model = try VideoTransformer(golden: file)
    let (texts, ranges) = try file.texts(of: "mixed")
    let batch = try file.denoiserInput(of: TransformerCase(file: "walt_text", name: "mixed"))
    let tape = Tape(device: ComputeDevice(threadCount: 2), recording: false)
    let together = model(batch, text: model.prepare(texts: texts, ranges: ranges, on: tape), on: tape).value
    for item in 0..<2 {
      let tape = Tape(device: ComputeDevice(threadCount: 1), recording: false)
      let rows = try #require(texts).rows(ranges[item])
      let text = model.prepare(texts: rows, ranges: [0..<rows.shape[0]], on: tape)
      var condition = batch.conditions[batch.conditionOfFrame[5 * item]]
      condition.text = 0
      let alone = DenoiserInput(
        latents: batch.latents.rows(item..<(item + 1)), conditions: [condition],
        conditionOfFrame: [0, 0, 0, 0, 0], isImageStack: [batch.isImageStack[item]],
        previousEstimate: batch.previousEstimate?.rows(item..<(item + 1)))
      let isSame = model(alone, text: text, on: tape).value.array == together[item].array
      #expect(isSame, "item \(item)")
    }
  }

  @Test("attends within its windows: spatial, spatiotemporal, and images to themselves")
  func attention() throws {
    let file = try GoldenFile("walt_class")
    let model = try VideoTransformer(golden: file)
    let tape = Tape(device: ComputeDevice(threadCount: 2), recording: false)
    for (name, layer) in [("module_attn_s", 0), ("module_attn_st", 1), ("module_attn_st_image", 1)] {
      let x = try file.input("\(name)/in/x")
      let windows = WindowLayout(
        model.configuration, itemCount: 1, frameCount: x.shape[1], isImage: [x.shape[1] == 1], text: nil)
      let y = model.layers[layer].attention(
        tape.constant(x.reshaped([x.count / 32, 32])), windows: layer == 0 ? windows.spatial : windows.spatiotemporal,
        on: tape)
      try file.expect(y.value.reshaped(x.shape), equals: "y", of: name)
    }
  }

  @Test("attends to the window and the text together", arguments: ["walt_text", "walt_text_same_window"])
  func crossAttention(name: String) throws {
    let file = try GoldenFile(name)
    let model = try VideoTransformer(golden: file)
    let tape = Tape(device: ComputeDevice(threadCount: 2), recording: false)
    let x = try file.input("module_cross/in/x")
    let (rows, ranges) = try file.unmasked("module_cross/in/text", mask: "module_cross/in/mask")
    let windows = WindowLayout(model.configuration, itemCount: 1, frameCount: 5, isImage: [false], text: ranges)
    let cross = try #require(model.layers[1].cross)
    let y = cross(
      tape.constant(x.reshaped([x.count / 32, 32])), text: cross.keysAndValues(ofText: tape.constant(rows), on: tape),
      windows: try #require(windows.spatiotemporalWithText), on: tape)
    try file.expect(y.value.reshaped(x.shape), equals: "y", of: "module_cross")
  }

  @Test("modulates each frame by its own condition")
  func modulation() throws {
    let file = try GoldenFile("walt_class")
    let model = try VideoTransformer(golden: file)
    let tape = Tape(device: ComputeDevice(threadCount: 2), recording: false)
    let single = tape.constant(try file.input("module_adaln/in/u"))
    try file.expect(model.modulation(layer: 1, of: single, on: tape).value, equals: "A", of: "module_adaln")

    let x = try file.input("module_layer/in/x")
    let u = tape.constant(try file.input("module_layer/in/u").reshaped([5, 32]))
    let windows = WindowLayout(model.configuration, itemCount: 1, frameCount: 5, isImage: [false], text: nil)
    let y = model.layers[2](
      tape.constant(x.reshaped([80, 32])), modulation: model.modulation(layer: 2, of: u, on: tape),
      conditionOfFrame: [0, 1, 2, 3, 4], windows: windows.spatial, crossWindows: nil, text: nil, on: tape)
    try file.expect(y.value.reshaped(x.shape), equals: "y", of: "module_layer")

    let last = model.output(
      tape.constant(try file.input("module_final/in/x").reshaped([80, 32])),
      activated: tape.silu(tape.constant(try file.input("module_final/in/u").reshaped([5, 32]))),
      conditionOfFrame: [0, 1, 2, 3, 4], on: tape)
    try file.expect(last.value.reshaped([1, 5, 4, 4, 4]), equals: "y", of: "module_final")
  }

  @Test("embeds timesteps, and widens low-resolution latents")
  func embeddings() throws {
    let tape = Tape(device: ComputeDevice(threadCount: 2), recording: false)
    let classFile = try GoldenFile("walt_class")
    let timesteps = try classFile.input("module_time/in/k").array.map(Double.init)
    try classFile.expect(
      VideoTransformer(golden: classFile).conditioning.timeEmbedding(timesteps, on: tape).value, equals: "y",
      of: "module_time")
    let upsampler = try GoldenFile("walt_sr")
    let lowResolution = try upsampler.input("module_lr_up/in/lr")
    try upsampler.expect(
      VideoTransformer(golden: upsampler).embedding.upsampled(lowResolution, on: tape).value, equals: "y",
      of: "module_lr_up")
  }
}
