import DurableFiles
import Foundation
import WorkerProtocol

/// `script.json` in the model folder: what goes wrong, and how long a step takes. All of it may be absent.
struct Script: Decodable {
  var stepMilliseconds = 0
  var accidents: [Accident] = []
  /// Waits there to be stopped, killed or cancelled.
  var waits: [Accident] = []

  struct Accident: Decodable {
    /// `text`, `base`, `sr1`, `sr2` or `decode`.
    let task: String
    /// Before this step.
    let step: Int
    /// Up to and including this attempt.
    let attempts: Int
    /// Nil: the worker is killed.
    let kind: AttemptFailure.Kind?
    /// Only to the clip with this seed; nil: to every.
    let seed: Int64?

    func concerns(_ task: TaskSpecification, _ step: Int) -> Bool {
      if let seed {
        guard case .sample(let work) = task.work, work.seed == seed else { return false }
      }
      return self.task == task.name && self.step == step && task.attempt <= attempts
    }
  }

  enum CodingKeys: String, CodingKey {
    case stepMilliseconds = "step_milliseconds"
    case accidents, waits
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
    waits = try values.decodeIfPresent([Accident].self, forKey: .waits) ?? []
  }

  /// Notes in `steps.log` of the model folder, where there is one, that a step was computed, and when (seconds since
  /// 1970): to count what a crash cost, and to tell how long a job waited.
  func count(_ task: TaskSpecification) throws {
    let path = "\(task.modelFolder)/steps.log"
    guard DurableFile.exists(path) else { return }
    try AppendLog(path).append("\(task.name) \(Date.now.timeIntervalSince1970)", durably: false)
  }

  func accident(_ task: TaskSpecification, step: Int) -> Accident? { accidents.first { $0.concerns(task, step) } }
  func waits(_ task: TaskSpecification, step: Int) -> Bool { waits.contains { $0.concerns(task, step) } }
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
