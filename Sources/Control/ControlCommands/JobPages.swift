import ControlProtocol
import JobModel

/// All jobs from the newest to the oldest, fetched page by page; with the daemon down, those that it wrote down.
struct JobPages {
  let paths: ServicePaths
  let state: JobState?

  /// Hands over one job after the other until `body` returns false.
  func each(_ body: (JobSummary) throws -> Bool) throws {
    let client = ControlClient(socket: paths.control)
    var next: JobID?
    repeat {
      let page: JobPage
      do {
        let query = ["limit=1000", state.map { "state=\($0.rawValue)" }, next.map { "before=\($0)" }].compactMap { $0 }
        page = try client.get("/v1/jobs?\(query.joined(separator: "&"))")
      } catch is DaemonUnreachable where next == nil {
        page = try written()
      }
      for job in page.jobs where try !body(job) { return }
      next = page.next
    } while next != nil
  }

  private func written() throws -> JobPage {
    let jobs = try StatusSource(paths: paths).readAloud().jobs
    return JobPage(jobs: jobs.filter { state == nil || $0.state == state }.sorted { $0.id > $1.id }, next: nil)
  }
}
