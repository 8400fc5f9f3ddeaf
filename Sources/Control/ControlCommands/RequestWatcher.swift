import ControlProtocol
import JobModel

/// Follows some requests through one status after another; decides what is worth telling.
package struct RequestWatcher: Sendable {
  private let requests: [String]
  private var states: [String: JobState] = [:]

  /// What there is to tell after a status.
  package struct News: Equatable, Sendable {
    /// One for each change of a request's state.
    package var lines: [String] = []
    /// How far the running ones are; nil: none runs.
    package var progress: String?
  }

  /// - Parameter requests: paths below the spool.
  package init(requests: [String]) { self.requests = requests }

  package var isFinished: Bool { unfinished.isEmpty }
  package var unfinished: [String] { requests.filter { !(states[$0]?.isFinal ?? false) } }
  package var isAllDone: Bool { requests.allSatisfy { states[$0] == .done } }

  package mutating func update(_ status: ServiceStatus) -> News {
    var news = News()
    for request in requests {
      // The newest job of a request is the one that counts.
      guard let job = status.jobs.filter({ $0.request == request }).max(by: { $0.id < $1.id }) else { continue }
      if states[request] != job.state {
        news.lines.append("\(request): \(job.state.rawValue)\(job.reason.map { ", \($0)" } ?? "")")
        states[request] = job.state
      }
    }
    let running = status.devices.flatMap(\.tasks).map { task in
      let name = status.jobs.first { $0.id == task.job }?.request ?? "job \(task.job)"
      return "\(name) \(task.stage.rawValue) \(task.step)/\(task.of)"
    }
    if !running.isEmpty {
      news.progress = "[\(requests.count - unfinished.count)/\(requests.count)] \(running.joined(separator: "; "))"
    }
    return news
  }
}
