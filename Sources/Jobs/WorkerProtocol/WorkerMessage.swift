/// What a serving worker says: one JSON line each on its standard output. The folders hold the truth; these lines
/// only save looking.
package enum WorkerMessage: Equatable, Sendable {
  /// The first line: ready for commands.
  case ready(WorkerDescription)
  /// A line was appended to the folder's `events.jsonl`.
  case event(AttemptFolder, AttemptEvent)
  /// The folder's `result.json` is there.
  case finished(AttemptFolder, AttemptResult.Outcome)
}

/// What a worker is.
package struct WorkerDescription: Codable, Equatable, Sendable {
  /// As `--device`: `cpu0`.
  package var device: String
  /// The kind of kernels chosen for this processor.
  package var kernels: String
  package var threadCount: Int
  /// The version of the software.
  package var version: String

  package init(device: String, kernels: String, threadCount: Int, version: String) {
    self.device = device
    self.kernels = kernels
    self.threadCount = threadCount
    self.version = version
  }

  enum CodingKeys: String, CodingKey {
    case device, kernels, version
    case threadCount = "threads"
  }
}

extension WorkerMessage: Codable {
  private enum CodingKeys: String, CodingKey { case ready, folder, event, finished }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    if let description = try values.decodeIfPresent(WorkerDescription.self, forKey: .ready) {
      self = .ready(description)
      return
    }
    let folder = AttemptFolder(try values.decode(String.self, forKey: .folder))
    if let event = try values.decodeIfPresent(AttemptEvent.self, forKey: .event) {
      self = .event(folder, event)
    } else {
      self = .finished(folder, try values.decode(AttemptResult.Outcome.self, forKey: .finished))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .ready(let description): try values.encode(description, forKey: .ready)
    case .event(let folder, let event):
      try values.encode(folder.path, forKey: .folder)
      try values.encode(event, forKey: .event)
    case .finished(let folder, let outcome):
      try values.encode(folder.path, forKey: .folder)
      try values.encode(outcome, forKey: .finished)
    }
  }
}
