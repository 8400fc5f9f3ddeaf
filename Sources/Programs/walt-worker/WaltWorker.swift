import ArgumentParser
import FixtureEvaluation
import Foundation
import Kernels
import Logging
import WorkerRuntime

/// The compute process of walt. Started by waltd, by a batch system, or by hand.
@main
struct WaltWorker: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "walt-worker",
    abstract: "Computes tasks of walt: text, sampling, decoding.",
    discussion: "Exit codes: 0 done, 65 bad input, 75 try again, 78 bad configuration.",
    version: Worker.softwareVersion,
    subcommands: [Run.self, Serve.self, Evaluate.self])
}

/// What computes.
struct ComputeOptions: ParsableArguments {
  @Option(help: "Threads that compute; by default one for each processor.")
  var threads = ProcessInfo.processInfo.activeProcessorCount

  func validate() throws {
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads is \(threads), allowed are 1 to 1024")
    }
  }
}

struct DeviceOptions: ParsableArguments {
  @Option(help: "The name of the device, as in the daemon's configuration.")
  var device = "cpu0"

  @OptionGroup var compute: ComputeOptions

  func worker() -> Worker {
    let log = Logger(label: "walt-worker") { StreamLogHandler.standardError(label: $0) }
    return Worker(device: device, threadCount: compute.threads, log: log)
  }
}

extension WaltWorker {
  struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Does the tasks of attempt folders, as one batch, and exits.",
      discussion:
        "SIGTERM: checkpoint at the end of the step, exit with 75. Again in the same folder: go on from there.")

    @OptionGroup var device: DeviceOptions

    @Argument(help: "Folders that hold a task.json.")
    var folders: [String]

    func run() throws {
      throw ExitCode(device.worker().run(folders).rawValue)
    }
  }

  struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Stays, keeps its models loaded and takes commands on standard input.",
      discussion: "Lines: run FOLDER…, yield, cancel FOLDER, quit. When the input closes it checkpoints and exits.")

    @OptionGroup var device: DeviceOptions

    func run() throws {
      throw ExitCode(device.worker().serve().rawValue)
    }
  }
}

extension WaltWorker {
  struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Recomputes golden fixtures and compares.",
      discussion: "Prints each tensor's largest difference beside its tolerance; exits with 1 if any is over.")

    @Argument(help: "A folder with manifest.json and the files that it names.")
    var fixtures: String

    @Option(help: "The folder for the recomputed files.")
    var out: String

    @OptionGroup var compute: ComputeOptions

    func run() throws {
      let evaluator = FixtureEvaluator(
        fixtures: URL(filePath: fixtures), out: URL(filePath: out),
        device: ComputeDevice(threadCount: compute.threads))
      guard try evaluator.run(report: { print($0) }) else { throw ExitCode(1) }
    }
  }
}
