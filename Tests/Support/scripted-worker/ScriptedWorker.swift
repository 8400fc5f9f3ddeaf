import DurableFiles
import Foundation
import WorkerProtocol

/// A worker without a model: it obeys the protocol, computes digests in place of latents, and dies or fails where the
/// script in its model folder says. Its outputs depend on the task alone, and on every step having been done once.
@main
struct ScriptedWorker {
  static func main() {
    signal(SIGPIPE, SIG_IGN)
    let device = CommandLine.arguments.drop { $0 != "--device" }.dropFirst().first ?? "cpu0"
    let inbox = Inbox()
    signal(SIGTERM, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGTERM)
    source.setEventHandler { inbox.put(.quit) }
    source.resume()
    Thread.detachNewThread {
      while let line = readLine() {
        if let command = try? WorkerCommand(line: line) { inbox.put(command) }
      }
      inbox.put(.quit)
    }
    say(.ready(WorkerDescription(device: device, kernels: "scripted", threadCount: 1, version: "test")))
    while let folders = inbox.nextRun() {
      for folder in folders { Attempt(folder: folder, inbox: inbox).run() }
    }
    source.cancel()
  }

  static func say(_ message: WorkerMessage) {
    guard let line = try? ProtocolCoding.line(message) else { return }
    Array("\(line)\n".utf8).withUnsafeBytes { _ = write(STDOUT_FILENO, $0.baseAddress, $0.count) }
  }
}

/// Commands that have come and are not yet obeyed.
final class Inbox: Sendable {
  private struct Batch {
    let folders: [AttemptFolder]
    var mustYield = false
  }

  private nonisolated(unsafe) var running: Batch?
  private nonisolated(unsafe) var waiting: [Batch] = []
  private nonisolated(unsafe) var cancelled: Set<AttemptFolder> = []
  private nonisolated(unsafe) var isQuitting = false
  private let condition = NSCondition()

  func put(_ command: WorkerCommand) {
    condition.withLock {
      switch command {
      case .run(let folders): waiting.append(Batch(folders: folders))
      case .yield:
        // Meant for what was told before it, begun or not; what comes after is done.
        running?.mustYield = true
        for index in waiting.indices { waiting[index].mustYield = true }
      case .cancel(let folder): cancelled.insert(folder)
      case .quit: isQuitting = true
      }
      condition.signal()
    }
  }

  /// Waits for the next batch; nil: time to go.
  func nextRun() -> [AttemptFolder]? {
    condition.withLock {
      running = nil
      while waiting.isEmpty && !isQuitting { condition.wait() }
      if isQuitting { return nil }
      running = waiting.removeFirst()
      return running?.folders
    }
  }

  var mustStop: Bool { condition.withLock { isQuitting || running?.mustYield == true } }
  func isCancelled(_ folder: AttemptFolder) -> Bool { condition.withLock { cancelled.contains(folder) } }
}
