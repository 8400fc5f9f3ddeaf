/// What happens during an attempt: one line each in `events.jsonl`, in order, also echoed by a serving worker.
package enum AttemptEvent: Equatable, Sendable {
  /// A part of the model is being read: `t5`, `base`, `ae`.
  case loading(part: String)
  /// A unit is done: `step` of `of` (steps of a stage; chunks of a decode), and the seconds that it took.
  case step(step: Int, of: Int, seconds: Double)
  /// A checkpoint is durable: written, fsynced, renamed, its folder fsynced. The path is relative to the folder.
  case checkpoint(CheckpointReference)
}

extension AttemptEvent: Codable {
  private enum CodingKeys: String, CodingKey { case event, part, step, of, seconds, path, sha256 }
  private enum Kind: String, Codable { case loading, step, checkpoint }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    switch try values.decode(Kind.self, forKey: .event) {
    case .loading: self = .loading(part: try values.decode(String.self, forKey: .part))
    case .step:
      self = .step(
        step: try values.decode(Int.self, forKey: .step), of: try values.decode(Int.self, forKey: .of),
        seconds: try values.decode(Double.self, forKey: .seconds))
    case .checkpoint:
      let file = FileReference(
        path: try values.decode(String.self, forKey: .path), sha256: try values.decode(String.self, forKey: .sha256))
      self = .checkpoint(CheckpointReference(file: file, step: try values.decode(Int.self, forKey: .step)))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .loading(let part):
      try values.encode(Kind.loading, forKey: .event)
      try values.encode(part, forKey: .part)
    case .step(let step, let of, let seconds):
      try values.encode(Kind.step, forKey: .event)
      try values.encode(step, forKey: .step)
      try values.encode(of, forKey: .of)
      try values.encode(seconds, forKey: .seconds)
    case .checkpoint(let checkpoint):
      try values.encode(Kind.checkpoint, forKey: .event)
      try values.encode(checkpoint.file.path, forKey: .path)
      try values.encode(checkpoint.file.sha256, forKey: .sha256)
      try values.encode(checkpoint.step, forKey: .step)
    }
  }
}
