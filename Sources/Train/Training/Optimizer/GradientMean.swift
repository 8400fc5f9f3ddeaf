import Kernels
import Tensors

/// The mean of several batches' gradients, in the memory of one.
struct GradientMean {
  private let count: Int
  private(set) var gradients: [Tensor?] = []

  /// - Parameter count: how many will be added.
  init(count: Int) { self.count = count }

  mutating func add(_ batch: [Tensor?], on device: ComputeDevice) {
    if count == 1 {
      gradients = batch
      return
    }
    if gradients.isEmpty { gradients = batch.map { _ in nil } }
    for (index, gradient) in batch.enumerated() {
      guard let gradient else { continue }
      if let sum = gradients[index] {
        device.accumulate(gradient, times: 1 / Float(count), into: sum)
      } else {
        gradients[index] = device.scale(gradient, by: 1 / Float(count))
      }
    }
  }
}
