import DurableFiles
import Foundation
import JobModel
import JobStore
import Spool

extension Rebuilder {
  /// A batch with all its good lines, each as its own traces tell or to be done; nil for a batch that has left no trace:
  /// it is to be taken as new.
  func batch(
    _ file: RequestFile, _ folders: TaskFolders, _ report: inout RebuildReport, _ now: Date
  ) -> RestoredBatch? {
    let result = Traces(of: file, folders, spool: spool).result
    var reading = LineReading(file, folders, spool: spool)
    for line in BatchLines(file.bytes) { reading.read(line) { resolved($0, $1, account: $2) } }
    let folderOwner = owner(of: file.stem)
    guard result != nil || folderOwner != nil || reading.lines.contains(where: { !$0.traces.areNone }) else {
      report.waiting += 1
      return nil
    }
    let lines = reading.lines.map { line in
      (number: line.number, job: job(line, of: result, &report, now))
    }
    let isOver = lines.allSatisfy(\.job.state.isFinal)
    let state: JobState = isOver ? result?.state ?? .publishing : .running
    return RestoredBatch(
      id: folderOwner ?? result?.job, file: file, account: reading.account ?? ResolvedRequest.defaultAccount,
      state: state,
      reason: state == .failed || state == .cancelled ? result?.message ?? "restored" : nil,
      created: result?.created ?? now, finished: state.isFinal ? result?.finished ?? now : nil,
      refusedCount: reading.refusedCount, lines: lines)
  }

  private func job(
    _ line: LineReading.Line, of batch: PublishedResult?, _ report: inout RebuildReport, _ now: Date
  ) -> RestoredJob {
    var job = job(line.file, line.parameters, line.traces, &report, now)
    guard job.state == .queued else { return job }
    if let end = batch?.lines[line.number], end == .cancelled || end == .failed {
      (job.state, job.reason, job.finished) = (end, batch?.message ?? "restored", batch?.finished ?? now)
    } else if job.parameters.input == nil, line.namesFile {
      let reason = "the copy of the file that it names cannot be told any more; put the line into another file"
      (job.state, job.reason, job.finished) = (.failed, reason, now)
    }
    return job
  }

  /// The batch that the folder of outputs was made for.
  private func owner(of stem: String) -> JobID? {
    guard let bytes = try? DurableFile.read("\(spool)/\(stem)/\(Publisher.marker)", limit: 4096) else { return nil }
    return (try? JSONDocument(parsing: bytes))?.root.value["job"]?.integerValue.map { JobID($0) }
  }
}

/// The lines of a batch's file, and what each has left.
private struct LineReading {
  struct Line {
    let number: Int
    let file: RequestFile
    let parameters: ResolvedRequest
    let traces: Traces
    let namesFile: Bool
  }

  private let batch: RequestFile
  private let folders: TaskFolders
  private let spool: String
  private var customIDs: Set<String> = []
  private(set) var lines: [Line] = []
  private(set) var refusedCount = 0
  /// What a line is paid by that names no account and has left no trace: what the others were paid by.
  private(set) var account: String?

  init(_ batch: RequestFile, _ folders: TaskFolders, spool: String) {
    self.batch = batch
    self.folders = folders
    self.spool = spool
  }

  mutating func read(_ line: BatchLine, _ resolve: (Request, SHA256Digest, String) -> ResolvedRequest?) {
    let standard = account ?? ResolvedRequest.defaultAccount
    guard let request = try? line.request(.generous), request.customID.map({ customIDs.insert($0).inserted }) ?? true,
      let parameters = resolve(request, line.digest, request.account ?? standard)
    else {
      refusedCount += 1
      return
    }
    let bytes = request.bytes(withSeed: parameters.seed)
    let file = RequestFile(
      path: BatchLine.requestPath(stem: batch.stem, line: line.number), digest: SHA256Digest(of: bytes).hex,
      stamp: batch.stamp, bytes: bytes, owner: batch.owner)
    let traces = Traces(of: file, folders, spool: spool)
    account = account ?? traces.account
    let paid = traces.account.flatMap { resolve(request, line.digest, $0) } ?? parameters
    lines.append(
      Line(number: line.number, file: file, parameters: paid, traces: traces, namesFile: request.namedFile != nil))
  }
}
