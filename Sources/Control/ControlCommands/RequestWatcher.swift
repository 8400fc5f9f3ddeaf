import ControlProtocol
import JobModel

/// Follows some requests or jobs through one status after another; decides what is worth telling.
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

  /// - Parameter requests: paths below the spool, or numbers of jobs.
  package init(requests: [String]) { self.requests = requests }

  package var isFinished: Bool { unfinished.isEmpty }
  package var unfinished: [String] { requests.filter { !(states[$0]?.isFinal ?? false) } }
  package var isAllDone: Bool { requests.allSatisfy { states[$0] == .done } }

  /// Those not yet finished that `status` does not tell of: it holds the last 1,000 jobs only.
  package func unseen(in status: ServiceStatus) -> [String] {
    unfinished.filter { Self.job($0, in: status) == nil }
  }

  package mutating func update(_ status: ServiceStatus) -> News {
    var news = News()
    for request in requests {
      guard let job = Self.job(request, in: status) else { continue }
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

  /// The job of that number, or the newest of that request: it is the one that counts.
  private static func job(_ request: String, in status: ServiceStatus) -> JobSummary? {
    if let id = JobID(request) { return status.jobs.first { $0.id == id } }
    return status.jobs.filter { $0.request == request }.max { $0.id < $1.id }
  }
}
