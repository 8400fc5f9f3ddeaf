import DurableFiles
import Foundation
import Logging
import VideoPipeline
import WorkerProtocol

/// Does the tasks of attempt folders: reads `task.json`, works, writes outputs and `result.json`.
///
/// Used from one thread, the computing one.
final class TaskRunner {
  let devices: WorkerDevices
  let inbox: CommandInbox
  let shelf = ModelShelf()
  private let announce: @Sendable (WorkerMessage) -> Void
  private let log: Logger
  private var worst = WorkerExitCode.done

  /// - Parameter announce: told of every event and end, for whoever listens on standard output.
  init(
    devices: WorkerDevices, inbox: CommandInbox, log: Logger,
    announce: @escaping @Sendable (WorkerMessage) -> Void = { _ in }
  ) {
    self.devices = devices
    self.inbox = inbox
    self.log = log
    self.announce = announce
  }

  /// Does these tasks, those that are alike as one batch.
  ///
  /// - Returns: how `walt-worker run` is to exit: the worst that happened.
  func run(_ folders: [AttemptFolder]) -> WorkerExitCode {
    worst = .done
    for batch in batches(folders.compactMap(open)) { perform(batch) }
    return worst
  }

  // Beginning --------------------------------------------------------------------------------------------------------

  /// Reads the task; nil if there is nothing to do, with the result written.
  private func open(_ folder: AttemptFolder) -> Attempt? {
    do {
      if let result = try? folder.readResult() {
        // Done before: the same again would end the same.
        if result.outcome == .done {
          announce(.finished(folder, .done))
          return nil
        }
        try DurableFile.remove(folder.resultFile)
      }
      return Attempt(folder, task: try folder.readCheckedTask(), announce: announce)
    } catch {
      finishUnread(folder, Failure(error))
      return nil
    }
  }

  /// Attempts that can share passes: of one model, kind, stage, shape and kind of kernels. In order of appearance.
  private func batches(_ attempts: [Attempt]) -> [[Attempt]] {
    var batches: [(key: String, attempts: [Attempt])] = []
    for attempt in attempts {
      let key = attempt.task.batchKey
      if let index = batches.firstIndex(where: { $0.key == key }) {
        batches[index].attempts.append(attempt)
      } else {
        batches.append((key, [attempt]))
      }
    }
    return batches.map(\.attempts)
  }

  private func perform(_ batch: [Attempt]) {
    guard let task = batch.first?.task else { return }
    do {
      let device = try devices.device(kernels: task.kernels)
      let model = try shelf.model(task.modelFolder, kernels: device.kernelsName)
      model.willLoad = { part in
        for attempt in batch { attempt.journal.record(.loading(part: part)) }
      }
      defer { model.willLoad = { _ in } }
      let cascade = Cascade(model: model, device: device)
      switch task.work {
      case .text: try encode(batch, cascade)
      case .sample: try sample(batch, cascade)
      case .decode: decode(batch, cascade)
      }
    } catch {
      for attempt in batch { fail(attempt, error) }
    }
  }

  // Ending -----------------------------------------------------------------------------------------------------------

  /// Ends an attempt as failed, unless it has ended already.
  func fail(_ attempt: Attempt, _ error: any Error) {
    let failure = Failure(error)
    log.error(
      "attempt failed", metadata: ["folder": "\(attempt.folder.path)", "message": "\(failure.attempt.message)"])
    end(attempt, .failed, failure: failure)
  }

  /// Reports a checkpoint that cannot be used.
  func report(_ attempt: Attempt, _ checkpoint: CheckpointReference, _ error: any Error) {
    log.warning(
      "checkpoint left aside",
      metadata: ["folder": "\(attempt.folder.path)", "path": "\(checkpoint.file.path)", "message": "\(error)"])
  }

