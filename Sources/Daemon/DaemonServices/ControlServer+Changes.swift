import ControlProtocol
import DurableFiles
import FlyingFox
import Foundation
import JobModel
import JobStore
import Spool

/// What can be done to a job: the last part of `POST /v1/jobs/ID/…`.
enum JobAction: String, CaseIterable {
  case cancel, retry, hold, release, priority
}

extension ControlServer {
  /// Changes a job's state or place, and wakes whoever is concerned.
  func change(_ id: JobID, _ action: JobAction, _ request: HTTPRequest) async throws -> JobChange {
    try await core.disk.withRoom { try await perform(action, on: id, request) }
    guard let job = try await core.store.job(id) else { throw Self.missing(id) }
    core.signals.publishing.raise()
    core.signals.status.raise()
    dispatcher.wake()
    core.logger.info(
      "job changed", metadata: ["job": "\(id)", "action": "\(action.rawValue)", "state": "\(job.state)"])
    return JobChange(id: id, state: job.state)
  }

  private func perform(_ action: JobAction, on id: JobID, _ request: HTTPRequest) async throws {
    switch action {
    case .cancel: dispatcher.drop(try await core.store.cancel(id, reason: "cancelled by its user"))
    case .hold: dispatcher.giveWay(try await core.store.hold(id, reason: "held by its user"))
    case .release: try await core.store.release(id)
    case .retry: try await core.store.retry(id)
    case .priority: try await setPriority(id, request)
    }
  }

  private func setPriority(_ id: JobID, _ request: HTTPRequest) async throws {
    guard let change = try? ControlCoding.decode(PriorityChange.self, from: try await request.bodyData) else {
      throw ControlError(.badRequest, "set priority of job \(id): the body must be like {\"priority\": 80}")
    }
    guard 0...100 ~= change.priority else {
      throw ControlError(.badRequest, "set priority of job \(id): priority is \(change.priority), allowed: 0 to 100")
    }
    guard let job = try await core.store.job(id) else { throw Self.missing(id) }
    if job.state.isFinal {
      throw ControlError(.conflict, "set priority of job \(id): it is \(job.state.rawValue), nothing waits any more")
    }
    try await core.store.setPriority(id, change.priority)
  }

  /// Lets no work begin, or lets it begin again; what runs goes on.
  func setDrained(_ isDrained: Bool) async throws -> ServiceChange {
    try await core.store.setDrained(isDrained)
    await dispatcher.setDrained(isDrained)
    core.signals.status.raise()
    core.logger.notice(isDrained ? "drained" : "resumed")
    return ServiceChange(paused: await dispatcher.pauseReason)
  }

  /// Puts a request into the spool, where it is found like any other. It belongs to the service's user.
  ///
  /// The name is in the query (`name`, and `into` for a folder below the spool), the request is the body.
  func submit(_ request: HTTPRequest) async throws -> Submission {
    guard let name = request.query["name"] else {
      throw ControlError(.badRequest, "submit: the query names no file; add ?name=NAME.json")
    }
    let limit = core.configuration.limits.json.byteCount
    var bytes: [UInt8] = []
    for try await chunk in request.bodySequence {
      bytes += chunk
      if bytes.count > limit {
        throw ControlError(.badRequest, "submit \(name): more than \(limit) bytes, the most allowed; split it")
      }
    }
    let (body, folder) = (bytes, request.query["into"] ?? "")
    do {
      let path = try await offPool { [core] in
        try SpoolEntrance(root: core.configuration.paths.spool).put(body, as: name, into: folder)
      }
      core.signals.spool.raise()
      return Submission(request: path)
    } catch let error as RequestError {
      throw ControlError(.badRequest, "submit \(name): \(error)")
    } catch let error as FileSystemError where error.isAlreadyThere {
      throw ControlError(.conflict, "submit \(name): the spool has a request of this name; rename it")
    }
  }
}
