import ArgumentParser
import ControlProtocol
import Foundation
import JobModel

struct WaitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wait",
    abstract: "Wait until requests are finished, telling how far they are; 0 where all are done.")

  @OptionGroup var service: ServiceOptions
  @Option(help: "Give up after so many seconds.") var timeout: Double?
  @Option(help: "How many seconds waltd may take to answer at first.") var start = 10.0
  @Flag(help: "Say nothing but mistakes.") var quiet = false
  @Argument(help: "Request files as the spool has them: NAME.json, FOLDER/NAME.json.") var requests: [String]

  func run() throws {
    try reporting {
      let source = StatusSource(paths: try service.paths())
      let begin = Date.now
      var watcher = RequestWatcher(requests: requests)
      while true {
        let (status, isLive) = try read(source, begin)
        if isLive { report(watcher.update(status)) }
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

  /// The daemon may still be starting, or restarting.
  private func read(_ source: StatusSource, _ begin: Date) throws -> (status: ServiceStatus, isLive: Bool) {
    while true {
      do {
        let answer = try source.read()
        if answer.isLive || Date.now.timeIntervalSince(begin) < start { return answer }
        throw DaemonUnreachable(socket: source.paths.control, code: ECONNREFUSED)
      } catch let error as DaemonUnreachable where Date.now.timeIntervalSince(begin) < start {
        _ = error
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
