import Autograd
import Glibc
import Layers
import Tensors

/// u = time_emb(k) + tsr_emb + class_emb + text_pool, those that the model has (model.md sections 3.2 and 4).
package struct ConditioningVector {
  private let model: TransformerConfiguration
  private let time: Perceptron
  private let augmentationTime: Perceptron?
  private let classTable: Parameter?

  init(_ store: ParameterStore, _ model: TransformerConfiguration) {
    self.model = model
    time = Perceptron(store, "time_mlp", activation: .silu)
    augmentationTime = model.isUpsampler ? Perceptron(store, "tsr_mlp", activation: .silu) : nil
    classTable = model.classes > 0 ? store["class_emb"] : nil
  }

  static func specifications(_ model: TransformerConfiguration) -> [ParameterSpecification] {
    let d = model.hidden
    var result = Perceptron.specifications("time_mlp", in: sinusoidWidth, hidden: d, out: d)
    if model.isUpsampler {
      result += Perceptron.specifications("tsr_mlp", in: sinusoidWidth, hidden: d, out: d)
    }
    if model.classes > 0 {
      result.append(ParameterSpecification("class_emb", [model.classes + 1, d], .normal(standardDeviation: 0.02)))
    }
    return result
  }

  /// → u [U, d], one row a condition.
  func callAsFunction(_ conditions: [DenoiserCondition], text: PreparedText?, on tape: Tape) -> Variable {
    var u = timeEmbedding(conditions.map(\.timestep), on: tape)
    if let augmentationTime {
      let sinusoids = tape.constant(Self.sinusoids(conditions.map(\.augmentationTimestep)))
      u = tape.add(u, augmentationTime(sinusoids, on: tape))
    }
    if let classTable {
      let labels = conditions.map { $0.classLabel ?? model.classes }
      u = tape.add(u, tape.gatherRows(tape.read(classTable), labels))
    }
    if let text, let pooled = text.pooled {
      u = tape.add(u, tape.gatherRows(pooled, conditions.map { $0.text ?? text.nullIndex }))
    }
    return u
  }

  /// time_emb(k): [U, d].
  package func timeEmbedding(_ timesteps: [Double], on tape: Tape) -> Variable {
    time(tape.constant(Self.sinusoids(timesteps)), on: tape)
  }

  private static let sinusoidWidth = 256

  /// s(k) = [cos(k·ω_i) | sin(k·ω_i)], ω_i = exp(−ln(10000)·i/128): in double, rounded once. [U, 256].
  package static func sinusoids(_ timesteps: [Double]) -> Tensor {
    let half = sinusoidWidth / 2
    let result = Tensor(uninitialized: [timesteps.count, sinusoidWidth])
    for (row, timestep) in timesteps.enumerated() {
      for index in 0..<half {
        let angle = timestep * exp(-log(10000) * Double(index) / Double(half))
        result.pointer[row * sinusoidWidth + index] = Float(cos(angle))
        result.pointer[row * sinusoidWidth + half + index] = Float(sin(angle))
      }
    }
    return result
  }
}
