import Foundation
import JobModel
import JobStore
import ServiceLifecycle

/// Ends when there is nothing left to do: every request taken, every job at its end.
package struct DrainService: Service {
  let core: ServiceCore
  let dispatcher: Dispatcher
  let intake: IntakeService

  package func run() async throws {
    core.signals.drain.raise()
    for await _ in core.signals.drain.raises.cancelOnGracefulShutdown() {
      if await dispatcher.isStuck {
        core.logger.error("draining given up: a worker does not start")
        return
      }
      if try await isFinished() { return }
    }
  }

  private func isFinished() async throws -> Bool {
    guard intake.isSettled else { return false }
    guard try await !core.store.hasWork() else { return false }
    return try await core.store.unannouncedJobs(limit: 1).isEmpty
  }

  /// 0 where every job that a request file stands for is done.
  func exitCode() async throws -> Int32 { try await core.store.isAllDone() ? 0 : 1 }
}
