import Foundation
import JobModel

/// Something that happened to some job: one server-sent event of `GET /v1/events`.
package struct ServiceEvent: Codable, Equatable, Sendable {
  /// Ascending; pass the last one seen as `after` to go on from there.
  package var id: Int64
  package var time: Date
  package var job: JobID
  /// A job state or a short word: `accepted`, `running`, `attempt failed`.
  package var what: String
  package var why: String?

  package init(id: Int64, time: Date, job: JobID, what: String, why: String?) {
    self.id = id
    self.time = time
    self.job = job
    self.what = what
    self.why = why
  }
}
