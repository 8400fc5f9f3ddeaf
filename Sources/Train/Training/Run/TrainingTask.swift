import Autograd
import Kernels

/// One kind of model in training: what a batch is, what is to be small, what is measured and what is kept.
///
/// A task is used from one thread; only `batch(at:)` runs elsewhere, as a value that it hands out.
package protocol TrainingTask {
  associatedtype Batch: Sendable

  /// The weights that training changes, with their optimiser.
  var updater: WeightUpdater { get }
  /// Clips and images in one batch, for the log.
  var samplesPerStep: Int { get }

  /// Makes the batch of a step, from nothing but the step's number; called on another thread.
  func batchMaker() -> @Sendable (_ step: Int) throws -> Batch
  /// The scalar that a step lessens, recorded on `tape`, and named parts of it for the log.
  func loss(of batch: Batch, step: Int, on tape: Tape) throws -> (loss: Variable, parts: [String: Double])
  /// Figures on clips that training never sees, with the averaged weights.
  func measure(on device: ComputeDevice) throws -> [String: Double]
  /// Draws a picture of what the averaged weights do, as a PNG file; nothing for tasks without pictures.
  func writeSheet(to path: String, on device: ComputeDevice) throws
  /// Writes the averaged weights as a part of a model folder (`model.md` section 10).
  func export(to folder: String, on device: ComputeDevice) throws
}

extension TrainingTask {
  package func writeSheet(to path: String, on device: ComputeDevice) throws {}
}
