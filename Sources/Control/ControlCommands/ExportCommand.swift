import ArgumentParser
import ControlProtocol
import Foundation
import JobModel

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Every job, newest first, for other programs: JSON lines, or CSV with a head.")

  enum Format: String, CaseIterable, ExpressibleByArgument { case jsonl, csv }

  @OptionGroup var service: ServiceOptions
  @Option(help: "\(Format.allCases.map(\.rawValue).joined(separator: " or ")).") var format = Format.jsonl
  @Option(
    name: .customLong("in"), help: "Only jobs in this state, as \"done\".",
    completion: .list(JobState.allCases.map(\.rawValue)))
  var jobState: JobState?

  func run() throws {
    try reporting {
      let jobs = JobPages(paths: try service.paths(), state: jobState)
      if format == .csv { Terminal.print(JobTable.head) }
      try jobs.each { job in
        switch format {
        case .jsonl: Terminal.print(String(decoding: try ControlCoding.encode(job), as: UTF8.self))
        case .csv: Terminal.print(JobTable.line(job))
        }
        return true
      }
    }
  }
}

extension JobState: ExpressibleByArgument {}

/// Jobs as comma-separated values (RFC 4180).
enum JobTable {
  static let head = "job,request,state,reason,priority,account,model,clips,tasks_done,tasks,created,finished"

  static func line(_ job: JobSummary) -> String {
    let fields = [
      "\(job.id)", job.request, job.state.rawValue, job.reason ?? "", "\(job.priority)", job.account, job.model ?? "",
      "\(job.clipCount)", "\(job.tasksDone)", "\(job.taskCount)", job.created.formatted(.iso8601),
      job.finished?.formatted(.iso8601) ?? "",
    ]
    return fields.map(quoted).joined(separator: ",")
  }

  private static func quoted(_ field: String) -> String {
    let isPlain = !field.contains { ",\"\r\n".contains($0) || $0.isNewline }
    return isPlain ? field : "\"\(field.replacing("\"", with: "\"\""))\""
  }
}
