import Diffusion
import DurableFiles
import Foundation
import VideoPipeline
import Weights
import WorkerProtocol

extension TaskRunner {
  /// The state to go on from: of the task's checkpoint or of a newer one in the attempt's own folder; nil to begin.
  ///
  /// A checkpoint that is damaged or of another task is reported and left aside: beginning again gives the same bytes.
  ///
  /// - Throws: a failure of kind `resource` for a checkpoint made with other kernels.
  func resume(_ attempt: Attempt, _ work: SampleWork, identity: String, _ cascade: Cascade) throws -> SamplerState? {
    let candidates = [work.checkpoint, try attempt.folder.newestValidCheckpoint()].compactMap { $0 }
    for checkpoint in candidates.sorted(by: { $0.step > $1.step }) {
      do {
        let file = try checkpoint.file.openTensors(for: attempt)
        try Self.check(file, identity: identity, kernels: cascade.device.kernelsName)
        let state = try SamplerState(file)
        attempt.resumedFromStep = state.step
        attempt.startedFrom = checkpoint
        return state
      } catch let error as CheckpointMismatch {
        if case .kernels(let message) = error { throw Failure(.resource, message) }
        report(attempt, checkpoint, error)
      } catch {
        report(attempt, checkpoint, error)
      }
    }
    return nil
  }

  private enum CheckpointMismatch: Error, CustomStringConvertible {
    case task
    case kernels(String)

    var description: String {
      switch self {
      case .task: "it is of another task or other weights"
      case .kernels(let message): message
      }
    }
  }

  private static func check(_ file: SafetensorsFile, identity: String, kernels: String) throws {
    let found = file.metadata["kernels"] ?? "unknown"
    guard found == kernels else {
      throw CheckpointMismatch.kernels(
        "resume from \"\(file.path)\": it was made with kernels \(found), here are \(kernels); "
          + "run on a machine of that kind, or set kernels = \"\(found)\"")
    }
    guard file.metadata["identity"] == identity else { throw CheckpointMismatch.task }
  }
}

extension SampleWork {
  /// A digest of all that decides the result: the work, what it reads, and the weights. Not where things lie, nor how
  /// often it is saved.
  func identity(weights: [String: String]) throws -> String {
    struct Identity: Encodable {
      let work: SampleWork
      let weights: [String: String]
    }
    var work = self
    work.checkpoint = nil
    work.checkpointSeconds = 0
    work.text?.path = ""
    work.previousStage?.path = ""
    work.previousChunk?.path = ""
    work.given?.file.path = ""
    return sha256(of: Data(try ProtocolCoding.encode(Identity(work: work, weights: weights))))
  }
}
