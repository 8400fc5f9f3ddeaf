import DurableFiles
import Tensors
import Weights
import WorkerProtocol

extension FileReference {
  /// The file's path, after comparing its digest.
  ///
  /// - Throws: a failure of kind `resource`: the daemon may have another copy.
  func checkedPath(for attempt: Attempt) throws -> String {
    let path = attempt.folder.resolve(path)
    let found = try DurableFiles.sha256(ofFile: path)
    guard found == sha256 else {
      throw Failure(
        .resource, "read \"\(path)\": its SHA-256 is \(found), expected \(sha256); it was damaged or replaced")
    }
    return path
  }

  /// Opens a file of tensors that an earlier task made, after comparing its digest.
  ///
  /// - Throws: a failure of kind `resource`.
  func openTensors(for attempt: Attempt) throws -> SafetensorsFile {
    let path = try checkedPath(for: attempt)
    do {
      return try SafetensorsFile(path: path)
    } catch let error as WeightsError {
      throw Failure(.resource, error.description)
    }
  }

  /// Reads the latents that a sampling task made.
  func openLatents(for attempt: Attempt) throws -> Tensor {
    try openTensors(for: attempt).tensor(TaskFile.latents.tensor)
  }
}

/// What tensors a task leaves, and under which names.
enum TaskFile {
  static let text = (file: "text.safetensors", prompt: "prompt", negativePrompt: "negative_prompt")
  static let latents = (file: "latents.safetensors", tensor: "latents")
}
