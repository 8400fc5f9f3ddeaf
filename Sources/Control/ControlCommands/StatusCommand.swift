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
    } catch let unreachable as DaemonUnreachable {
      guard let (status, _) = try? StatusSource(paths: paths).read() else { throw unreachable }
      guard let job = status.jobs.first(where: { $0.id == id }) else {
        throw ControlError(
          .notFound, "job \(id): not among the last \(status.jobs.count) that waltd wrote down; start it")
      }
      Terminal.complain("waltd does not answer; this is what it wrote down")
      detail = JobDetail(job: job, seed: nil, tasks: [], events: [])
    }
    if json { return try printJSON(detail) }
    for line in StatusText.lines(detail) { Terminal.print(line) }
  }
}

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The jobs, newest first. Works with the daemon down (the last 1,000).")

  @OptionGroup var service: ServiceOptions
  @Flag(help: "Print JSON.") var json = false
  @Option(name: .customLong("in"), help: "Only jobs in this state, as \"running\".") var jobState: String?
  @Option(help: "At most so many.") var limit = 100

  func validate() throws {
    guard jobState.map({ JobState(rawValue: $0) != nil }) ?? true else {
      let names = JobState.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("there is no state \"\(jobState ?? "")\"; the states are \(names)")
    }
    guard 1...100_000 ~= limit else { throw ValidationError("limit is \(limit), allowed: 1 to 100000") }
  }

  func run() throws {
    try reporting {
      let jobs = try jobs(try service.paths())
      if json { return try printJSON(jobs) }
      if jobs.isEmpty { return Terminal.print("no jobs") }
      for line in StatusText.table(jobs) { Terminal.print(line) }
    }
  }

  private func jobs(_ paths: ServicePaths) throws -> [JobSummary] {
    let client = ControlClient(socket: paths.control)
    do {
      var (jobs, next): ([JobSummary], JobID?) = ([], nil)
      repeat {
        let count = min(limit - jobs.count, 1000)
        let query = ["limit=\(count)", jobState.map { "state=\($0)" }, next.map { "before=\($0)" }].compactMap { $0 }
        let page: JobPage = try client.get("/v1/jobs?\(query.joined(separator: "&"))")
        jobs += page.jobs
        next = page.next
      } while next != nil && jobs.count < limit
      return jobs
    } catch let unreachable as DaemonUnreachable {
      guard let (status, _) = try? StatusSource(paths: paths).read() else { throw unreachable }
      Terminal.complain("waltd does not answer; this is what it wrote down")
      let jobs = status.jobs.filter { jobState == nil || $0.state.rawValue == jobState }
      return Array(jobs.sorted { $0.id > $1.id }.prefix(limit))
    }
  }
}

func printJSON(_ value: some Encodable) throws {
  Terminal.print(String(decoding: try ControlCoding.encode(value, isPretty: true), as: UTF8.self))
}
