import Autograd
import Foundation
import Tensors
import Weights

/// The weights of one model by name, exactly those that its specifications list.
///
/// Not `Sendable`: a model is used from one thread at a time.
package final class ParameterStore {
  /// In the order of the specifications.
  package let parameters: [Parameter]
  private let byName: [String: Parameter]

  private init(_ parameters: [Parameter]) {
    self.parameters = parameters
    byName = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0) })
  }

  /// Takes each weight's values from `value`, shaped as specified.
  package convenience init(
    specifications: [ParameterSpecification], value: (ParameterSpecification) throws -> Tensor
  ) rethrows {
    self.init(
      try specifications.map { specification in
        let tensor = try value(specification)
        precondition(
          tensor.shape == specification.shape,
          "\(specification.name) is \(tensor.shape), expected \(specification.shape)")
        return Self.parameter(specification, Parameter(name: specification.name, value: tensor))
      })
  }

  /// Draws the first weights of a model that is to be trained.
  package convenience init(initializing specifications: [ParameterSpecification], seed: UInt64) {
    self.init(specifications: specifications) { $0.draw(seed: seed) }
  }

  /// Opens a model's weights; each is read when it is first needed.
  ///
  /// - Parameters:
  ///   - files: the weights file, or its shards.
  ///   - prefix: what precedes every name in the files; tensors without it are no weights.
  ///   - ignoring: names that the files may hold without belonging to this model.
  /// - Throws: `WeightsError` if a tensor is unknown, missing or of another shape.
  package convenience init(
    loading files: [SafetensorsFile], specifications: [ParameterSpecification], prefix: String = "",
    ignoring: (String) -> Bool = { _ in false }
  ) throws {
    let known = Set(specifications.map { prefix + $0.name })
    for file in files {
      for name in file.names where name.hasPrefix(prefix) && !known.contains(name) && !ignoring(name) {
        throw WeightsError(
          .unknownTensor,
          "load weights \"\(file.path)\": \(name) is not a tensor of this model; does config.json belong to it?")
      }
    }
    self.init(
      try specifications.map { specification in
        let stored = try Self.find(specification, prefix: prefix, in: files)
        return Self.parameter(specification, Parameter(name: specification.name, stored: stored))
      })
  }

  /// Opens the weights of a model folder in the same way.
  package convenience init(
    folder: URL, specifications: [ParameterSpecification], ignoring: (String) -> Bool = { _ in false }
  ) throws {
    try self.init(loading: ModelFolder.openWeights(in: folder), specifications: specifications, ignoring: ignoring)
  }

  /// The weight of this name.
  ///
  /// - Precondition: the specifications list it.
  package subscript(name: String) -> Parameter {
    guard let parameter = byName[name] else { preconditionFailure("this model has no weight \"\(name)\"") }
    return parameter
  }

  /// The number of weights in all.
  package var weightCount: Int { parameters.reduce(0) { $0 + $1.count } }

  /// The weights as a file's content.
  package func document(as type: FloatType = .float32, metadata: [String: String] = [:]) -> SafetensorsDocument {
    var document = SafetensorsDocument(metadata: metadata)
    for parameter in parameters { document.add(parameter.name, parameter.value, as: type) }
    return document
  }

  private static func parameter(_ specification: ParameterSpecification, _ parameter: Parameter) -> Parameter {
    parameter.isTrainable = specification.isTrainable
    return parameter
  }

  private static func find(
    _ specification: ParameterSpecification, prefix: String, in files: [SafetensorsFile]
  ) throws -> StoredTensor {
    let name = prefix + specification.name
    guard let file = files.first(where: { $0.contains(name) }) else {
      let paths = files.map { "\"\($0.path)\"" }.joined(separator: ", ")
      throw WeightsError(
        .missingTensor,
        "load weights \(paths): \(name) \(specification.shape) is missing; does config.json belong to it?"
      )
    }
    let shape = try file.shape(of: name)
    guard shape == specification.shape else {
      throw WeightsError(
        .wrongShape,
        "load weights \"\(file.path)\": \(name) is \(shape), expected \(specification.shape); "
          + "does config.json belong to it?")
    }
    return try file.stored(name)
  }
}
