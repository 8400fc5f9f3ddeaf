import Autograd
import DurableFiles
import Foundation
import Kernels
import Tensors
import Testing

@testable import Training

/// Fits a line to noisy points: the smallest task there is.
private final class LineTask: TrainingTask {
  let weight = Parameter(name: "weight", value: Tensor([0.5, -0.5], shape: [1, 2]))
  let bias = Parameter(name: "bias", value: Tensor([0], shape: [1]))
  let updater: WeightUpdater
  let samplesPerBatch = 4
  var poisonedBatch: Int?
  var failsInMeasuring = false

  init(recipe: RunRecipe) { updater = WeightUpdater([weight, bias], recipe: recipe.optimizer) }

  func batchMaker() -> @Sendable (Int) throws -> Tensor {
    { NoiseStream(seed: 7, purpose: .training(0), chunk: UInt32($0)).normals(shape: [4, 2]) }
  }

  func loss(of batch: Tensor, number: Int, on tape: Tape) throws -> (loss: Variable, parts: [String: Double]) {
    let target = Tensor((0..<4).map { 2 * batch.pointer[2 * $0] - batch.pointer[2 * $0 + 1] + 1 }, shape: [4, 1])
    let output = tape.linear(tape.constant(batch), weight: weight, bias: bias)
    let loss = tape.meanSquaredError(output, target, blockWeights: nil)
    return (number == poisonedBatch ? tape.scale(loss, by: .nan) : loss, [:])
  }

  func measure(on device: ComputeDevice) throws -> [String: Double] {
    if failsInMeasuring { throw CancellationError() }
    return [:]
  }

  func export(to folder: String, on device: ComputeDevice) throws {
    try DurableFile.replace(folder + "/weights", with: "\(weight.value.array)")
  }
}

struct TrainingRunTests {
  private let device = ComputeDevice(threadCount: 1)

  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.path + "/training-run-\(UUID().uuidString)"
    try DurableFile.makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private func recipe(in folder: String, steps: Int = 60, optimizer: String = "adamw") throws -> RunRecipe {
    let path = folder + "/line.toml"
    let text = """
      kind = "text-encoder"
      model = "model"
      steps = \(steps)
      log_every = 5
      [optimizer]
      kind = "\(optimizer)"
      learning_rate = 0.05
      warm_up_steps = 5
      """
    try DurableFile.replace(path, with: text)
    return try Recipe(file: path).run
  }

  private func train(
    _ task: LineTask, _ recipe: RunRecipe, in folder: String, stopping: StopRequest = StopRequest(),
    limit: Duration? = nil
  ) throws -> Bool {
    var options = RunOptions(workFolder: folder + "/work")
    options.limit = limit
    let run = try TrainingRun(task, recipe: recipe, on: device, options: options)
    try run.resume()
    return try run.train(until: stopping)
  }

  @Test(
    "a run stopped after every step ends with the same weights as one that never stopped",
    arguments: ["adam", "adamw", "adafactor", "muon"])
  func resumesBitForBit(optimizer: String) throws {
    try withFolder { folder in
      let recipe = try recipe(in: folder, steps: 12, optimizer: optimizer)
      let whole = LineTask(recipe: recipe)
      #expect(try train(whole, recipe, in: folder + "/whole"))
      var pieces = LineTask(recipe: recipe)
      var sittings = 1
      while try !train(pieces, recipe, in: folder + "/pieces", limit: .zero) {
        pieces = LineTask(recipe: recipe)
        sittings += 1
      }
      #expect(sittings == 12)
      #expect(pieces.weight.value.array == whole.weight.value.array)
      #expect(pieces.updater.average.tensors["bias"]?.array == whole.updater.average.tensors["bias"]?.array)
    }
  }

  @Test("training fits the line")
  func learns() throws {
    try withFolder { folder in
      let recipe = try recipe(in: folder, steps: 400)
      let task = LineTask(recipe: recipe)
      #expect(try train(task, recipe, in: folder))
      #expect(abs(task.weight.value.array[0] - 2) < 0.02)
      #expect(abs(task.bias.value.array[0] - 1) < 0.02)
    }
  }

  @Test("a stopped run keeps its checkpoint, and its log has every record once after it goes on")
  func logsOnce() throws {
    try withFolder { folder in
      let recipe = try recipe(in: folder)
      let stop = StopRequest()
      stop.stop()
      #expect(try !train(LineTask(recipe: recipe), recipe, in: folder, stopping: stop))
      #expect(try train(LineTask(recipe: recipe), recipe, in: folder))
      let steps = RunLog(path: folder + "/work/log.jsonl").records().map(\.step)
      #expect(steps == stride(from: 5, through: 60, by: 5).map { $0 })
    }
  }

