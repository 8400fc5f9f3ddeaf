import DurableFiles
import Kernels
import MediaIO
import TextEncoding
import VideoPipeline
import Weights
import WorkerProtocol

/// What an error means for the attempt that met it and for the program that runs it.
struct Failure: Error {
  let attempt: AttemptFailure
  let exitCode: WorkerExitCode

  init(_ kind: AttemptFailure.Kind, _ message: String, exitCode: WorkerExitCode? = nil) {
    attempt = AttemptFailure(kind: kind, message: message)
    self.exitCode = exitCode ?? (kind == .request ? .badInput : .tryAgain)
  }

  init(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    // A model that cannot be loaded is a matter of configuration: the request may wait until it can.
    case let error as WeightsError: self.init(.model, error.description, exitCode: .badConfiguration)
    case let error as TextEncodingError where error.code == .tokenizerUnreadable:
      self.init(.model, error.description, exitCode: .badConfiguration)
    case let error as PipelineError where error.code == .mismatchedParts:
      self.init(.model, error.description, exitCode: .badConfiguration)
    case is TextEncodingError, is PipelineError, is ProtocolError: self.init(.request, "\(error)")
    case let error as MediaError: self.init(error.code == .unsupported ? .request : .resource, error.description)
    case is FileSystemError, is KernelsError: self.init(.resource, "\(error)")
    default: self.init(.internal, "\(error)")
    }
  }
}
