/// Something that is not as it should be.
package struct Finding: Codable, Equatable, Sendable, CustomStringConvertible {
  package enum Part: String, Codable, Sendable {
    case database
    /// A checkpoint, an output or a journal in an attempt's folder.
    case attempt
    /// What was published beside a request.
    case output
    case model
  }

  package var part: Part
  /// The file, or the job.
  package var place: String
  /// *What is wrong; what happens next, or what to do.*
  package var problem: String

  package init(_ part: Part, _ place: String, _ problem: String) {
    self.part = part
    self.place = place
    self.problem = problem
  }

  package var description: String { "\(part.rawValue): \(place): \(problem)" }
}
