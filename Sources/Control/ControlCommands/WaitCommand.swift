import ArgumentParser
import ControlProtocol
import DurableFiles
import Foundation
import JobModel

struct WaitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wait",
    abstract: "Wait until requests or jobs are finished, telling how far they are; 0 where all are done.",
    discussion: "Ends with 1 where one was refused, failed or cancelled, with 75 where the time is over.")

  @OptionGroup var service: ServiceOptions
  @Option(help: "Give up after so many seconds.") var timeout: Double?
  @Option(help: "How many seconds waltd may take to answer at first.") var start = 10.0
  @Flag(help: "Say nothing but mistakes.") var quiet = false
  @Argument(
    help: "Request files as the spool has them (NAME.json, FOLDER/NAME.json), or numbers of jobs.",
    completion: .file(extensions: ["json", "jsonl"]))
  var requests: [String]

  func run() throws {
    try reporting {
      let paths = try service.paths()
      let source = StatusSource(paths: paths)
      let begin = Date.now
      var watcher = RequestWatcher(requests: try requests.map { try name($0, paths) })
      while true {
        var (status, isLive) = try read(source, begin)
        if isLive {
          status.jobs += try watcher.unseen(in: status).compactMap { try find($0, paths) }
          report(watcher.update(status))
        }
        if watcher.isFinished { break }
        if let timeout, Date.now.timeIntervalSince(begin) > timeout {
          throw ControlError(
            .conflict, "wait: not finished after \(timeout) s: \(watcher.unfinished.joined(separator: ", "))")
        }
        Thread.sleep(forTimeInterval: 0.2)
      }
      guard watcher.isAllDone else { throw ControlExit.notDone }
    }
  }

  /// What the spool calls a request: a path into it is taken too.
  private func name(_ given: String, _ paths: ServicePaths) throws -> String {
    let name = given.hasPrefix(paths.spool + "/") ? String(given.dropFirst(paths.spool.count + 1)) : given
    guard JobID(name) != nil || name.hasSuffix(".json") || name.hasSuffix(".jsonl") else {
      throw ControlError(.badRequest, "wait for \"\(given)\": name a request (NAME.json) or the number of a job")
    }
    return name
  }

  /// One that the status does not tell of; nil where waltd has yet to see it.
  private func find(_ name: String, _ paths: ServicePaths) throws -> JobSummary? {
    let client = ControlClient(socket: paths.control)
    if let id = JobID(name) { return try client.get("/v1/jobs/\(id)", as: JobDetail.self).job }
    let query = name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? name
    if let job = try client.get("/v1/jobs?request=\(query)", as: JobPage.self).jobs.first { return job }
    if access("\(paths.spool)/\(name)", F_OK) != 0, errno == ENOENT {
      throw ControlError(.notFound, "wait for \(name): the spool has no such request; waltctl submit puts one there")
    }
    return nil
  }

  /// The daemon may still be starting, or restarting.
  private func read(_ source: StatusSource, _ begin: Date) throws -> (status: ServiceStatus, isLive: Bool) {
    while true {
      do {
        let answer = try source.read()
        if answer.isLive || Date.now.timeIntervalSince(begin) < start { return answer }
        throw DaemonUnreachable(socket: source.paths.control, code: ECONNREFUSED)
      } catch is DaemonUnreachable where Date.now.timeIntervalSince(begin) < start {
        Thread.sleep(forTimeInterval: 0.1)
      }
    }
  }

  private func report(_ news: RequestWatcher.News) {
    guard !quiet else { return }
    if Terminal.isInteractive { Terminal.overwrite("") }
    for line in news.lines { Terminal.print(line) }
    if Terminal.isInteractive, let progress = news.progress { Terminal.overwrite(progress) }
  }
}
