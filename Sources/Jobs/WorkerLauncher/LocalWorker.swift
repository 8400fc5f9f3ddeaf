import Foundation
import Logging
import WorkerProtocol

/// What a worker's owner hears, in order; `ended` is the last.
package enum WorkerReport: Equatable, Sendable {
  case message(WorkerMessage)
  /// A line that is none of the protocol's: a bug, or another version.
  case malformed(String)
  case ended(WorkerEnd)
}

/// How a process ended.
package enum WorkerEnd: Equatable, Sendable, CustomStringConvertible {
  case exited(Int32)
  case killed(signal: Int32)

  package var description: String {
    switch self {
    case .exited(let code): "exited with \(code)"
    case .killed(let signal): "killed by signal \(signal) (\(String(cString: strsignal(signal))))"
    }
  }
}

/// A `walt-worker serve` on this machine: a child process, told by lines on its input, heard by lines on its output.
///
/// It ends when this process ends, however that ends: its input closes. Its log goes to our standard error.
package final class LocalWorker: Sendable {
  package let process: ProcessIdentity
  /// For one reader.
  package let reports: AsyncStream<WorkerReport>
  private let input: Int32

  /// Starts `command` (program and arguments).
  ///
  /// - Parameter identityFile: where to leave a note for the next daemon (`PreviousWorkers`).
  /// - Throws: `WorkerStartError` or `FileSystemError`.
  package init(command: [String], identityFile: String?) throws {
    let child = try ChildProcess.start(command)
    input = child.input
    (reports, process) = (Self.follow(child), ProcessIdentity(pid: child.pid))
    if let identityFile { try process.write(to: identityFile) }
  }

  deinit { close(input) }

  /// Sends a command. A worker that has ended does not hear it: `reports` tells.
  package func send(_ command: WorkerCommand) {
    var bytes = Array("\(command.line)\n".utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.send(input, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }

  /// Asks to checkpoint and exit.
  package func terminate() { kill(process.pid, SIGTERM) }

  /// The same by word and by signal: either may come while the worker does not listen to it.
  package func quit() {
    send(.quit)
    terminate()
  }

  /// Ends it at once.
  package func kill() { kill(process.pid, SIGKILL) }

  /// The child is not reaped before `ended` is reported, but after that its number may be another's.
  private func kill(_ pid: Int32, _ signal: Int32) {
    if process.isAlive { Foundation.kill(pid, signal) }
  }

  /// Reads on a thread of its own, which waits for the child in the end.
  private static func follow(_ child: ChildProcess) -> AsyncStream<WorkerReport> {
    let (stream, continuation) = AsyncStream.makeStream(of: WorkerReport.self)
    Thread.detachNewThread {
      var lines = LineReader(descriptor: child.output)
      while let line = lines.next() { continuation.yield(report(line)) }
      close(child.output)
      continuation.yield(.ended(child.wait()))
      continuation.finish()
    }
    return stream
  }

  private static func report(_ line: String) -> WorkerReport {
    guard let message = try? ProtocolCoding.decode(WorkerMessage.self, Array(line.utf8), path: "worker") else {
      return .malformed(line)
    }
    return .message(message)
  }
}

/// Lines of a descriptor, blocking.
private struct LineReader {
  let descriptor: Int32
  private var buffer: [UInt8] = []

  init(descriptor: Int32) { self.descriptor = descriptor }

  /// Nil at the end; a last line without its end is dropped.
  mutating func next() -> String? {
    while true {
      if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
        defer { buffer.removeSubrange(...end) }
        return String(decoding: buffer[..<end], as: UTF8.self)
      }
      var chunk = [UInt8](repeating: 0, count: 4096)
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return nil }
      buffer += chunk[..<count]
    }
  }
}
