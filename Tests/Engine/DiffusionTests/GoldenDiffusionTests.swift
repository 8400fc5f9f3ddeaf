import Foundation
import Tensors
import Testing
import Weights

@testable import Diffusion

/// Against the golden files `schedule` and `rng`; tolerances are those of their manifest.
@Suite struct GoldenDiffusionTests {
  private let schedule = NoiseSchedule()

  private static func fixture(_ name: String) throws -> SafetensorsFile {
    let folder = try #require(Bundle.module.resourceURL)
    return try SafetensorsFile(path: folder.appending(path: "Fixtures/\(name).safetensors").path)
  }

  @Test("gamma with and without zero terminal SNR is golden to 1e-12")
  func gamma() throws {
    let golden = try Self.fixture("schedule")
    #expect(largestDifference(schedule.gammas, try golden.doubles("gamma")) <= 1e-12)
    let plain = NoiseSchedule(zeroTerminalSNR: false)
    #expect(largestDifference(plain.gammas, try golden.doubles("gamma_no_rescale")) <= 1e-12)
  }

  @Test("trailing timesteps are golden", arguments: [1, 4, 7, 10, 25, 50, 100, 1000])
  func timesteps(count: Int) throws {
    #expect(schedule.trailingTimesteps(count) == (try Self.fixture("schedule").integers("timesteps\(count)")))
  }

  @Test(
    "DDIM steps and their estimates are golden",
    arguments: [("ddim0", 999, 979), ("ddim1", 519, 499), ("ddim2", 19, -1)])
  func ddim(name: String, timestep: Int, next: Int) throws {
    let golden = try Self.fixture("schedule")
    let (x, v) = (try golden.tensor("\(name)/in/x"), try golden.tensor("\(name)/in/v"))
    let moved = DDIMStep(schedule: schedule, from: timestep, to: next).advance(x: x, velocity: v)
    let velocity = Velocity(gamma: schedule.gamma(timestep))
    try expect(moved.x, is: "\(name)/out/x", of: golden, within: 1.8e-5)
    try expect(moved.clean, is: "\(name)/out/x0", of: golden, within: 1.9e-5)
    try expect(velocity.epsilon(x: x, velocity: v), is: "\(name)/out/eps", of: golden, within: 1.8e-5)
    try expect(
      velocity.target(clean: x, epsilon: v), is: "\(name)/out/v_target_of_x_as_x0_v_as_eps", of: golden, within: 1.7e-5)
  }

  @Test("a step with fresh noise is golden")
  func eta() throws {
    let golden = try Self.fixture("schedule")
    let step = DDIMStep(schedule: schedule, from: 519, to: 499, eta: 0.7)
    let moved = step.advance(
      x: try golden.tensor("ddim_eta/in/x"), velocity: try golden.tensor("ddim_eta/in/v"),
      freshNoise: try golden.tensor("ddim_eta/in/n"))
    try expect(moved.x, is: "ddim_eta/out/x", of: golden, within: 2e-5)
  }

  @Test(
    "noise is golden for every part of its key",
    arguments: [
      (0, 0, 1, 0, 0), (42, 0, 1, 0, 0), (42, 1, 2, 0, 0), (42, 2, 1, 3, 1), (UInt64.max, 2, 4145, 7, 5),
      (10_675_403_613_380_779_545, 1, 1, 2, 3),
    ] as [(UInt64, Int, UInt16, Int, Int)])
  func noise(seed: UInt64, stage: Int, purpose: UInt16, chunk: Int, item: Int) throws {
    let golden = try Self.fixture("rng")
    let draws: [UInt64: [Int]] = [0: [0], 42: [1, 2, 3], .max: [4], 10_675_403_613_380_779_545: [5]]
    let draw = try #require(draws[seed]?[seed == 42 ? stage : 0])
    let key = NoiseKey(seed: seed, stage: stage, chunk: chunk, item: item)
    let normals = key.normals(NoisePurpose(rawValue: purpose), shape: [1001])
    try expect(normals, is: "draw\(draw)/normals", of: golden, within: 1e-6)
  }

  private func expect(
    _ found: Tensor, is name: String, of golden: SafetensorsFile, within tolerance: Float,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let expected = try golden.tensor(name)
    #expect(found.shape == expected.shape, sourceLocation: sourceLocation)
    let largest = zip(found.array, expected.array).map { abs($0 - $1) }.max() ?? 0
    #expect(largest <= tolerance, "\(name): largest difference \(largest)", sourceLocation: sourceLocation)
  }

  private func largestDifference(_ found: [Double], _ expected: [Double]) -> Double {
    found.count == expected.count ? zip(found, expected).map { abs($0 - $1) }.max() ?? 0 : .infinity
  }
}
