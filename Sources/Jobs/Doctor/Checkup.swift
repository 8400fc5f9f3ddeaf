import DurableFiles
import Foundation
import JobModel
import JobStore
import WorkerProtocol

/// Looks at everything that a service keeps, and tells what is damaged. Repairs nothing; but opening the database
/// brings its tables up to date, and closing it seals it anew.
package struct Checkup {
  private let spool: String
  private let state: String
  private let database: String
  private let modelFolders: [(name: String, folder: String)]

  package init(spool: String, state: String, database: String, modelFolders: [(name: String, folder: String)]) {
    self.spool = spool
    self.state = state
    self.database = database
    self.modelFolders = modelFolders
  }

  /// - Precondition: no daemon runs: the caller has its lock.
  package func run() async throws -> [Finding] {
    let models = modelFolders.flatMap { ModelCheck(name: $0.name, folder: $0.folder).findings }
    guard DurableFile.exists(database) else {
      return models + [Finding(.database, database, "is lost; waltctl doctor --rebuild makes it anew")]
    }
    if Seal(database: database).isBroken {
      // Not opened: it would be sealed again as it is.
      let problem = "is not what it was when waltd closed it; waltctl doctor --rebuild makes it anew"
      return try models + [Finding(.database, database, problem)] + journalFindings()
    }
    do {
      let store = try JobStore(path: database)
      let findings = try await databaseFindings(store) + jobFindings(store)
      try await store.close()
      return try models + findings + journalFindings()
    } catch {
      // Whatever cannot be read of it: SQLite has many ways to say so.
      return models + [Finding(.database, database, "\(error); waltctl doctor --rebuild makes it anew")]
    }
  }

  private func databaseFindings(_ store: JobStore) async throws -> [Finding] {
    let problems = try await store.integrityProblems() + store.contentProblems()
    return problems.map { Finding(.database, database, "\($0); waltctl doctor --rebuild makes it anew") }
  }

  private func jobFindings(_ store: JobStore) async throws -> [Finding] {
    var findings: [Finding] = []
    var before: JobID?
    repeat {
      let page = try await store.jobs(before: before, limit: 500, withParameters: false)
      for job in page {
        if job.state == .done { findings += publishedFindings(job) }
        if !job.isOver { findings += try await attemptFindings(job, store) }
      }
      before = page.count == 500 ? page.last?.id : nil
    } while before != nil
    return findings
  }

  /// Only what the newest result says: an older job's files were replaced by a later one's.
  private func publishedFindings(_ job: JobRecord) -> [Finding] {
    guard let result = PublishedResult(beside: job.path, spool: spool), result.job == job.id else { return [] }
    return result.damagedFiles(in: spool).map { path in
      Finding(
        .output, path, "lost or changed since job \(job.id) published it; remove the request and put it here again")
    }
  }

  private func attemptFindings(_ job: JobRecord, _ store: JobStore) async throws -> [Finding] {
    var findings: [Finding] = []
    for task in try await store.tasks(of: job.id) {
      for checkpoint in try await store.checkpoints(of: task.id) {
        let path = checkpoint.path.hasPrefix("/") ? checkpoint.path : "\(state)/\(checkpoint.path)"
        if (try? sha256(ofFile: path)) != checkpoint.sha256 {
          findings.append(
            Finding(.attempt, path, "checkpoint of job \(job.id) damaged or lost; the one before is used"))
        }
      }
      guard let text = task.result,
        let result = try? ProtocolCoding.decode(AttemptResult.self, Array(text.utf8), path: "task \(task.id)")
      else { continue }
      let folder = AttemptFolder(state: state, task: "\(task.id)", attempt: result.attempt)
      for output in result.outputs where (try? sha256(ofFile: folder.resolve(output.path))) != output.sha256 {
        findings.append(
          Finding(.attempt, folder.resolve(output.path), "output of job \(job.id) damaged or lost; its task runs again")
        )
      }
    }
    return findings
  }

  /// What workers wrote that cannot be read.
  private func journalFindings() throws -> [Finding] {
    guard DurableFile.exists("\(state)/tasks") else { return [] }
    var findings: [Finding] = []
    for id in try Folder("\(state)/tasks").names().compactMap(Int64.init).sorted().map({ TaskID($0) }) {
      for number in TaskFolders.attempts(of: id, state: state) {
        let folder = AttemptFolder(state: state, task: "\(id)", attempt: number)
        let checks: [(String, () throws -> Void)] = [
          (folder.taskFile, { _ = try folder.readTask() }), (folder.eventsFile, { try folder.checkEvents() }),
          (folder.resultFile, { _ = try folder.readResult() }),
        ]
        for (path, check) in checks where DurableFile.exists(path) {
          do { try check() } catch { findings.append(Finding(.attempt, path, "\(error); the attempt is made again")) }
        }
      }
    }
    return findings
  }
}
