import Tensors

extension ParameterSpecification {
  /// The first values of this weight. They depend on the seed and the name only, so that a model that gains a layer
  /// keeps its other weights.
  package func draw(seed: UInt64) -> Tensor {
    let stream = NoiseStream(seed: seed, purpose: .initialWeights, item: nameHash)
    switch initializer {
    case .zeros: return Tensor(zeros: shape)
    case .ones: return Tensor(repeating: 1, shape: shape)
    case .xavierUniform: return uniform(stream, fanCount: fanIn + shape[0])
    case .heUniform: return uniform(stream, fanCount: fanIn)
    case .normal(let deviation): return stream.normals(shape: shape).map { Float(deviation * Double($0)) }
    }
  }

  private var fanIn: Int { shape.dropFirst().reduce(1, *) }

  private func uniform(_ stream: NoiseStream, fanCount: Int) -> Tensor {
    let bound = (6 / Double(fanCount)).squareRoot()
    return stream.uniforms(shape: shape, low: -bound, high: bound)
  }

  /// FNV-1a of the name.
  private var nameHash: UInt32 {
    name.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
  }
}
