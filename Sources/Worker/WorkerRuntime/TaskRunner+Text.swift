import Foundation
import Tensors
import VideoPipeline
import Weights
import WorkerProtocol

extension TaskRunner {
  /// Encodes the prompts of all attempts in one pass, those that are not in the cache.
  func encode(_ batch: [Attempt], _ cascade: Cascade) throws {
    let encodable = batch.filter { !endIfAsked($0) }
    guard let folder = encodable.first?.task.modelFolder else { return }
    let prompts = encodable.map { attempt -> [String] in
      guard case .text(let work) = attempt.task.work else { return [] }
      return [work.prompt] + [work.negativePrompt].compactMap { $0 }
    }
    var rows = try shelf.texts(prompts.flatMap { $0 }, model: folder, encode: cascade.encode)[...]
    for (attempt, prompts) in zip(encodable, prompts) {
      let texts = Array(rows.prefix(prompts.count))
      rows = rows.dropFirst(prompts.count)
      do {
        try finish(attempt, texts: texts, kernels: cascade.device.kernelsName)
      } catch {
        fail(attempt, error)
      }
    }
  }

  private func finish(_ attempt: Attempt, texts: [Tensor], kernels: String) throws {
    var document = SafetensorsDocument(metadata: ["kernels": kernels])
    for (name, text) in zip([TaskFile.text.prompt, TaskFile.text.negativePrompt], texts) { document.add(name, text) }
    let output = try write(document.data(), TaskFile.text.file, as: "text", for: attempt)
    end(attempt, .done, outputs: [output])
  }

  /// Ends an attempt that was cancelled, or all that must give way, before a unit that leaves nothing to resume.
  ///
  /// - Returns: whether it has ended.
  func endIfAsked(_ attempt: Attempt) -> Bool {
    if inbox.takeCancellation(of: attempt.folder) {
      end(attempt, .cancelled)
    } else if inbox.mustYield {
      end(attempt, .yielded)
    }
    return attempt.hasEnded
  }
}
