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
  /// Jobs that had begun: they go on from what their attempts' folders hold.
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
}

/// Makes a lost or damaged store anew from the spool, the results in it and the attempts' folders.
///
/// The new one is complete before it takes the old one's name; the old one is kept beside it.
package struct Rebuilder {
  private let spool: String
  private let state: String
  private let database: String
  private let models: [String: ModelDescription]

  /// - Parameter models: the configured ones that can be read; the first is the default.
  package init(spool: String, state: String, database: String, models: [ModelDescription]) {
    self.spool = spool
    self.state = state
    self.database = database
    self.models = Dictionary(models.map { ($0.name, $0) }) { first, _ in first }
    standard = models.first?.name
  }

  private let standard: String?

  /// - Precondition: no daemon runs: the caller has its lock.
  package func rebuild(at now: Date) async throws -> RebuildReport {
    var report = RebuildReport()
    let folders = try TaskFolders(state: state)
    let jobs = try restoredJobs(folders, &report, now)
    let fresh = database + ".new"
    for suffix in ["", "-wal", "-shm"] { try DurableFile.remove(fresh + suffix) }
    let store = try JobStore(path: fresh)
    try await store.restore(jobs, highestTask: folders.highest)
    try await store.close()
    report.oldDatabase = try setAside(now)
    try DurableFile.publish(fresh, as: database)
    try removeStrays(folders, keeping: jobs)
    return report
  }

  private func restoredJobs(
    _ folders: TaskFolders, _ report: inout RebuildReport, _ now: Date
  ) throws -> [RestoredJob] {
    let scanner = SpoolScanner(root: try Folder(spool), limits: .generous, settle: .zero)
    var jobs: [RestoredJob] = []
    var numbers: Set<JobID> = []
    let found = scanner.scan(scanner.list(), known: [:], at: .now, limit: .max, byteLimit: .max).found
    for case .request(let file, let request) in found {
      guard var job = job(file, request, folders, &report, now) else { continue }
      // A request that was copied with its results: one number, two jobs.
      if let id = job.id, !numbers.insert(id).inserted { job.id = nil }
      if job.state == .queued { report.begun += 1 } else { report.finished += 1 }
      jobs.append(job)
    }
    return jobs
  }

  /// Nil for a request that is to be taken as new.
  private func job(
    _ file: RequestFile, _ request: Request, _ folders: TaskFolders, _ report: inout RebuildReport, _ now: Date
  ) -> RestoredJob? {
    let key = TaskFolders.Key(request: file.path, digest: file.digest)
    let origin = folders.origins[key]?.first
    let published = PublishedResult(beside: file.path, spool: spool)
    let result = published?.requestDigest == file.digest ? published : nil
    guard result != nil || origin != nil else {
      report.waiting += 1
      return nil
    }
    let account = origin?.account ?? result?.account ?? "default"
    guard var parameters = resolved(request, file, account: account) else {
      report.findings.append(
        Finding(.model, file.path, "its model cannot be read, so the request is taken as new; configure the model"))
      report.waiting += 1
      return nil
    }
    parameters.input = origin?.input
    var state = result?.state ?? .queued
    if state == .done, let damaged = result?.damagedFiles(in: spool), !damaged.isEmpty {
      let names = damaged.joined(separator: ", ")
      report.findings.append(Finding(.output, file.path, "\(names) lost or changed; the job is done again"))
      guard origin != nil else {
        report.waiting += 1
        return nil
      }
      state = .queued
    }
    return RestoredJob(
      id: origin?.job ?? result?.job, file: file, parameters: parameters, state: state,
      reason: state == .failed || state == .cancelled ? result?.message ?? "restored" : nil,
      created: result?.created ?? now, finished: state == .queued ? nil : result?.finished ?? now,
      tasks: folders.tasks[key] ?? [])
  }

  private func resolved(_ request: Request, _ file: RequestFile, account: String) -> ResolvedRequest? {
    guard let model = (request.model ?? standard).flatMap({ models[$0] }), let digest = SHA256Digest(hex: file.digest)
    else { return nil }
    return try? request.resolved(for: model, digest: digest, account: account)
  }

  private func setAside(_ now: Date) throws -> String? {
    guard DurableFile.exists(database) else { return nil }
    let mark = now.formatted(.iso8601.timeSeparator(.omitted).dateSeparator(.omitted))
    let old = "\(database).damaged-\(mark)"
    for suffix in ["-wal", "-shm", ""] where DurableFile.exists(database + suffix) {
      try DurableFile.publish(database + suffix, as: old + suffix)
    }
    return old
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
  fileprivate static var generous: RequestLimits {
    var limits = RequestLimits()
    limits.json = JSONLimits(byteCount: 1 << 30, depth: 256, valueCount: 10_000_000)
    limits.promptByteCount = 16 << 20
    limits.promptsByteCount = 1 << 30
    limits.clipCount = 1_000_000
    return limits
  }
}
