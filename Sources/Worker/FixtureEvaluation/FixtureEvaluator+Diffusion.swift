import Diffusion
import Tensors
import VideoTransformer
import Weights

extension FixtureEvaluator {
  /// Words and normals of Philox streams.
  func recomputeNoise(_ file: FixtureFile) throws -> Recomputed {
    var result = Recomputed()
    for (index, draw) in try file.details.objects("draws", count: 0...10_000).enumerated() {
      let stream = NoiseStream(
        seed: try draw.seed("seed"), stage: try draw.integer("stage", in: 0...0xFFFF),
        purpose: NoisePurpose(rawValue: UInt16(try draw.integer("purpose", in: 0...0xFFFF))),
        chunk: UInt32(try draw.integer("chunk", in: 0...0xFFFF_FFFF)),
        item: UInt32(try draw.integer("item", in: 0...0xFFFF_FFFF)))
      let words = try file.tensors.shape(of: "draw\(index)/words")
      guard words.count == 2, words[1] == 4 else {
        throw file.error("draw\(index)/words is \(words), expected [n, 4]", code: .wrongShape)
      }
      result["draw\(index)/words"] = .integers(
        (0..<words[0]).flatMap { block in
          let words = stream.words(block: UInt32(block))
          return (0..<4).map { Int(words[$0]) }
        })
      let shape = try file.tensors.shape(of: "draw\(index)/normals")
      result["draw\(index)/normals"] = .floats(stream.normals(shape: shape).array)
    }
    return result
  }

  /// γ, timesteps, DDIM steps and the timesteps' sinusoids.
  func recomputeSchedule(_ file: FixtureFile) throws -> Recomputed {
    let schedule = NoiseSchedule()
    var result = Recomputed()
    result["gamma"] = .doubles(schedule.gammas)
    result["gamma_no_rescale"] = .doubles(NoiseSchedule(zeroTerminalSNR: false).gammas)
    for name in file.tensors.names where name.hasPrefix("timesteps") {
      guard let count = Int(name.dropFirst("timesteps".count)), (1...1000).contains(count) else { continue }
      result[name] = .integers(schedule.trailingTimesteps(count))
    }
    for golden in file.cases {
      if let timesteps = try file.optional(golden, "k") {
        result.add(golden, "s", ConditioningVector.sinusoids(timesteps.array.map(Double.init)))
      } else {
        try recomputeStep(file, golden, schedule, &result)
      }
    }
    return result
  }

  private func recomputeStep(
    _ file: FixtureFile, _ golden: FixtureCase, _ schedule: NoiseSchedule, _ result: inout Recomputed
  ) throws {
    let timestep = try golden.arguments.integer("k", in: 0...999)
    let step = DDIMStep(
      schedule: schedule, from: timestep, to: try golden.arguments.integer("k_next", in: -1...999),
      eta: try golden.arguments.optionalNumber("eta", in: 0...1) ?? 0)
    let x = try file.input(golden, "x")
    let v = try file.input(golden, "v", shape: x.shape)
    let noise = try file.optional(golden, "n", shape: x.shape)
    guard step.sigma == 0 || noise != nil else { throw file.error("\(golden.name)/in/n is missing, which eta needs") }
    let moved = step.advance(x: x, velocity: v, freshNoise: noise)
    let velocity = Velocity(gamma: schedule.gamma(timestep))
    result.add(golden, "x", moved.x)
    result.add(golden, "x0", moved.clean)
    result.add(golden, "eps", velocity.epsilon(x: x, velocity: v))
    result.add(golden, "v_target_of_x_as_x0_v_as_eps", velocity.target(clean: x, epsilon: v))
  }
}