  @Test("a step of two batches moves by the mean of their gradients, and counts the samples of both")
  func accumulates() throws {
    try withFolder { folder in
      let path = folder + "/line.toml"
      func recipe(_ accumulated: Int) throws -> RunRecipe {
        let text = "kind = \"text-encoder\"\nmodel = \"model\"\nsteps = 1\naccumulate = \(accumulated)\nlog_every = 1\n"
        try DurableFile.replace(path, with: text)
        return try Recipe(file: path).run
      }
      let task = LineTask(recipe: try recipe(2))
      var gradients: [[Float]] = []
      for number in 0..<2 {
        let tape = Tape(device: device, recording: true)
        tape.backward(from: try task.loss(of: task.batchMaker()(number), number: number, on: tape).loss)
        gradients.append(try #require(tape.gradient(of: task.weight)).array)
      }
      let run = try TrainingRun(task, recipe: recipe(2), on: device, options: RunOptions(workFolder: folder + "/work"))
      #expect(try run.train(until: StopRequest()))
      let mean = zip(gradients[0], gradients[1]).map { ($0 + $1) / 2 }
      let expected = Parameter(name: "weight", value: Tensor([0.5, -0.5], shape: [1, 2]))
      #expect(RunLog(path: folder + "/work/log.jsonl").records().map(\.samples) == [8])
      let rate = try recipe(2).optimizer.rate.rate(at: 0)
      AdamW([expected]).update(gradients: [Tensor(mean, shape: [1, 2])], rate: rate, on: device)
      for (found, wanted) in zip(task.weight.value.array, expected.value.array) { #expect(abs(found - wanted) < 1e-6) }
    }
  }

  @Test("a loss that is no number ends the run and leaves the last good checkpoint")
  func stopsWhenDiverged() throws {
    try withFolder { folder in
      let recipe = try recipe(in: folder)
      let stop = StopRequest()
      stop.stop()
      _ = try train(LineTask(recipe: recipe), recipe, in: folder, stopping: stop)
      let task = LineTask(recipe: recipe)
      task.poisonedBatch = 3
      #expect { try train(task, recipe, in: folder) } throws: { ($0 as? TrainingError)?.code == .diverged }
      let again = LineTask(recipe: recipe)
      var options = RunOptions(workFolder: folder + "/work")
      options.limit = .zero
      #expect(try TrainingRun(again, recipe: recipe, on: device, options: options).resume().step == 1)
    }
  }

  @Test("measuring that fails loses no step")
  func savesBeforeMeasuring() throws {
    try withFolder { folder in
      let recipe = try recipe(in: folder)
      let task = LineTask(recipe: recipe)
      task.failsInMeasuring = true
      #expect(throws: CancellationError.self) { try train(task, recipe, in: folder) }
      let again = try TrainingRun(
        LineTask(recipe: recipe), recipe: recipe, on: device, options: RunOptions(workFolder: folder + "/work"))
      #expect(try again.resume().step == 60)
    }
  }

  @Test("a line of the log that a crash cut off is removed before the next is written")
  func repairsTheLog() throws {
    try withFolder { folder in
      let path = folder + "/log.jsonl"
      let log = RunLog(path: path)
      for step in 1...2 { try log.append(LogRecord(step: step, seconds: 0, samples: 0)) }
      let whole = try DurableFile.read(path)
      try DurableFile.replace(path, with: Array(whole.dropLast(5)))
      #expect(log.records().map(\.step) == [1])
      try log.append(LogRecord(step: 3, seconds: 0, samples: 0))
      #expect(log.records().map(\.step) == [1, 3])
      try log.rewind(to: 1)
      #expect(log.records().map(\.step) == [1])
    }
  }

  @Test("a checkpoint of another recipe is refused")
  func refusesOtherRecipes() throws {
    try withFolder { folder in
      let first = try recipe(in: folder)
      let stop = StopRequest()
      stop.stop()
      _ = try train(LineTask(recipe: first), first, in: folder, stopping: stop)
      let second = try recipe(in: folder, steps: 61)
      #expect { try train(LineTask(recipe: second), second, in: folder) } throws: {
        ($0 as? TrainingError)?.code == .checkpoint
      }
    }
  }
}
