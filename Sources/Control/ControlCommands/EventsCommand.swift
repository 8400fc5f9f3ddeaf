import ArgumentParser
import ControlProtocol
import Foundation
import JobModel

struct EventsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events", abstract: "Follow what happens to jobs, a line an event, until interrupted.")

  @OptionGroup var service: ServiceOptions
  @Flag(help: "Print JSON, an object a line.") var json = false
  @Option(help: "Begin after the event of this number; 0 begins with the oldest.") var after: Int64?
  @Option(help: "End after so many events.") var count: Int?
  @Argument(help: "Numbers of jobs; without any, all jobs.") var jobs: [Int64] = []

  func run() throws {
    try reporting {
      let client = ControlClient(socket: try service.paths().control)
      let wanted = Set(jobs.map { JobID($0) })
      var left = count ?? .max
      try client.follow("/v1/events" + (after.map { "?after=\($0)" } ?? "")) { data in
        let event = try ControlCoding.decode(ServiceEvent.self, from: data)
        guard wanted.isEmpty || wanted.contains(event.job) else { return true }
        Terminal.print(json ? String(decoding: data, as: UTF8.self) : StatusText.line(event))
        left -= 1
        return left > 0
      }
      if left > 0 { throw DaemonUnreachable(socket: client.socket, code: ECONNRESET) }
    }
  }
}
