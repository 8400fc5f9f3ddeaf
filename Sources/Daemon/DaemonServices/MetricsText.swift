import ControlProtocol
import Foundation
import JobModel
import Synchronization

/// What has happened since the start, for those who watch rates.
package final class Counters: Sendable {
  enum Kind: String, CaseIterable, Sendable {
    case tasksEnded = "tasks_ended"
    case workersStarted = "workers_started"
    case workersDied = "workers_died"
    case requestsTaken = "requests_taken"
  }

  private let counts = Mutex<[Kind: [String: Int]]>([:])

  /// - Parameter label: which outcome, or which device.
  func count(_ kind: Kind, _ label: String) { counts.withLock { $0[kind, default: [:]][label, default: 0] += 1 } }

  func values(of kind: Kind) -> [String: Int] { counts.withLock { $0[kind] ?? [:] } }
}

/// The state of the service in Prometheus' text format: `GET /metrics`.
enum MetricsText {
  static func text(_ status: ServiceStatus, _ counters: Counters, room: [String: Int]) -> String {
    var metrics = [
      gauge("info", "The version that runs.", [(["version": status.version], 1)]),
      gauge(
        "start_time_seconds", "When the daemon started, in seconds since 1970.",
        [([:], status.started.timeIntervalSince1970)]),
      gauge("jobs", "Jobs by state.", JobState.allCases.map { (["state": $0.rawValue], Double(status.count($0))) }),
      gauge("paused", "Whether something keeps all jobs from running.", [([:], status.paused == nil ? 0 : 1)]),
      gauge(
        "tasks_running", "Tasks that each device computes.",
        status.devices.map { (["device": $0.name], Double($0.tasks.count)) }),
      gauge(
        "model_usable", "Whether each model can be used.",
        status.models.map { (["model": $0.name], $0.problem == nil ? 1 : 0) }),
      gauge(
        "free_bytes", "Room on the disk of each folder.",
        room.sorted { $0.key < $1.key }.map { (["folder": $0], Double($1)) }),
    ]
    let labels: [(Counters.Kind, String, String)] = [
      (.tasksEnded, "outcome", "Attempts at tasks that ended, by how."),
      (.workersStarted, "device", "Workers that were started."),
      (.workersDied, "device", "Workers that ended without being asked to."),
      (.requestsTaken, "answer", "Request files that were accepted or refused."),
    ]
    for (kind, label, help) in labels {
      let values = counters.values(of: kind).sorted { $0.key < $1.key }.map { ([label: $0], Double($1)) }
      metrics.append(metric("\(kind.rawValue)_total", "counter", help, values))
    }
    return metrics.joined()
  }

  private static func gauge(_ name: String, _ help: String, _ values: [([String: String], Double)]) -> String {
    metric(name, "gauge", help, values)
  }

  private static func metric(
    _ name: String, _ type: String, _ help: String, _ values: [([String: String], Double)]
  ) -> String {
    let head = "# HELP walt_\(name) \(help)\n# TYPE walt_\(name) \(type)\n"
    return head + values.map { labels, value in "walt_\(name)\(Self.labels(labels)) \(number(value))\n" }.joined()
  }

  private static func labels(_ labels: [String: String]) -> String {
    if labels.isEmpty { return "" }
    return "{" + labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",") + "}"
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 0x1p53 ? String(Int64(value)) : String(value)
  }
}
