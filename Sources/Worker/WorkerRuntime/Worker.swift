import Foundation
import JobModel
import Logging
import WorkerProtocol

/// The compute process: does tasks in attempt folders, and decides nothing else.
///
/// SIGTERM and SIGINT mean: checkpoint at the end of this unit and exit.
package struct Worker {
  /// Recorded in everything that it makes.
  package static let softwareVersion = "walt \(Software.version)"

  private let deviceName: String
  private let devices: WorkerDevices
  private let inbox = CommandInbox()
  private let log: Logger

  /// - Parameters:
  ///   - device: the name it goes by: `cpu0`.
  ///   - threadCount: threads that compute.
  package init(device: String, threadCount: Int, log: Logger) {
    deviceName = device
    devices = WorkerDevices(threadCount: threadCount)
    self.log = log
  }

  /// Does the tasks of these folders, as one batch where they are alike.
  package func run(_ folders: [String]) -> WorkerExitCode {
    let signals = TerminationSignals(inbox)
    return withExtendedLifetime(signals) {
      TaskRunner(devices: devices, inbox: inbox, log: log).run(folders.map { AttemptFolder($0) })
    }
  }

  /// Takes commands from standard input, a line each, until it closes; keeps models loaded. Says on standard output
  /// what happens.
  package func serve() -> WorkerExitCode {
    let signals = TerminationSignals(inbox)
    let announcer = Announcer()
    announcer.say(
      .ready(
        WorkerDescription(
          device: deviceName, kernels: devices.standard.kernelsName, threadCount: devices.standard.threadCount,
          version: Self.softwareVersion)))
    listen()
    let runner = TaskRunner(devices: devices, inbox: inbox, log: log) { announcer.say($0) }
    while let folders = inbox.nextRun() { _ = runner.run(folders) }
    return withExtendedLifetime(signals) { .done }
  }

  /// Reads commands on a thread of its own.
  private func listen() {
    let (inbox, log) = (inbox, log)
    Thread.detachNewThread {
      while let line = readLine() {
        do {
          inbox.post(try WorkerCommand(line: line))
        } catch {
          log.error("command refused", metadata: ["message": "\(error)"])
        }
      }
      inbox.post(.quit)
    }
  }
}
