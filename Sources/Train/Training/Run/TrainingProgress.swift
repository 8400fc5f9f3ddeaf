import Foundation

/// How far a run has come.
package struct TrainingProgress: Sendable, Equatable {
  /// Steps done.
  package var step = 0
  /// Seconds spent in steps, all sittings together.
  package var seconds = 0.0
  /// Clips and images seen.
  package var samples = 0

  package init() {}
}

/// What one step gave.
struct StepFigures {
  let loss: Double
  let parts: [String: Double]
  let update: WeightUpdater.Report

  /// The means over a step's batches.
  init(meanOf batches: [(loss: Double, parts: [String: Double])], update: WeightUpdater.Report) {
    let share = 1 / Double(batches.count)
    loss = batches.reduce(0) { $0 + share * $1.loss }
    parts = batches.reduce(into: [:]) { sums, batch in sums.merge(batch.parts.mapValues { share * $0 }) { $0 + $1 } }
    self.update = update
  }
}

/// The steps between two records of the log.
struct LogInterval {
  private let start: TrainingProgress
  private var lossSum = 0.0
  private var partSums: [String: Double] = [:]
  private var largestNorm = 0.0
  private var rate = 0.0
  private var count = 0

  init(since start: TrainingProgress) { self.start = start }

  mutating func add(_ figures: StepFigures) {
    count += 1
    lossSum += figures.loss
    partSums.merge(figures.parts) { $0 + $1 }
    largestNorm = max(largestNorm, figures.update.gradientNorm)
    rate = Double(figures.update.rate)
  }

  func record(at progress: TrainingProgress) -> LogRecord {
    var record = LogRecord(step: progress.step, seconds: progress.seconds, samples: progress.samples)
    record.loss = lossSum / Double(count)
    record.rate = rate
    record.gradientNorm = largestNorm
    record.samplesPerSecond = Double(progress.samples - start.samples) / max(1e-9, progress.seconds - start.seconds)
    if !partSums.isEmpty { record.figures = partSums.mapValues { $0 / Double(count) } }
    return record
  }
}

/// What a run prints as it goes: where it is, its loss, its speed and when it will be done.
struct ProgressLine: CustomStringConvertible {
  let recipe: RunRecipe
  let record: LogRecord

  var description: String {
    let left = record.seconds / Double(max(1, record.step)) * Double(recipe.steps - record.step)
    let fields = [
      "\(recipe.name): step \(record.step)/\(recipe.steps)",
      "loss \(format(record.loss, "%.5f"))",
      "\(format(record.samplesPerSecond, "%.1f")) samples/s",
      "gradient \(format(record.gradientNorm, "%.2f"))",
      "rate \(format(record.rate, "%.2e"))",
      "\(Self.time(left)) left",
    ]
    return fields.joined(separator: ", ")
  }

  private func format(_ value: Double?, _ format: String) -> String {
    value.map { String(format: format, $0) } ?? "–"
  }

  private static func time(_ seconds: Double) -> String {
    let minutes = Int(seconds / 60)
    return minutes < 60 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
  }
}