  /// Writes the result, once all else of the attempt is on the disk.
  func end(
    _ attempt: Attempt, _ outcome: AttemptResult.Outcome, outputs: [OutputFile] = [], reproducible: String? = nil,
    failure: Failure? = nil
  ) {
    guard !attempt.hasEnded else { return }
    var (outcome, failure) = (outcome, failure)
    var checkpoint: CheckpointReference?
    do {
      checkpoint = try attempt.journal.finish()
    } catch {
      (outcome, failure) = (.failed, failure ?? Failure(error))
    }
    finish(
      attempt.folder,
      AttemptResult(
        task: attempt.task.task, attempt: attempt.task.attempt, outcome: outcome, kernels: kernelsName(attempt.task),
        seconds: (ContinuousClock.now - attempt.begun).inSeconds, resumedFromStep: attempt.resumedFromStep,
        outputs: outcome == .done ? outputs : [], reproducible: outcome == .done ? reproducible : nil,
        failure: failure?.attempt, checkpoint: outcome == .yielded ? checkpoint ?? attempt.startedFrom : nil))
    attempt.hasEnded = true
    note(failure?.exitCode ?? (outcome == .yielded ? .tryAgain : .done))
  }

  /// The end of an attempt whose task could not be read: named after its folder.
  private func finishUnread(_ folder: AttemptFolder, _ failure: Failure) {
    let names = folder.path.split(separator: "/").suffix(2).map(String.init)
    log.error("task unread", metadata: ["folder": "\(folder.path)", "message": "\(failure.attempt.message)"])
    finish(
      folder,
      AttemptResult(
        task: names.first ?? "", attempt: Int(names.last?.split(separator: "-").last ?? "") ?? 0, outcome: .failed,
        kernels: devices.standard.kernelsName, seconds: 0, failure: failure.attempt))
    note(failure.exitCode)
  }

  private func finish(_ folder: AttemptFolder, _ result: AttemptResult) {
    do {
      try folder.write(result)
    } catch {
      // A folder without a result was cut short: the daemon will see just that.
      log.error("result unwritten", metadata: ["folder": "\(folder.path)", "message": "\(error)"])
      note(.tryAgain)
    }
    announce(.finished(folder, result.outcome))
  }

  private func kernelsName(_ task: TaskSpecification) -> String {
    task.kernels ?? devices.standard.kernelsName
  }

  /// Keeps the code that matters most: bad configuration, bad input, try again.
  private func note(_ code: WorkerExitCode) {
    let order: [WorkerExitCode] = [.done, .tryAgain, .badInput, .badConfiguration]
    let rank = { order.firstIndex(of: $0) ?? 0 }
    if rank(code) > rank(worst) { worst = code }
  }

  /// Writes a file of a task's result into its folder; its name gets to the disk with the result.
  func write(_ content: Data, _ name: String, as output: String, for attempt: Attempt) throws -> OutputFile {
    try DurableFile.replace(attempt.folder.resolve(name), with: content, durability: .content)
    return OutputFile(name: output, path: name, sha256: sha256(of: content), byteCount: content.count)
  }
}

extension AttemptFolder {
  /// The task, if it is of the format that this program knows.
  ///
  /// - Throws: a failure of kind `request`; with another format the program is to exit as badly configured.
  fileprivate func readCheckedTask() throws -> TaskSpecification {
    struct Format: Decodable { let format: Int }
    let bytes = try DurableFile.read(taskFile)
    if let format = try? JSONDecoder().decode(Format.self, from: Data(bytes)).format,
      format != TaskSpecification.currentFormat
    {
      throw Failure(
        .request,
        "read \"\(taskFile)\": format is \(format), known here is \(TaskSpecification.currentFormat); "
          + "use programs of one version", exitCode: .badConfiguration)
    }
    return try readTask()
  }
}

extension TaskSpecification {
  /// Equal for tasks that can share passes.
  fileprivate var batchKey: String {
    let kind =
      switch work {
      case .text: "text"
      case .sample(let work): "sample \(work.stage) \(work.isImage)"
      case .decode(let work): "decode \(work.stage)"
      }
    return [kind, kernels ?? "", modelFolder].joined(separator: "\n")
  }
}
