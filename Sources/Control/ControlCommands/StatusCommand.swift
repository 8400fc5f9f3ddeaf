import ArgumentParser
import ControlProtocol
import Foundation
import JobModel

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "What the service does, or one job in full. Works with the daemon down.")

  @OptionGroup var service: ServiceOptions
  @Flag(help: "Print JSON.") var json = false
  @Argument(help: "A job's number.") var job: Int64?

  func run() throws {
    try reporting {
      let paths = try service.paths()
      if let job { try show(JobID(job), paths) } else { try showAll(paths) }
    }
  }

  private func showAll(_ paths: ServicePaths) throws {
    let (status, isLive) = try StatusSource(paths: paths).read()
    if json { return try printJSON(status) }
    for line in StatusText.lines(status, isLive: isLive, now: .now) { Terminal.print(line) }
  }

  private func show(_ id: JobID, _ paths: ServicePaths) throws {
    let detail: JobDetail
    do {
      detail = try ControlClient(socket: paths.control).get("/v1/jobs/\(id)")
    } catch is DaemonUnreachable {
      let status = try StatusSource(paths: paths).readAloud()
      guard let job = status.jobs.first(where: { $0.id == id }) else {
        throw ControlError(
          .notFound, "job \(id): not among the last \(status.jobs.count) that waltd wrote down; start waltd")
      }
      detail = JobDetail(job: job, seed: nil, tasks: [], events: [])
    }
    if json { return try printJSON(detail) }
    for line in StatusText.lines(detail) { Terminal.print(line) }
  }
}

func printJSON(_ value: some Encodable) throws {
  Terminal.print(String(decoding: try ControlCoding.encode(value, isPretty: true), as: UTF8.self))
}
