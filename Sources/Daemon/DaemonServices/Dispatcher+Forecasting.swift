import Foundation
import JobModel
import JobStore
import Scheduling
import WorkerProtocol

extension Dispatcher {
  /// Charges the account for what the attempt took, and remembers how long its units take.
  func measure(_ running: RunningTask, _ result: AttemptResult) async throws {
    guard let measure = running.measure else { return }
    let seconds = measure.seconds
    shares.charge(measure.account, seconds: seconds - measure.charged)
    if result.outcome == .done, result.resumedFromStep == nil {
      try await core.store.recordThroughput(measure.key, secondsPerUnit: seconds / Double(measure.unitCount))
    }
  }

  /// When jobs that wait or run will be done, as far as it can be known from what was measured.
  package func forecasts(limit: Int) async throws -> [JobID: Date] {
    let throughput = try await core.store.throughput()
    let running = slots.flatMap { $0.running.values }
    let work = try await core.store.openJobs(limit: limit).map { job in
      let spent = running.filter { $0.task.job == job.id }.compactMap(\.measure)
        .reduce(0) { $0 + min($1.seconds, $1.charged) }
      return Forecast.Work(
        job: job.id, account: job.account, created: job.created, due: job.due,
        seconds: seconds(job, throughput).map { max(0, $0 - spent) }, isRunning: job.state == .running)
    }
    return Forecast.finishes(
      work, deviceCount: slots.count, ageing: core.configuration.ageing, shares: shares, at: .now)
  }

  /// Seconds of one device that are left of a job; nil where some part of it was never measured.
  private func seconds(_ job: OpenJob, _ throughput: [ThroughputKey: Double]) -> Double? {
    let model = job.outline.variant.map { "\(job.model)/\($0)" } ?? job.model
    var seconds = 0.0
    for (step, count) in job.left {
      let rates = slots.compactMap { slot in
        throughput[
          ThroughputKey(
            model: model, stage: step.stage, kind: job.outline.kind(step), device: slot.device.name)]
      }
      guard !rates.isEmpty else { return nil }
      let rate = rates.reduce(0, +) / Double(rates.count)
      seconds += rate * Double(job.outline.unitCount(step) * count)
    }
    return seconds
  }

  /// Foretells the end of jobs that have just begun, to be held against what comes true.
  func forecast(_ jobs: Set<JobID>) async throws {
    guard !jobs.isEmpty else { return }
    let finishes = try await forecasts(limit: Self.foretold)
    for job in jobs { if let finish = finishes[job] { try await core.store.recordForecast(job, finish: finish) } }
  }

  /// Jobs whose ends are worth foretelling: those at the head of the queue.
  package static let foretold = 200
}
