import Diffusion
import Foundation
import Tensors
import Weights

/// A sampler's state as a safetensors file: tensors `x` and `clean` in float32, the step in the metadata. What is
/// written is read back bit for bit.
extension SamplerState {
  private static let format = "walt-sampler-state-1"

  /// The file's content.
  ///
  /// - Parameter metadata: what else the file is to say; `format` and `step` are added.
  package func document(metadata: [String: String] = [:]) -> SafetensorsDocument {
    var document = SafetensorsDocument(
      metadata: metadata.merging(["format": Self.format, "step": String(step)]) { $1 })
    document.add("x", x)
    document.add("clean", clean)
    return document
  }

  /// Reads what `document` made.
  ///
  /// - Throws: `WeightsError` if it is another kind of file.
  package init(_ file: SafetensorsFile) throws {
    guard file.metadata["format"] == Self.format, let step = file.metadata["step"].flatMap({ Int($0) }), step >= 0
    else {
      throw WeightsError(
        .malformed,
        "resume from \"\(file.path)\": format is \(file.metadata["format"] ?? "not given"), expected \(Self.format)")
    }
    let (x, clean) = (try file.tensor("x"), try file.tensor("clean"))
    guard x.shape == clean.shape else {
      throw WeightsError(.wrongShape, "resume from \"\(file.path)\": clean is \(clean.shape), x is \(x.shape)")
    }
    self.init(step: step, x: x, clean: clean)
  }
}
