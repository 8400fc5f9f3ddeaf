import DurableFiles
import Foundation
import Testing
import WorkerProtocol

@testable import WorkerRuntime

/// `walt-worker` beside the tests, nil if it is not built.
private let program: String? = {
  let beside = Bundle.main.bundleURL.appending(path: "walt-worker").path
  return FileManager.default.isExecutableFile(atPath: beside) ? beside : nil
}()

/// The program itself, as the daemon starts it.
@Suite(.enabled(if: program != nil, "walt-worker is built beside the tests"))
struct ServeTests {
  private let model: TinyModel
  private let text: FileReference

  init() throws {
    model = try TinyModel()
    text = try model.text()
  }

  /// A serving worker, its messages read as they come.
  private final class Serving {
    let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var buffer = Data()

    init(_ program: String) throws {
      process.executableURL = URL(filePath: program)
      process.arguments = ["serve", "--device", "cpu0", "--threads", "1"]
      process.standardInput = input
      process.standardOutput = output
      try process.run()
    }

    func tell(_ command: WorkerCommand) { input.fileHandleForWriting.write(Data("\(command.line)\n".utf8)) }
    func closeInput() { try? input.fileHandleForWriting.close() }

    /// The next message; nil when the worker is gone.
    func hear() throws -> WorkerMessage? {
      while true {
        if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
          let line = Array(buffer[buffer.startIndex..<end])
          buffer = Data(buffer[(end + 1)...])
          return try ProtocolCoding.decode(WorkerMessage.self, line, path: "worker")
        }
        let more = output.fileHandleForReading.availableData
        if more.isEmpty { return nil }
        buffer += more
      }
    }

    /// Listens until a message is one that `wanted` accepts.
    func hear(until wanted: (WorkerMessage) -> Bool) throws {
      while let message = try hear() { if wanted(message) { return } }
      Issue.record("the worker ended before it said what was expected")
    }

    func waitForExit() -> Int32 {
      process.waitUntilExit()
      return process.terminationStatus
    }
  }

  private func whole(steps: Int) throws -> FileReference {
    let folder = try model.attempt("whole", model.sampling(stage: 0, steps: steps, text: text))
    #expect(model.runner().run([folder]) == .done)
    return try #require(try model.output("latents", of: folder))
  }

  private func isStep(_ message: WorkerMessage) -> Bool {
    if case .event(_, .step) = message { true } else { false }
  }

  private func isCheckpoint(_ message: WorkerMessage) -> Bool {
    if case .event(_, .checkpoint) = message { true } else { false }
  }

  @Test("it says that it is ready, does what it is told, and leaves with 0 when its input closes")
  func serve() throws {
    let worker = try Serving(#require(program))
    guard case .ready(let description) = try worker.hear() else {
      Issue.record("the first line is not ready")
      return
    }
    #expect(description.device == "cpu0")
    #expect(description.threadCount == 1)
    let folder = try model.attempt("served", model.sampling(stage: 0, text: text))
    worker.tell(.run([folder]))
    try worker.hear { $0 == .finished(folder, .done) }
    worker.closeInput()
    #expect(worker.waitForExit() == 0)
    #expect(try model.output("latents", of: folder)?.sha256 == whole(steps: 6).sha256)
  }

  @Test("killed at a step, the next attempt goes on from the last checkpoint to the same bytes")
  func kill() throws {
    let worker = try Serving(#require(program))
    let first = try model.attempt("job", model.sampling(stage: 0, steps: 40, text: text, checkpointSeconds: 0))
    worker.tell(.run([first]))
    try worker.hear(until: isCheckpoint)
    try worker.hear(until: isCheckpoint)
    Foundation.kill(worker.process.processIdentifier, SIGKILL)
    _ = worker.waitForExit()
    #expect(try first.readResult() == nil)
    let checkpoint = try #require(try first.newestValidCheckpoint())
    let second = try model.attempt(
      "job", number: 2, model.sampling(stage: 0, steps: 40, text: text, checkpoint: checkpoint))
    #expect(model.runner(threads: 2).run([second]) == .done)
    #expect(try second.readResult()?.resumedFromStep == checkpoint.step)
    #expect(try model.output("latents", of: second)?.sha256 == whole(steps: 40).sha256)
  }

  @Test("SIGTERM, and the end of its input, mean: checkpoint and exit", arguments: [true, false])
  func graceful(bySignal: Bool) throws {
    let worker = try Serving(#require(program))
    let folder = try model.attempt("job", model.sampling(stage: 0, steps: 1000, text: text))
    worker.tell(.run([folder]))
    try worker.hear(until: isStep)
    if bySignal { worker.process.terminate() } else { worker.closeInput() }
    #expect(worker.waitForExit() == 0)
    let result = try #require(try folder.readResult())
    #expect(result.outcome == .yielded)
    let checkpoint = try #require(result.checkpoint)
    #expect(checkpoint.step >= 1)
    #expect(try sha256(ofFile: folder.resolve(checkpoint.file.path)) == checkpoint.file.sha256)
  }

  @Test("a refused command does not end it")
  func refused() throws {
    let worker = try Serving(#require(program))
    worker.tell(.run([AttemptFolder("/nowhere/job/attempt-1")]))
    try worker.hear { if case .finished(_, .failed) = $0 { true } else { false } }
    worker.tell(.quit)
    #expect(worker.waitForExit() == 0)
  }
}
