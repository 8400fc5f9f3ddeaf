import ControlCommands
import ControlProtocol
import DaemonTesting
import DurableFiles
import Foundation
import JobModel

extension DaemonProcess {
  /// A daemon as it is meant to run: checkpoints by time, no debugging in the log.
  static func usual(script: String, settings: String = "") throws -> DaemonProcess {
    let daemon = try DaemonProcess(script: script, settings: settings)
    let text = try String(contentsOf: daemon.configuration, encoding: .utf8)
      .replacing("checkpoint_interval = \"0 s\"\n", with: "")
      .replacing("log_level = \"debug\"", with: "log_level = \"warning\"")
    try Data(text.utf8).write(to: daemon.configuration)
    return daemon
  }

  var client: ControlClient { ControlClient(socket: paths.control) }

  /// Looks every two milliseconds.
  func until(
    seconds: Double = 60, every pause: Duration = .milliseconds(2), _ condition: () throws -> Bool
  ) async throws {
    let end = ContinuousClock.now + .seconds(seconds)
    while .now < end {
      if (try? condition()) ?? false { return }
      try await Task.sleep(for: pause)
    }
    throw TestFailure("waited \(seconds) s in vain\n\(logText.suffix(2000))")
  }

  /// What happened to every job after an event, in order, until a job is done.
  func events(after: Int64, until job: JobID) throws -> [ServiceEvent] {
    var events: [ServiceEvent] = []
    try client.follow("/v1/events?after=\(after)") { data in
      let event = try ControlCoding.decode(ServiceEvent.self, from: data)
      events.append(event)
      return event.what != "done" || event.job != job
    }
    return events
  }

  /// The steps that the worker has computed, with their times.
  func steps() throws -> [(task: String, time: Double)] {
    try AppendLog.lines(of: "\(root)/model/steps.log").lines.compactMap { line in
      let words = line.split(separator: " ")
      return words.count == 2 ? Double(words[1]).map { (String(words[0]), $0) } : nil
    }
  }
}
