import DurableFiles
import Tensors
import Weights
import WorkerProtocol

extension FileReference {
  /// Opens a file of tensors that an earlier task made, after comparing its digest.
  ///
  /// - Throws: a failure of kind `resource`: the daemon may have another copy.
  func openTensors(for attempt: Attempt) throws -> SafetensorsFile {
    let path = attempt.folder.resolve(path)
    let found = try DurableFiles.sha256(ofFile: path)
    guard found == sha256 else {
      throw Failure(
        .resource, "read \"\(path)\": its SHA-256 is \(found), expected \(sha256); it was damaged or replaced")
    }
    do {
      return try SafetensorsFile(path: path)
    } catch let error as WeightsError {
      throw Failure(.resource, error.description)
    }
  }
}

/// What tensors a task leaves, and under which names.
enum TaskFile {
  static let text = (file: "text.safetensors", prompt: "prompt", negativePrompt: "negative_prompt")
  static let latents = (file: "latents.safetensors", tensor: "latents")
}
