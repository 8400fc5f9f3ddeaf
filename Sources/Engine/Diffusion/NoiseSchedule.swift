/// How much of the signal is left at each timestep: γ(k) for k = 0 (almost clean) … 999 (pure noise).
///
/// `model.md` section 6: β rises linearly, ᾱ is the running product of 1 − β, and with `zeroTerminalSNR` √ᾱ is shifted
/// and stretched so that the last timestep holds no signal at all (Lin et al., cited in §5.2). All in double.
package struct NoiseSchedule: Sendable, Equatable {
  /// γ(k), one for each timestep.
  package let gammas: [Double]

  /// - Parameters:
  ///   - timestepCount: how many timesteps the model was trained with, 1000 in the paper.
  ///   - betaStart: β of timestep 0.
  ///   - betaEnd: β of the last timestep.
  /// - Precondition: at least two timesteps.
  package init(
    timestepCount: Int = 1000, betaStart: Double = 1e-4, betaEnd: Double = 0.02, zeroTerminalSNR: Bool = true
  ) {
    precondition(timestepCount > 1, "a noise schedule of \(timestepCount) timesteps, at least 2 are needed")
    var product = 1.0
    let products = (0..<timestepCount).map { timestep -> Double in
      product *= 1 - (betaStart + (betaEnd - betaStart) * Double(timestep) / Double(timestepCount - 1))
      return product
    }
    gammas = zeroTerminalSNR ? Self.rescaledToZeroTerminalSNR(products) : products
  }

  package var timestepCount: Int { gammas.count }

  /// γ at `timestep`; −1 is the clean end, γ = 1.
  package func gamma(_ timestep: Int) -> Double {
    precondition((-1..<timestepCount).contains(timestep), "timestep \(timestep) of \(timestepCount)")
    return timestep < 0 ? 1 : gammas[timestep]
  }

  /// The `count` timesteps of a sampling run, *trailing*: they begin with the last one (999), where training saw pure
  /// noise, and end above 0.
  ///
  /// - Precondition: `count` is in 1...timestepCount.
  package func trailingTimesteps(_ count: Int) -> [Int] {
    precondition((1...timestepCount).contains(count), "\(count) sampling steps of \(timestepCount) timesteps")
    return (0..<count).map { (2 * timestepCount * (count - $0) + count) / (2 * count) - 1 }
  }

  private static func rescaledToZeroTerminalSNR(_ products: [Double]) -> [Double] {
    let amplitudes = products.map { $0.squareRoot() }
    let first = amplitudes[0]
    let last = amplitudes[amplitudes.count - 1]
    return amplitudes.map { amplitude in
      let rescaled = (amplitude - last) * first / (first - last)
      return rescaled * rescaled
    }
  }
}
