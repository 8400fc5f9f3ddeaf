import ControlProtocol
import FlyingFox
import FlyingSocks
import Foundation
import JobModel
import JobStore
import ServiceLifecycle

/// Answers HTTP/1.1 on the control socket (design section 7).
package struct ControlServer: Service {
  let core: ServiceCore
  let status: StatusReporter
  let dispatcher: Dispatcher

  package init(core: ServiceCore, status: StatusReporter, dispatcher: Dispatcher) {
    self.core = core
    self.status = status
    self.dispatcher = dispatcher
  }

  package func run() async throws {
    let path = core.configuration.paths.control
    try Self.clear(path)
    let server = HTTPServer(address: .unix(path: path), logger: .disabled)
    await addRoutes(server)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      try await server.waitUntilListening()
      // Owner and group: who may connect is who may do everything.
      chmod(path, 0o660)
      core.logger.info("control socket open", metadata: ["path": "\(path)"])
      try? await gracefulShutdown()
      await server.stop(timeout: 1)
      unlink(path)
      group.cancelAll()
    }
  }

  /// A socket file that a killed daemon left is in the way; we have the lock, so it is nobody's.
  private static func clear(_ path: String) throws {
    let capacity = MemoryLayout<sockaddr_un>.size - MemoryLayout<sa_family_t>.size
    guard path.utf8.count < capacity else {
      throw ControlError(
        .badRequest,
        "open control socket \"\(path)\": the path has \(path.utf8.count) bytes, allowed are \(capacity - 1); "
          + "set \"control\" to a shorter one")
    }
    unlink(path)
  }

  private func addRoutes(_ server: HTTPServer) async {
    await server.appendRoute("GET /v1/status") { _ in try await answer { try await status.current() } }
    await server.appendRoute("GET /v1/jobs") { request in try await answer { try await list(request) } }
    await server.appendRoute("GET /v1/jobs/:id") { request in
      try await answer {
        let id = try Self.id(request)
        guard let detail = try await status.detail(id) else { throw Self.missing(id) }
        return detail
      }
    }
    await server.appendRoute("POST /v1/jobs") { request in try await answer { try await submit(request) } }
    for change in JobAction.allCases {
      await server.appendRoute(HTTPRoute("POST /v1/jobs/:id/\(change.rawValue)")) { request in
        try await answer { try await self.change(try Self.id(request), change, request) }
      }
    }
    await server.appendRoute("POST /v1/drain") { _ in try await answer { try await setDrained(true) } }
    await server.appendRoute("POST /v1/resume") { _ in try await answer { try await setDrained(false) } }
    await server.appendRoute("GET /metrics") { _ in try await metrics() }
    await server.appendRoute("GET /v1/events") { request in try await events(request) }
    await server.appendRoute("GET /v1/accounts") { _ in
      try await answer { try await AccountReport(core: core).accounts() }
    }
    await server.appendRoute("*") { request in
      try await answer { () -> JobPage in
        throw ControlError(
          .notFound, "\(request.method.rawValue) \(request.path): there is no such thing here; see docs/service.md")
      }
    }
  }

  private func metrics() async throws -> HTTPResponse {
    let text = MetricsText.text(try await status.current(), core.counters, room: core.disk.rooms)
    return HTTPResponse(
      statusCode: .ok, headers: [.contentType: "text/plain; version=0.0.4"], body: Data(text.utf8))
  }

  private func list(_ request: HTTPRequest) async throws -> JobPage {
    if let path = request.query["request"] {
      return JobPage(jobs: try await core.store.job(at: path).map { [JobSummary($0)] } ?? [], next: nil)
    }
    var filter = JobFilter()
    if let name = request.query["state"] {
      guard let state = JobState(rawValue: name) else {
        throw ControlError(
          .badRequest,
          "list jobs: there is no state \"\(name)\"; the states are \(JobState.allCases.map(\.rawValue).joined(separator: ", "))"
        )
      }
      filter.states = [state]
    }
    let limit = request.query["limit"].flatMap(Int.init) ?? 100
    guard 1...1000 ~= limit else { throw ControlError(.badRequest, "list jobs: limit is \(limit), allowed: 1 to 1000") }
    let before = request.query["before"].flatMap { JobID($0) }
    let jobs = try await core.store.jobs(filter, before: before, limit: limit, withParameters: false)
    return JobPage(jobs: jobs.map { JobSummary($0) }, next: jobs.count == limit ? jobs.last?.id : nil)
  }

  private static func id(_ request: HTTPRequest) throws -> JobID {
    let text = request.routeParameters["id"] ?? ""
    guard let id = JobID(text) else { throw ControlError(.notFound, "job \(text): a job is named by its number") }
    return id
  }

  static func missing(_ id: JobID) -> ControlError {
    ControlError(.notFound, StoreError.missing(id).message)
  }

  private func answer(_ body: () async throws -> some Encodable) async throws -> HTTPResponse {
    do {
      return try Self.response(try await body(), status: 200)
    } catch let error as ControlError {
      return try Self.response(error, status: error.status)
    } catch let error as StoreError where error.code == .notFound {
      return try Self.response(ControlError(.notFound, error.message), status: 404)
    } catch let error as StoreError where error.code == .conflict {
      return try Self.response(ControlError(.conflict, error.message), status: 409)
    } catch {
      core.logger.error("control request failed", metadata: ["error": "\(error)"])
      return try Self.response(ControlError(.internal, "\(error)"), status: 500)
    }
  }

  static func response(_ value: some Encodable, status: Int) throws -> HTTPResponse {
    HTTPResponse(
      statusCode: HTTPStatusCode(status, phrase: status == 200 ? "OK" : "Error"),
      headers: [.contentType: "application/json"], body: try ControlCoding.encode(value))
  }
}
