import DaemonTesting
import Foundation
import Testing
import WorkerLauncher
import WorkerProtocol

@testable import DaemonServices

@Suite("The scripted worker", .timeLimit(.minutes(1)))
struct ScriptedWorkerTests {
  @Test("told to give way right behind its task, it does")
  func givesWay() async throws {
    let service = try TestService(script: #"{"waits":[{"task":"text","step":0,"attempts":9}]}"#)
    _ = try await service.accept(#"{"prompt": "a"}"#)
    let (_, _, folder) = try await service.lease()
    let worker = try LocalWorker(
      command: [TestPrograms.path("scripted-worker"), "serve", "--device", "cpu0"], identityFile: nil)
    // It finds both together.
    kill(worker.process.pid, SIGSTOP)
    worker.send(.run([folder]))
    worker.send(.yield)
    kill(worker.process.pid, SIGCONT)
    var outcomes: [AttemptResult.Outcome] = []
    for await report in worker.reports {
      guard case .message(.finished(_, let outcome)) = report else { continue }
      outcomes.append(outcome)
      worker.quit()
    }
    #expect(outcomes == [.yielded])
  }
}
