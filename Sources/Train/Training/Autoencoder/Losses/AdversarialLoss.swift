import Autograd
import Tensors

/// The hinge game between an autoencoder and a discriminator (`model.md` section 9).
///
/// Both losses stand on one tape: the autoencoder's sees the discriminator's weights as constants, the discriminator's
/// sees the reconstructions as constants, so that one backward pass and one update serve both.
final class AdversarialLoss {
  let discriminator: Discriminator
  private let penalty: Float
  private let seed: UInt64
  /// How far clips are moved to measure the discriminator's slope.
  private static let shift: Float = 0.01

  /// - Parameter penalty: the weight of the squared slope of the discriminator at real clips (R1, Mescheder et al.
  ///   2018), estimated from one random direction: (D(x + σε) − D(x))²/σ².
  init(channels: Int, penalty: Double, seed: UInt64) {
    discriminator = Discriminator(channels: channels, seed: seed)
    self.penalty = Float(penalty)
    self.seed = seed
  }

  /// What the autoencoder is to lessen: minus the mean score of its output [B, T, H, W, 3].
  func autoencoderLoss(_ output: Variable, on tape: Tape) -> Variable {
    tape.scale(tape.mean(discriminator(output, isFrozen: true, on: tape)), by: -1)
  }

  /// What the discriminator is to lessen.
  ///
  /// - Parameter stream: which noise the penalty's direction is, by batch and group.
  func discriminatorLoss(
    real: Tensor, output: Tensor, stream: (batch: Int, group: Int), on tape: Tape
  ) -> Variable {
    let scores = discriminator(tape.constant(real), isFrozen: false, on: tape)
    let invented = discriminator(tape.constant(output), isFrozen: false, on: tape)
    let hinge = tape.add(tape.meanHinge(scores, sign: 1), tape.meanHinge(invented, sign: -1))
    guard penalty > 0 else { return hinge }
    let noise = NoiseStream(
      seed: seed, purpose: .training(Self.noiseIndex + stream.group), chunk: UInt32(stream.batch)
    ).normals(shape: real.shape)
    let moved = Tensor(uninitialized: real.shape)
    for index in 0..<moved.count { moved.pointer[index] = real.pointer[index] + Self.shift * noise.pointer[index] }
    let difference = tape.add(
      discriminator(tape.constant(moved), isFrozen: false, on: tape), tape.scale(scores, by: -1))
    let slope = tape.meanSquaredError(difference, Tensor(zeros: difference.shape), blockWeights: nil)
    return tape.add(hinge, tape.scale(slope, by: penalty / (Self.shift * Self.shift)))
  }

  /// Away from the streams of the groups' latents.
  private static let noiseIndex = 0x100
}
