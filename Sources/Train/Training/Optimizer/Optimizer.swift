import Kernels
import Tensors

/// Changes weights by their gradients, and remembers what it needs for the next time.
protocol Optimizer: AnyObject {
  /// Changes the weights in place.
  ///
  /// - Parameters:
  ///   - gradients: one for each weight, in their order; `nil` where the loss does not depend on it: it then keeps its
  ///     value and what is remembered of it.
  ///   - gradientScale: multiplied into every gradient first (clipping).
  func update(gradients: [Tensor?], rate: Float, gradientScale: Float, on device: ComputeDevice)

  /// All that the next update depends on but the weights, by names that end in theirs.
  var tensors: [String: Tensor] { get }

  /// Takes up what `tensors` gave and the number of updates that had led there.
  func restore(updateCount: Int, from source: (String, [Int]) throws -> Tensor) throws
}
