import Autograd
import DurableFiles
import Evaluation
import Foundation
import Kernels

/// How a run is carried out, which changes nothing about its result.
package struct RunOptions: Sendable {
  /// Where checkpoint, log and pictures are.
  package var workFolder: String
  /// Ends the run, with a checkpoint, after this long.
  package var limit: Duration?
  package var checkpointInterval: Duration = .seconds(180)
  /// Goes on from a checkpoint although the recipe was changed meanwhile.
  package var acceptsOtherRecipe = false
  /// Prints a line of progress.
  package var report: @Sendable (String) -> Void = { _ in }

  package init(workFolder: String) { self.workFolder = workFolder }
}

/// Takes a task through its steps: batches, updates, log, figures and checkpoints.
///
/// A run that ends (by limit, signal, crash or `kill -9`) goes on from its last checkpoint as if it had never ended:
/// batches follow from the step's number, and the checkpoint holds all else.
package final class TrainingRun<Task: TrainingTask> {
  private let task: Task
  private let recipe: RunRecipe
  private let device: ComputeDevice
  private let options: RunOptions
  private let log: RunLog
  private let checkpoint: Checkpoint
  private var progress = TrainingProgress()
  /// Of the last checkpoint that this sitting wrote.
  private var savedStep: Int?

  package init(_ task: Task, recipe: RunRecipe, on device: ComputeDevice, options: RunOptions) throws {
    self.task = task
    self.recipe = recipe
    self.device = device
    self.options = options
    try DurableFile.makeFolder(options.workFolder)
    log = RunLog(path: options.workFolder + "/log.jsonl")
    checkpoint = Checkpoint(path: options.workFolder + "/checkpoint.safetensors", recipeDigest: recipe.digest)
  }

  /// Takes up the last checkpoint, if there is one.
  ///
  /// - Returns: how far it had come; nothing done where there is none.
  @discardableResult
  package func resume() throws -> TrainingProgress {
    let saved = try checkpoint.load(into: task.updater, acceptsOtherRecipe: options.acceptsOtherRecipe)
    guard let saved else { return progress }
    progress = saved
    options.report("\(recipe.name): takes up step \(progress.step) of \(recipe.steps)")
    return progress
  }

  /// Writes the averaged weights into the model's folder.
  package func export() throws {
    try task.updater.average.withAverages { try task.export(to: recipe.modelFolder, on: device) }
    options.report("\(recipe.name): weights of step \(progress.step) are in \(recipe.modelFolder)")
  }

  /// Trains to the recipe's last step, or until the limit or `stop`.
  ///
  /// - Returns: whether the last step is done.
  package func train(until stop: StopRequest) throws -> Bool {
    try log.rewind(to: progress.step)
    let clock = ContinuousClock()
    let start = clock.now
    let batches = Prefetcher(startingAt: progress.step * recipe.accumulatedBatches, make: task.batchMaker())
    defer { batches.stop() }
    var lastCheckpoint = start
    var interval = LogInterval(since: progress)
    while progress.step < recipe.steps {
      let stepStart = clock.now
      let figures = try takeStep(batches)
      progress.seconds += (clock.now - stepStart) / .seconds(1)
      interval.add(figures)
      if progress.step % recipe.logEvery == 0 { try finish(&interval) }
      let isMeasured = progress.step % recipe.measureEvery == 0 || progress.step == recipe.steps
      // Measuring takes long, and may fail.
      if isMeasured || clock.now - lastCheckpoint >= options.checkpointInterval {
        try save()
        lastCheckpoint = clock.now
      }
      if isMeasured { try measure() }
      if stop.isStopping || options.limit.map({ clock.now - start >= $0 }) ?? false { break }
    }
    try save()
    return progress.step == recipe.steps
  }

  /// Updates the weights by the mean of the gradients of some batches.
  private func takeStep(_ batches: Prefetcher<Task.Batch>) throws -> StepFigures {
    let count = recipe.accumulatedBatches
    var mean = GradientMean(count: count)
    var figures: [(loss: Double, parts: [String: Double])] = []
    for index in progress.step * count..<(progress.step + 1) * count {
      let tape = Tape(device: device, recording: true)
      let (loss, parts) = try task.loss(of: batches.batch(at: index), number: index, on: tape)
      let value = Double(loss.value.scalar)
      guard value.isFinite else {
        throw TrainingError(
          .diverged,
          "step \(progress.step): the loss is \(value); lower learning_rate and start from the last checkpoint")
      }
      tape.backward(from: loss)
      mean.add(task.updater.gradients(of: tape), on: device)
      figures.append((value, parts))
    }
    let update = try task.updater.update(gradients: mean.gradients, step: progress.step, on: device)
    progress.samples += count * task.samplesPerBatch
    progress.step += 1
    return StepFigures(meanOf: figures, update: update)
  }

  private func finish(_ interval: inout LogInterval) throws {
    let record = interval.record(at: progress)
    try log.append(record)
    options.report(ProgressLine(recipe: recipe, record: record).description)
    interval = LogInterval(since: progress)
  }

  private func measure() throws {
    var record = LogRecord(step: progress.step, seconds: progress.seconds, samples: progress.samples)
    let figures = try task.updater.average.withAverages {
      try task.writeSheet(to: options.workFolder + "/sheet-\(progress.step).png", on: device)
      return try task.measure(on: device)
    }
    guard !figures.isEmpty else { return }
    record.figures = figures
    try log.append(record)
    let line = figures.sorted { $0.key < $1.key }.map { "\($0.key) \(String(format: "%.3f", $0.value))" }
    options.report("\(recipe.name): step \(progress.step): " + line.joined(separator: ", "))
  }

  /// Writes a checkpoint, unless the last one is of this step.
  private func save() throws {
    guard savedStep != progress.step else { return }
    try checkpoint.save(task.updater, progress: progress)
    savedStep = progress.step
    try plot().write(to: options.workFolder + "/loss.png")
  }

  /// The curve of the loss on a logarithmic axis.
  private func plot() -> LinePlot {
    let points = log.records().compactMap { record in record.loss.map { SIMD2(Double(record.step), $0) } }
    return LinePlot(
      title: recipe.name, xLabel: "step", yLabel: "loss", series: [LinePlot.Series("loss", points)],
      isLogarithmic: true)
  }
}
