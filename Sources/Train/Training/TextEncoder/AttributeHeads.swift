import Autograd
import Datasets
import Layers
import Tensors

/// Linear classifiers on a caption's mean-pooled encoding, one for each attribute, with a class more for "not said".
/// They exist in training only.
struct AttributeHeads {
  let store: ParameterStore
  private let heads: [Linear]

  init(width: Int, seed: UInt64) {
    let specifications = SceneAttribute.allCases.flatMap {
      Linear.specifications(Self.name($0), in: width, out: $0.classCount + 1)
    }
    store = ParameterStore(initializing: specifications, seed: seed)
    heads = SceneAttribute.allCases.map { [store] in Linear(store, Self.name($0)) }
  }

  /// Logits of each attribute from [n, width].
  func callAsFunction(_ pooled: Variable, on tape: Tape) -> [Variable] { heads.map { $0(pooled, on: tape) } }

  private static func name(_ attribute: SceneAttribute) -> String { "heads.\(attribute.rawValue)" }
}

/// The largest entry of each row of [n, classes].
func classes(ofLogits logits: Tensor) -> [Int] {
  let width = logits.shape[1]
  return (0..<logits.shape[0]).map { row in
    (0..<width).max { logits.pointer[row * width + $0] < logits.pointer[row * width + $1] } ?? 0
  }
}
