import DurableFiles
import Layers
import Tensors
import Weights

/// Writes a model folder, weight after weight: `model.safetensors`, then `config.json`.
package struct ModelFolderWriter {
  private let folder: String

  /// - Throws: `TrainingError` if the folder holds a model already.
  package init(folder: String) throws {
    self.folder = folder
    for name in ["model.safetensors", "model.safetensors.index.json", "config.json"]
    where DurableFile.exists("\(folder)/\(name)") {
      throw TrainingError(
        .model, "write a model to \"\(folder)\": it holds \(name) already; choose another folder or remove it")
    }
  }

  /// - Parameters:
  ///   - type: what each weight is stored as.
  ///   - value: gives each weight's value, shaped as specified; asked once each.
  package func write(
    _ specifications: [ParameterSpecification], json: String, type: (ParameterSpecification) throws -> FloatType,
    value: (ParameterSpecification) throws -> Tensor
  ) throws {
    try DurableFile.makeFolder(folder)
    let byName = Dictionary(uniqueKeysWithValues: specifications.map { ($0.name, $0) })
    let writer = SafetensorsWriter(
      try specifications.map { SafetensorsWriter.Entry($0.name, $0.shape, try type($0)) })
    let available = try DurableFile.availableBytes(at: folder)
    guard writer.byteCount < available else {
      throw TrainingError(
        .model,
        "write a model to \"\(folder)\": it needs \(writer.byteCount) bytes, the disk has \(available) left; make room")
    }
    try writer.write(to: "\(folder)/model.safetensors") { name in
      guard let specification = byName[name] else { preconditionFailure("no weight \(name) was announced") }
      return try value(specification)
    }
    try DurableFile.replace("\(folder)/config.json", with: json)
  }
}
