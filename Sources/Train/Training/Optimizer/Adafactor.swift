import Autograd
import Foundation
import Kernels
import Tensors

/// Adafactor (Shazeer & Stern 2018) with a given rate and without momentum: of a matrix's squared gradients only the
/// means of rows and columns are kept.
///
/// For each weight w with gradient g, at update n = 1, 2, …, with β = 1 − n^−0.8:
/// ```
/// R = β·R + (1 − β)·mean of each row of g² + 1e-30        C likewise of columns
/// V = R·Cᵀ / mean(R)                                      (vectors: V = β·V + (1 − β)·(g² + 1e-30))
/// u = g / √V                                              w = w − rate·( decay·w + u / max(1, rms(u)) )
/// ```
/// A kernel is a matrix of its first axis by all others. Vectors do not decay.
package final class Adafactor {
  package struct Hyperparameters: Sendable, Equatable {
    package var weightDecay: Float = 0

    package init() {}
  }

  private static let least: Double = 1e-30

  /// Running means of squared gradients.
  private enum Squares {
    case factored(rows: Tensor, columns: Tensor)
    case whole(Tensor)
  }

  private let parameters: [Parameter]
  private let hyperparameters: Hyperparameters
  private var squares: [Squares]
  private var updateCount = 0

  package init(_ parameters: [Parameter], hyperparameters: Hyperparameters = Hyperparameters()) {
    self.parameters = parameters
    self.hyperparameters = hyperparameters
    squares = parameters.map { parameter in
      let rows = parameter.shape[0]
      return parameter.shape.count > 1
        ? .factored(rows: Tensor(zeros: [rows]), columns: Tensor(zeros: [parameter.count / rows]))
        : .whole(Tensor(zeros: [rows]))
    }
  }

  /// g / √V, with the running means brought up to date.
  private func direction(of gradient: Tensor, scale: Float, keep: Float, _ squares: Squares) -> Tensor {
    let direction = Tensor(uninitialized: gradient.shape)
    switch squares {
    case .whole(let means):
      for index in 0..<gradient.count {
        let value = scale * gradient.pointer[index]
        means.pointer[index] = keep * means.pointer[index] + (1 - keep) * (value * value + Float(Self.least))
        direction.pointer[index] = value / means.pointer[index].squareRoot()
      }
    case .factored(let rows, let columns):
      learn(gradient, scale: scale, keep: keep, rows: rows, columns: columns)
      let mean = rows.array.reduce(0) { $0 + Double($1) } / Double(rows.count)
      let columnFactors = columns.array.map { 1 / Double($0).squareRoot() }
      for row in 0..<rows.count {
        let rowFactor = Double(scale) / (Double(rows.pointer[row]) / mean).squareRoot()
        for column in 0..<columns.count {
          let index = row * columns.count + column
          direction.pointer[index] = Float(rowFactor * columnFactors[column] * Double(gradient.pointer[index]))
        }
      }
    }
    return direction
  }

  private func learn(_ gradient: Tensor, scale: Float, keep: Float, rows: Tensor, columns: Tensor) {
    var columnSums = [Double](repeating: 0, count: columns.count)
    for row in 0..<rows.count {
      var sum = 0.0
      for column in 0..<columns.count {
        let value = Double(scale * gradient.pointer[row * columns.count + column])
        sum += value * value + Self.least
        columnSums[column] += value * value + Self.least
      }
      rows.pointer[row] = keep * rows.pointer[row] + (1 - keep) * Float(sum / Double(columns.count))
    }
    for column in 0..<columns.count {
      let mean = Float(columnSums[column] / Double(rows.count))
      columns.pointer[column] = keep * columns.pointer[column] + (1 - keep) * mean
    }
  }
}

extension Adafactor: Optimizer {
  package func update(gradients: [Tensor?], rate: Float, gradientScale: Float = 1, on device: ComputeDevice) {
    precondition(gradients.count == parameters.count, "\(gradients.count) gradients for \(parameters.count) parameters")
    updateCount += 1
    let keep = Float(1 - pow(Double(updateCount), -0.8))
    for (index, gradient) in gradients.enumerated() {
      guard let gradient else { continue }
      let direction = direction(of: gradient, scale: gradientScale, keep: keep, squares[index])
      let rms = gradientNorm([direction]) / Double(direction.count).squareRoot()
      parameters[index].mutate { value in
        if value.shape.count > 1 {
          device.accumulate(value, times: -rate * hyperparameters.weightDecay, into: value)
        }
        device.accumulate(direction, times: -rate / Float(max(1, rms)), into: value)
      }
    }
  }

  /// The running means, under `row/NAME` and `column/NAME`, of vectors `square/NAME`.
  package var tensors: [String: Tensor] {
    var result: [String: Tensor] = [:]
    for (parameter, squares) in zip(parameters, squares) {
      switch squares {
      case .whole(let means): result["square/\(parameter.name)"] = means
      case .factored(let rows, let columns):
        result["row/\(parameter.name)"] = rows
        result["column/\(parameter.name)"] = columns
      }
    }
    return result
  }

  package func restore(updateCount: Int, from source: (String, [Int]) throws -> Tensor) rethrows {
    for (index, parameter) in parameters.enumerated() {
      switch squares[index] {
      case .whole(let means): squares[index] = .whole(try source("square/\(parameter.name)", means.shape).copy())
      case .factored(let rows, let columns):
        squares[index] = .factored(
          rows: try source("row/\(parameter.name)", rows.shape).copy(),
          columns: try source("column/\(parameter.name)", columns.shape).copy())
      }
    }
    self.updateCount = updateCount
  }
}
