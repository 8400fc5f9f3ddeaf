import JobModel
import JobStore
import WorkerProtocol

/// What a job has left outside the store: attempts in the state folder and a result beside its request.
struct Traces {
  let origin: TaskOrigin?
  let result: PublishedResult?
  let tasks: [RestoredTask]

  init(of file: RequestFile, _ folders: TaskFolders, spool: String) {
    let key = TaskFolders.Key(request: file.path, digest: file.digest)
    origin = folders.origins[key]?.first
    tasks = folders.tasks[key] ?? []
    let published = PublishedResult(beside: file.path, spool: spool)
    result = published?.requestDigest == file.digest ? published : nil
  }

  var areNone: Bool { origin == nil && result == nil }
  var account: String? { origin?.account ?? result?.account }
}
