import Autograd
import Kernels
import Tensors

/// The running mean of a model's weights, which is what training exports.
///
/// After update n the decay is min(decay, (1 + n) / (10 + n)), so that the first weights are soon forgotten.
package final class ExponentialMovingAverage {
  private let parameters: [Parameter]
  private let decay: Float
  private var averages: [Tensor]

  package init(_ parameters: [Parameter], decay: Float) {
    self.parameters = parameters
    self.decay = decay
    averages = parameters.map { $0.value.copy() }
  }

  /// Moves the averages towards the parameters' present values.
  ///
  /// - Parameter updateCount: how many updates the parameters have had, this one included.
  package func update(updateCount: Int, on device: ComputeDevice) {
    let present = min(decay, Float(1 + updateCount) / Float(10 + updateCount))
    for (parameter, average) in zip(parameters, averages) {
      device.movingAverage(average, of: parameter.value, decay: present)
    }
  }

  /// Runs `body` with the averages in the parameters' place.
  package func withAverages<Result>(_ body: () throws -> Result) rethrows -> Result {
    let trained = parameters.map(\.value)
    for (parameter, average) in zip(parameters, averages) { parameter.value = average }
    defer { for (parameter, value) in zip(parameters, trained) { parameter.value = value } }
    return try body()
  }

  /// The averages, under the parameters' names.
  package var tensors: [String: Tensor] {
    Dictionary(uniqueKeysWithValues: zip(parameters.map(\.name), averages))
  }

  package func restore(from source: (String, [Int]) throws -> Tensor) rethrows {
    for (index, parameter) in parameters.enumerated() {
      averages[index] = try source(parameter.name, parameter.shape).copy()
    }
  }
}
