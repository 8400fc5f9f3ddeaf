import Foundation
import GRDB
import JobModel
import Synchronization

/// The outlines of jobs that were looked at last: their parameters may be long, and never change.
final class OutlineCache: Sendable {
  private let outlines = Mutex<[Int64: JobOutline]>([:])
  private static let limit = 4096

  /// Nil for a job without parameters.
  func outline(of job: Int64, in database: Database) throws -> JobOutline? {
    if let outline = outlines.withLock({ $0[job] }) { return outline }
    let text = try String.fetchOne(database, sql: "SELECT parameters FROM job WHERE id = ?", arguments: [job])
    guard let text, let parameters = try JSONDecoder().decode(ResolvedRequest?.self, from: Data(text.utf8)) else {
      return nil
    }
    let outline = JobOutline(parameters)
    outlines.withLock { outlines in
      if outlines.count >= Self.limit { outlines.removeAll() }
      outlines[job] = outline
    }
    return outline
  }
}
