import JobModel

/// Which task of which job an attempt's folder is about. Workers do not look at it: it is for who has lost the store
/// and has only the folders left.
package struct TaskOrigin: Codable, Equatable, Sendable {
  package var job: JobID
  /// The request file, relative to the spool, and the SHA-256 of its bytes.
  package var request: String
  package var requestSHA256: String
  package var account: String
  package var clip: Int
  package var stage: TaskStage
  package var chunk: Int
  /// The job's copy of the file that its request names; nil where it names none.
  package var input: InputFile?

  package init(
    job: JobID, request: String, requestSHA256: String, account: String, clip: Int, stage: TaskStage, chunk: Int,
    input: InputFile?
  ) {
    self.job = job
    self.request = request
    self.requestSHA256 = requestSHA256
    self.account = account
    self.clip = clip
    self.stage = stage
    self.chunk = chunk
    self.input = input
  }

  enum CodingKeys: String, CodingKey {
    case job, request, account, clip, stage, chunk, input
    case requestSHA256 = "request_sha256"
  }
}
