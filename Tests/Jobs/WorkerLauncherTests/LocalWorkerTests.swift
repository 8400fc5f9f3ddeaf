import Foundation
import Logging
import Testing
import WorkerLauncher
import WorkerProtocol

/// A worker played by the shell.
private func shell(_ script: String, identityFile: String? = nil) throws -> LocalWorker {
  try LocalWorker(command: ["/bin/sh", "-c", script], identityFile: identityFile)
}

private func all(_ worker: LocalWorker) async -> [WorkerReport] {
  var reports: [WorkerReport] = []
  for await report in worker.reports { reports.append(report) }
  return reports
}

private let ready = "{\"ready\":{\"device\":\"cpu0\",\"kernels\":\"baseline\",\"threads\":1,\"version\":\"1\"}}"

@Suite("Local worker", .timeLimit(.minutes(1)))
struct LocalWorkerTests {
  @Test("what it says is heard in order, its end last")
  func reports() async throws {
    let worker = try shell("echo '\(ready)'; echo nonsense; exit 75")
    let description = WorkerDescription(device: "cpu0", kernels: "baseline", threadCount: 1, version: "1")
    #expect(
      await all(worker) == [.message(.ready(description)), .malformed("nonsense"), .ended(.exited(75))])
  }

  @Test("it hears commands, one line each")
  func commands() async throws {
    let worker = try shell("read a; read b; echo \"$a|$b\"")
    worker.send(.run([AttemptFolder("/a b"), AttemptFolder("/c")]))
    worker.send(.yield)
    #expect(await all(worker) == [.malformed("run /a%20b /c|yield"), .ended(.exited(0))])
  }

  @Test("a killed worker is told apart from one that exits")
  func killed() async throws {
    let worker = try shell("read line")
    #expect(worker.process.isAlive)
    worker.kill()
    #expect(await all(worker) == [.ended(.killed(signal: SIGKILL))])
    #expect(!worker.process.isAlive)
    worker.send(.yield)
  }

  @Test("SIGTERM reaches it though we ignore it")
  func terminated() async throws {
    signal(SIGTERM, SIG_IGN)
    defer { signal(SIGTERM, SIG_DFL) }
    let worker = try shell("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.02; done")
    var reports = worker.reports.makeAsyncIterator()
    #expect(await reports.next() == .malformed("up"))
    worker.terminate()
    #expect(await reports.next() == .malformed("bye"))
    #expect(await reports.next() == .ended(.exited(0)))
  }

  @Test("its input closes when its owner lets go, also with other workers alive")
  func inputCloses() async throws {
    var first: LocalWorker? = try shell("while read line; do :; done; echo closed")
    let reports = try #require(first).reports
    let second = try shell("read line")
    first = nil
    var heard: [WorkerReport] = []
    for await report in reports { heard.append(report) }
    #expect(heard == [.malformed("closed"), .ended(.exited(0))])
    second.kill()
    _ = await all(second)
  }

  @Test("a program that is not there is an error that names it")
  func missing() {
    let error = #expect(throws: WorkerStartError.self) {
      try LocalWorker(command: ["/no/such/worker", "serve"], identityFile: nil)
    }
    #expect(error?.code == ENOENT)
  }

  @Test("a worker that a dead daemon left is killed when patience is over, and its note removed")
  func previous() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "walt-workers-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let previous = PreviousWorkers(folder: folder)
    let worker = try shell("exec sleep 100", identityFile: previous.identityFile(device: "cpu0"))
    let end = Task { await all(worker) }
    try await previous.end(patience: .milliseconds(50), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    #expect(await end.value == [.ended(.killed(signal: SIGKILL))])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
  }

  @Test("a note about a number that another process has now hurts nobody")
  func reused() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "walt-workers-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let bystander = try shell("read line")
    let boot = ProcessIdentity.currentBootID()
    let note = "{\"boot_id\":\"\(boot)\",\"pid\":\(bystander.process.pid),\"start_time\":1}"
    try Data(note.utf8).write(to: URL(filePath: "\(folder)/cpu0.json"))
    try await PreviousWorkers(folder: folder).end(
      patience: .zero, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    #expect(bystander.process.isAlive)
    bystander.kill()
    _ = await all(bystander)
  }
}
