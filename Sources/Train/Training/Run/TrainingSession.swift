import DurableFiles
import Kernels

/// A recipe and where it is carried out: the one entrance for programs.
package struct TrainingSession {
  private let recipe: Recipe
  /// Makes what training starts from, exactly.
  private let device: ComputeDevice
  /// Trains, with products as the recipe wants them.
  private let trainingDevice: ComputeDevice
  private var options: RunOptions
  private let cacheFolder: String

  /// - Parameters:
  ///   - options: its `workFolder` holds a folder for each recipe.
  ///   - cacheFolder: where latents are kept.
  package init(_ recipe: Recipe, on device: ComputeDevice, options: RunOptions, cacheFolder: String) throws {
    self.recipe = recipe
    self.device = device
    self.options = options
    self.options.workFolder += "/" + recipe.run.name
    self.cacheFolder = cacheFolder
    trainingDevice = Self.trainingDevice(recipe.run, like: device, report: options.report)
    try DurableFile.makeFolder(self.options.workFolder)
  }

  private static func trainingDevice(
    _ recipe: RunRecipe, like device: ComputeDevice, report: (String) -> Void
  ) -> ComputeDevice {
    guard recipe.products == .bfloat16 else { return device }
    if let rounding = ComputeDevice.roundingProducts(threadCount: device.threadCount) { return rounding }
    report("\(recipe.name): this processor has no products of bfloat16; float32 does the same, more slowly")
    return device
  }

  /// Trains until the recipe's last step, the limit or `stop`, and exports a finished model.
  ///
  /// - Returns: whether the last step is done.
  package func run(until stop: StopRequest) throws -> Bool {
    try carryOut(makeTask(until: stop)) { run in
      _ = try run.resume()
      let isDone = try run.train(until: stop)
      if isDone { try run.export() }
      return isDone
    }
  }

  /// Writes the averaged weights of the last checkpoint into the model's folder.
  package func export() throws {
    try carryOut(makeTask(until: StopRequest())) { run in
      guard try run.resume().step > 0 else {
        throw TrainingError(
          .checkpoint, "export \(recipe.run.name): there is no checkpoint in \"\(options.workFolder)\"; run it first")
      }
      try run.export()
    }
  }

  /// Makes the latents that a denoiser's recipe trains on; nothing for other recipes.
  package func cacheLatents(until stop: StopRequest) throws {
    guard case .denoiser(let model) = recipe.model else { return }
    try DenoiserTask.cacheLatents(model, run: recipe.run, place: dataPlace(stop), on: device)
  }

  private func dataPlace(_ stop: StopRequest) -> DataPlace {
    DataPlace(cacheFolder: cacheFolder, workFolder: options.workFolder, report: options.report, stop: stop)
  }

  private func makeTask(until stop: StopRequest) throws -> any TrainingTask {
    switch recipe.model {
    case .autoencoder(let model): try AutoencoderTask(model, run: recipe.run, place: dataPlace(stop), on: device)
    case .textEncoder(let model): try TextEncoderTask(model, run: recipe.run, workFolder: options.workFolder)
    case .denoiser(let model): try DenoiserTask(model, run: recipe.run, place: dataPlace(stop), on: device)
    }
  }

  private func carryOut<Result>(_ task: any TrainingTask, _ body: (any Run) throws -> Result) throws -> Result {
    func open(_ task: some TrainingTask) throws -> Result {
      try body(TrainingRun(task, recipe: recipe.run, on: trainingDevice, options: options))
    }
    return try open(task)
  }
}

/// What a session asks of a run, whatever its task.
private protocol Run {
  func resume() throws -> TrainingProgress
  func train(until stop: StopRequest) throws -> Bool
  func export() throws
}

extension TrainingRun: Run {}
