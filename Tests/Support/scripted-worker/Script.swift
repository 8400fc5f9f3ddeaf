import DurableFiles
import Foundation
import WorkerProtocol

/// `script.json` in the model folder: what goes wrong, and how long a step takes. All of it may be absent.
struct Script: Decodable {
  var stepMilliseconds = 0
  var accidents: [Accident] = []

  struct Accident: Decodable {
    /// `text`, `base`, `sr1`, `sr2` or `decode`.
    let task: String
    /// Before this step.
    let step: Int
    /// Up to and including this attempt.
    let attempts: Int
    /// Nil: the worker is killed.
    let kind: AttemptFailure.Kind?
  }

  enum CodingKeys: String, CodingKey {
    case stepMilliseconds = "step_milliseconds"
    case accidents
  }

  init(modelFolder: String) {
    guard let bytes = try? DurableFile.read("\(modelFolder)/script.json") else { return }
    guard let script = try? JSONDecoder().decode(Script.self, from: Data(bytes)) else {
      preconditionFailure("script.json does not parse")
    }
    self = script
  }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    stepMilliseconds = try values.decodeIfPresent(Int.self, forKey: .stepMilliseconds) ?? 0
    accidents = try values.decodeIfPresent([Accident].self, forKey: .accidents) ?? []
  }

  func accident(_ task: TaskSpecification, step: Int) -> Accident? {
    accidents.first { $0.task == task.name && $0.step == step && task.attempt <= $0.attempts }
  }
}

extension TaskSpecification {
  /// The name a script knows it by.
  var name: String {
    switch work {
    case .text: "text"
    case .sample(let work): ["base", "sr1", "sr2"][work.stage]
    case .decode: "decode"
    }
  }
}
