import ArgumentParser
import ControlProtocol
import JobModel

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The jobs, newest first. Works with the daemon down (the last 1,000).")

  @OptionGroup var service: ServiceOptions
  @Flag(help: "Print JSON.") var json = false
  @Option(
    name: .customLong("in"), help: "Only jobs in this state, as \"running\".",
    completion: .list(JobState.allCases.map(\.rawValue)))
  var jobState: JobState?
  @Option(help: "At most so many.") var limit = 100

  func validate() throws {
    guard 1...100_000 ~= limit else { throw ValidationError("limit is \(limit), allowed: 1 to 100000") }
  }

  func run() throws {
    try reporting {
      var jobs: [JobSummary] = []
      try JobPages(paths: try service.paths(), state: jobState).each { job in
        jobs.append(job)
        return jobs.count < limit
      }
      if json { return try printJSON(jobs) }
      if jobs.isEmpty { return Terminal.print("no jobs; put a request into the spool, or use waltctl submit") }
      for line in StatusText.table(jobs) { Terminal.print(line) }
    }
  }
}
