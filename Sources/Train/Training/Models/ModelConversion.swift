import DurableFiles
import Foundation
import VideoPipeline
import VideoTransformer

/// Conversions of trained models, weight after weight: memory holds one of them at a time.
package enum ModelConversion {
  /// How a model is to be reshaped.
  package struct Shape: Sendable {
    /// The frame in latent pixels; of a pipeline, that of its base.
    package var size: TransformerConfiguration.Size
    /// The window in space and time, in tokens; nil: the present one, grown with the frame.
    package var window: TransformerConfiguration.Size?

    package init(size: TransformerConfiguration.Size, window: TransformerConfiguration.Size? = nil) {
      (self.size, self.window) = (size, window)
    }

    /// The shape of a stage whose frame is `size` where the base's is `base`; nil where that is no whole number.
    fileprivate func scaled(
      by size: TransformerConfiguration.Size, over base: TransformerConfiguration.Size
    ) -> Shape? {
      let (height, width) = (self.size.height * size.height, self.size.width * size.width)
      guard height % base.height == 0, width % base.width == 0 else { return nil }
      return Shape(size: .init(height / base.height, width / base.width), window: window)
    }
  }

  /// Writes the denoiser or the whole pipeline in `source`, made for another frame, to `target` (§4.5, model.md
  /// section 7): positions and relative biases are interpolated, windows grow with the frame. The stages of a pipeline
  /// keep their ratios; its other parts are copied.
  ///
  /// - Throws: `WeightsError` and `TrainingError`.
  package static func reshape(_ source: String, to target: String, shape: Shape) throws {
    guard DurableFile.exists("\(source)/pipeline.json") else {
      return try reshapeDenoiser(source, to: target, shape: shape)
    }
    let pipeline = try PipelineConfiguration(contentsOf: URL(fileURLWithPath: "\(source)/pipeline.json"))
    let models = pipeline.stages.map(\.model).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    let base = try StoredDenoiser(folder: "\(source)/\(models[0])").configuration.size
    for model in models {
      let size = try StoredDenoiser(folder: "\(source)/\(model)").configuration.size
      guard let own = shape.scaled(by: size, over: base) else {
        throw TrainingError(
          .model,
          "reshape \"\(source)\": \(shape.size.height)×\(shape.size.width) for its base is no whole number of latent "
            + "pixels for \(model), which has \(size.height)×\(size.width) for the base's \(base.height)×\(base.width); "
            + "choose another size")
      }
      try reshapeDenoiser("\(source)/\(model)", to: "\(target)/\(model)", shape: own)
    }
    let others = Set(pipeline.stages.map(\.autoencoder) + [pipeline.text].compactMap { $0 }).sorted()
    for part in others { try copyFiles(of: "\(source)/\(part)", to: "\(target)/\(part)") }
    try DurableFile.replace("\(target)/pipeline.json", with: DurableFile.read("\(source)/pipeline.json"))
  }

  private static func reshapeDenoiser(_ source: String, to target: String, shape: Shape) throws {
    let model = try StoredDenoiser(folder: source)
    guard let configuration = model.configuration.resized(to: shape.size, spatiotemporalWindow: shape.window) else {
      let old = model.configuration
      throw TrainingError(
        .model,
        "reshape \"\(source)\": \(old.size.height)×\(old.size.width) latent pixels in patches of \(old.patch) with "
          + "windows of \(old.spatiotemporalWindow.height)×\(old.spatiotemporalWindow.width) tokens do not become "
          + "\(shape.size.height)×\(shape.size.width) in whole windows; choose another size or name the windows")
    }
    try ModelFolderWriter(folder: target).write(configuration.specifications, json: configuration.json) {
      try model.stored($0.name).type
    } value: {
      try model.stored($0.name).widened().interpolated(to: $0.shape)
    }
  }

  /// Copies the files in a folder, as they are.
  private static func copyFiles(of source: String, to target: String) throws {
    try DurableFile.makeFolder(target)
    for name in try Folder(source).names().sorted() {
      let file = try MappedFile("\(source)/\(name)")
      try DurableFile.replace("\(target)/\(name)") { try $0.write(file.bytes, path: "\(target)/\(name)") }
      withExtendedLifetime(file) {}
    }
  }

  /// Writes the image model in `source`, with layers in space and time between its own, to `target` (see
  /// `TransformerConfiguration.interleaved`).
  ///
  /// - Throws: `WeightsError` and `TrainingError`.
  package static func interleave(
    _ source: String, to target: String, frames: Int, window: TransformerConfiguration.Size, seed: UInt64
  ) throws {
    let model = try StoredDenoiser(folder: source)
    let old = model.configuration
    guard let configuration = old.interleaved(frames: frames, spatiotemporalWindow: window) else {
      throw TrainingError(
        .model,
        "interleave \"\(source)\": it makes \(old.frames) latent frames of \(old.tokenSize.height)×"
          + "\(old.tokenSize.width) tokens; an image model (1 frame), 2 frames or more and windows that divide the "
          + "frame are needed, not \(frames) frames and windows of \(window.height)×\(window.width)")
    }
    let type = try model.type()
    try ModelFolderWriter(folder: target).write(configuration.specifications, json: configuration.json) { _ in
      type
    } value: {
      try TransformerConfiguration.interleavedValue(of: $0, seed: seed) { try model.stored($0).widened() }
    }
  }
}
