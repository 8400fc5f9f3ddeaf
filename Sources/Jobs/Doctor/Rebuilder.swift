import DurableFiles
import Foundation
import JobModel
import JobStore
import Spool
import WorkerProtocol

/// What rebuilding a store came to.
package struct RebuildReport: Codable, Equatable, Sendable {
  /// Jobs told by results: done, failed and cancelled ones.
  package var finished = 0
  /// Jobs that had begun, and lines of batches that had: they go on from what their attempts' folders hold.
  package var begun = 0
  /// Requests of which nothing else is known: waltd takes them as new when it starts.
  package var waiting = 0
  /// Where the old database lies now; nil where there was none.
  package var oldDatabase: String?
  package var findings: [Finding] = []

  package init() {}

  enum CodingKeys: String, CodingKey {
    case finished, begun, waiting, findings
    case oldDatabase = "old_database"
  }

  mutating func count(_ state: JobState) { if state.isFinal { finished += 1 } else { begun += 1 } }
}

/// Makes a lost or damaged store anew from the spool, the results in it and the attempts' folders.
///
/// The new one is complete before it takes the old one's name; the old one is kept beside it.
package struct Rebuilder {
  let spool: String
  private let state: String
  private let database: String
  private let models: [String: ModelDescription]
  private let standard: String?
  private let devices: [String: Device]

  /// What a second of a device is paid with.
  package struct Device: Sendable {
    package let measure: String
    package let rate: Double

    package init(measure: String, rate: Double) {
      self.measure = measure
      self.rate = rate
    }
  }

  /// - Parameters:
  ///   - models: the configured ones that can be read; the first is the default.
  ///   - devices: the configured ones by name; what others computed is not put into the ledger.
  package init(
    spool: String, state: String, database: String, models: [ModelDescription], devices: [String: Device] = [:]
  ) {
    self.spool = spool
    self.state = state
    self.database = database
    self.models = Dictionary(models.map { ($0.name, $0) }) { first, _ in first }
    self.devices = devices
    standard = models.first?.name
  }

  /// - Precondition: no daemon runs: the caller has its lock.
  package func rebuild(at now: Date) async throws -> RebuildReport {
    var report = RebuildReport()
    let folders = try TaskFolders(state: state)
    let restored = try restored(folders, &report, now)
    let fresh = database + ".new"
    for suffix in ["", "-wal", "-shm"] { try DurableFile.remove(fresh + suffix) }
    let store = try JobStore(path: fresh)
    try await store.restore(restored.jobs, batches: restored.batches, highestTask: folders.highest)
    try await store.close()
    report.oldDatabase = try setAside(now)
    try DurableFile.publish(fresh, as: database)
    try DurableFile.publish(Seal(database: fresh).path, as: Seal(database: database).path)
    try removeStrays(folders, keeping: restored.jobs + restored.batches.flatMap { $0.lines.map(\.job) })
    return report
  }

  private func restored(
    _ folders: TaskFolders, _ report: inout RebuildReport, _ now: Date
  ) throws -> (jobs: [RestoredJob], batches: [RestoredBatch]) {
    let scanner = SpoolScanner(root: try Folder(spool), limits: .generous, settle: .zero)
    var (jobs, batches, numbers) = ([RestoredJob](), [RestoredBatch](), Set<JobID>())
    // Of requests that were copied with their results: one number, two jobs.
    func single(_ id: JobID?) -> JobID? { id.flatMap { numbers.insert($0).inserted ? $0 : nil } }
    for found in scanner.scan(scanner.list(), known: [:], at: .now, limit: .max, byteLimit: .max).found {
      switch found {
      case .request(let file, let request):
        guard var job = job(file, request, folders, &report, now) else { continue }
        job.id = single(job.id)
        report.count(job.state)
        jobs.append(job)
      case .batch(let file):
        guard var batch = batch(file, folders, &report, now) else { continue }
        batch.id = single(batch.id)
        for index in batch.lines.indices { batch.lines[index].job.id = single(batch.lines[index].job.id) }
        for state in [batch.state] + batch.lines.map(\.job.state) { report.count(state) }
        batches.append(batch)
      case .refused: continue
      }
    }
    return (jobs, batches)
  }

  /// Nil for a request that is to be taken as new.
  private func job(
    _ file: RequestFile, _ request: Request, _ folders: TaskFolders, _ report: inout RebuildReport, _ now: Date
  ) -> RestoredJob? {
    let traces = Traces(of: file, folders, spool: spool)
    guard !traces.areNone, let digest = SHA256Digest(hex: file.digest) else {
      report.waiting += 1
      return nil
    }
    guard let parameters = resolved(request, digest, account: traces.account ?? ResolvedRequest.defaultAccount) else {
      report.findings.append(
        Finding(.model, file.path, "its model cannot be read, so the request is taken as new; configure the model"))
      report.waiting += 1
      return nil
    }
    let job = job(file, parameters, traces, &report, now)
    if job.state == .queued, traces.origin == nil {
      report.waiting += 1
      return nil
    }
    return job
  }

  /// A job as its traces tell of it; to be done where they tell of nothing, or of files that are damaged.
  func job(
    _ file: RequestFile, _ parameters: ResolvedRequest, _ traces: Traces, _ report: inout RebuildReport, _ now: Date
  ) -> RestoredJob {
    var parameters = parameters
    parameters.input = traces.origin?.input
    let result = traces.result
    var state = result?.state ?? .queued
    if state == .done, let damaged = result?.damagedFiles(in: spool), !damaged.isEmpty {
      let names = damaged.joined(separator: ", ")
      report.findings.append(Finding(.output, file.path, "\(names) lost or changed; the job is done again"))
      state = .queued
    }
    return RestoredJob(
      id: traces.origin?.job ?? result?.job, file: file, parameters: parameters, state: state,
      reason: state == .failed || state == .cancelled ? result?.message ?? "restored" : nil,
      created: result?.created ?? now, finished: state == .queued ? nil : result?.finished ?? now,
      tasks: traces.tasks, spent: spent(parameters, state, result))
  }

  /// As far as the result tells: seconds of attempts that failed are not in it.
  private func spent(_ parameters: ResolvedRequest, _ state: JobState, _ result: PublishedResult?) -> [String: Double] {
    guard let result, state.isFinal else { return [:] }
    var spent: [String: Double] = [:]
    if let device = result.device.flatMap({ devices[$0] }) { spent[device.measure] = result.seconds * device.rate }
    if state == .done {
      spent["clips"] = Double(parameters.clips.count)
      spent["bytes"] = Double(result.byteCount)
    }
    return spent
  }

  func resolved(_ request: Request, _ digest: SHA256Digest, account: String) -> ResolvedRequest? {
    guard let model = (request.model ?? standard).flatMap({ models[$0] }) else { return nil }
    return try? request.resolved(for: model, digest: digest, account: account)
  }

  private func setAside(_ now: Date) throws -> String? {
    let wasThere = DurableFile.exists(database)
    let mark = now.formatted(.iso8601.timeSeparator(.omitted).dateSeparator(.omitted))
    let old = "\(database).damaged-\(mark)"
    for suffix in [".sha256", "-wal", "-shm", ""] where DurableFile.exists(database + suffix) {
      try DurableFile.publish(database + suffix, as: old + suffix)
    }
    return wasThere ? old : nil
  }

  /// Folders of tasks that no job has: nobody would ever remove them.
  private func removeStrays(_ folders: TaskFolders, keeping jobs: [RestoredJob]) throws {
    let kept = Set(jobs.filter { $0.state == .queued || $0.state == .failed }.flatMap { $0.tasks.map(\.id) })
    let all = folders.strays + folders.tasks.values.flatMap { $0.map(\.id) }
    for id in all where !kept.contains(id) {
      try DurableFile.remove(AttemptFolder.taskFolder(state: state, task: "\(id)"))
    }
  }
}

extension RequestLimits {
  /// What was accepted once is within any limits.
  static var generous: RequestLimits {
    var limits = RequestLimits()
    limits.json = JSONLimits(byteCount: 1 << 30, depth: 256, valueCount: 10_000_000)
    limits.promptByteCount = 16 << 20
    limits.promptsByteCount = 1 << 30
    limits.clipCount = 1_000_000
    limits.batchByteCount = 1 << 30
    return limits
  }
}
