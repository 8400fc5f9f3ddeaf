import ControlProtocol
import DurableFiles
import Foundation
import JobModel
import JobStore
import ServiceLifecycle
import Systemd

/// Says how the service is: to `state/status.json` and systemd at most once a second, to the control server on demand.
package struct StatusReporter: Service {
  let core: ServiceCore
  let dispatcher: Dispatcher
  let notifier: ServiceNotifier
  let started: Date
  /// Jobs in `status.json`.
  static let jobLimit = 1000

  package init(core: ServiceCore, dispatcher: Dispatcher, notifier: ServiceNotifier = ServiceNotifier()) {
    self.core = core
    self.dispatcher = dispatcher
    self.notifier = notifier
    started = .now
  }

  package func run() async throws {
    for await _ in core.signals.status.raises.cancelOnGracefulShutdown() {
      await write()
      try? await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(1)) }
    }
    await write()
  }

  private func write() async {
    do {
      let status = try await current()
      // Whole, but not waited for: a restart does not need it.
      try DurableFile.replace(
        core.configuration.paths.statusFile, with: ControlCoding.encode(status), permissions: 0o640, durability: .none)
      notifier.notify(.status(Self.line(status)))
    } catch {
      core.logger.error("status not written", metadata: ["error": "\(error)"])
    }
  }

  /// As `systemctl status` shows it: `running 1, queued 12, paused: disk full`.
  static func line(_ status: ServiceStatus) -> String {
    let states: [JobState] = [.running, .queued, .publishing, .held]
    let counts = states.filter { status.count($0) > 0 || $0 == .running || $0 == .queued }
      .map { "\($0.rawValue) \(status.count($0))" }
    return (counts + (status.paused.map { ["paused: \($0)"] } ?? [])).joined(separator: ", ")
  }

  /// The status now.
  package func current() async throws -> ServiceStatus {
    let counts = try await core.store.counts()
    // Requests before the lines of batches.
    var jobs: [JobRecord] = []
    for (states, isLine) in [(Self.unfinished, false), (Self.unfinished, true), (Self.finished, false)] {
      let filter = JobFilter(states: states, isLine: isLine)
      jobs += try await core.store.jobs(filter, limit: Self.jobLimit - jobs.count, withParameters: false)
    }
    let finishes = try await dispatcher.forecasts(limit: Dispatcher.foretold)
    let errors = try await core.store.forecastErrors()
    return ServiceStatus(
      version: Software.version, pid: getpid(), started: started, updated: .now, spool: core.configuration.paths.spool,
      paused: await dispatcher.pauseReason, counts: Dictionary(uniqueKeysWithValues: counts.map { ($0.rawValue, $1) }),
      devices: await dispatcher.devices, models: core.models.status,
      forecastError: median(errors), jobs: jobs.map { JobSummary($0, estimatedFinish: finishes[$0.id]) })
  }

  private static let finished = Set(JobState.allCases.filter(\.isFinal))
  private static let unfinished = Set(JobState.allCases.filter { !$0.isFinal })

  /// One job in full; nil where there is none.
  package func detail(_ id: JobID) async throws -> JobDetail? {
    guard let job = try await core.store.job(id) else { return nil }
    let progress = await dispatcher.devices.flatMap(\.tasks)
    let tasks = try await core.store.tasks(of: id).map { task in
      let running = progress.first {
        $0.job == id && $0.clip == task.clip && $0.stage == task.stage && $0.chunk == task.chunk
      }
      return TaskDetail(
        clip: task.clip, stage: task.stage, chunk: task.chunk, state: task.state, attempts: task.attempts,
        step: running?.step, of: running?.of, seconds: task.seconds)
    }
    let events = try await core.store.events(of: id).map { event in
      JobEvent(time: event.date, what: event.kind, why: event.detail.isEmpty ? nil : event.detail)
    }
    let finish = job.state.isFinal ? nil : try await dispatcher.forecasts(limit: Dispatcher.foretold)[id]
    return JobDetail(
      job: JobSummary(job, estimatedFinish: finish), seed: job.parameters?.seed, tasks: tasks, events: events)
  }
}

extension JobSummary {
  init(_ job: JobRecord, estimatedFinish: Date? = nil) {
    self.init(
      id: job.id, request: job.path, state: job.state, reason: job.reason, priority: job.priority,
      account: job.account, model: job.model, clipCount: job.clipCount, tasksDone: job.tasksDone,
      taskCount: job.taskCount, batch: job.batch, line: job.line, created: job.created, finished: job.finished,
      estimatedFinish: estimatedFinish)
  }
}
