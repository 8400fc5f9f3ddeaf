import Foundation

/// One axis of a plot: which values it shows, where, and with which ticks.
struct PlotAxis {
  /// From the least value to the greatest.
  let pixels: Range<Int>
  /// Round values within the axis.
  let ticks: [Double]
  private let low: Double
  private let high: Double
  private let isLogarithmic: Bool

  /// An axis for all of `values`, which are finite, and above 0 on a logarithmic axis.
  init(values: [Double], pixels: Range<Int>, isLogarithmic: Bool = false) {
    self.pixels = pixels
    self.isLogarithmic = isLogarithmic
    let scaled = values.map { isLogarithmic ? log10($0) : $0 }
    var (low, high) = (scaled.min() ?? 0, scaled.max() ?? 1)
    let room = high > low ? 0.03 * (high - low) : max(0.5, abs(high) * 0.1)
    // An axis that begins at 0 keeps beginning there.
    if isLogarithmic || low != 0 || high == low { low -= room }
    high += room
    (self.low, self.high) = (low, high)
    ticks = isLogarithmic ? Self.logarithmicTicks(low, high) : Self.linearTicks(low, high)
  }

  /// Where a value lies, in pixels.
  func position(_ value: Double) -> Double {
    let part = ((isLogarithmic ? log10(value) : value) - low) / (high - low)
    return Double(pixels.lowerBound) + part * Double(pixels.count)
  }

  /// "0.001", "25000", "3e-07"
  static func label(_ value: Double) -> String { String(format: "%.6g", value == 0 ? 0 : value) }

  /// About six multiples of 1, 2 or 5 times a power of ten.
  private static func linearTicks(_ low: Double, _ high: Double) -> [Double] {
    let rough = (high - low) / 6
    let power = pow(10, floor(log10(rough)))
    let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough } ?? rough
    return Array(stride(from: ceil(low / step), through: floor(high / step), by: 1).prefix(12)).map { $0 * step }
  }

  /// Powers of ten, with their doubles and fivefolds where there are few.
  private static func logarithmicTicks(_ low: Double, _ high: Double) -> [Double] {
    let factors: [Double] = high - low > 3 ? [1] : high - low > 0.5 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]
    let powers = Int(floor(low))...Int(ceil(high))
    return powers.flatMap { power in factors.map { $0 * pow(10, Double(power)) } }
      .filter { log10($0) >= low && log10($0) <= high }
  }
}
