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
  var samplesPerBatch: Int { get }

  /// Makes a batch from nothing but its number; called on another thread.
  func batchMaker() -> @Sendable (_ number: Int) throws -> Batch
  /// The scalar that training lessens, recorded on `tape`, and named parts of it for the log.
  ///
  /// - Parameter number: the batch's.
  func loss(of batch: Batch, number: Int, on tape: Tape) throws -> (loss: Variable, parts: [String: Double])
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
