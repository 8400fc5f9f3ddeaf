import CPlatform
import Foundation

/// A worker that could not be started.
package struct WorkerStartError: Error, Equatable, Sendable, CustomStringConvertible {
  package let command: [String]
  /// The `errno` value.
  package let code: Int32

  package var description: String {
    "start worker \"\(command.joined(separator: " "))\": \(String(cString: strerror(code))); "
      + "set \"worker\" in the configuration to the path of walt-worker"
  }
}

/// A child with sockets as its input and output; what it logs goes where our log goes.
struct ChildProcess: Sendable {
  let pid: Int32
  /// Our end of its standard input: a socket, so that writing to a dead child is an error and not a signal.
  let input: Int32
  /// Our end of its standard output.
  let output: Int32

  /// Starts `command[0]`, an absolute path or a name to be found on the PATH. The child has a process group of its
  /// own (a Ctrl-C at the terminal is ours to pass on), no blocked and no ignored signals, and none of our other
  /// descriptors.
  static func start(_ command: [String]) throws(WorkerStartError) -> ChildProcess {
    precondition(!command.isEmpty, "a command names a program")
    var input: [Int32] = [-1, -1]
    var output: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &input) == 0 else { throw WorkerStartError(command: command, code: errno) }
    guard socketpair(AF_UNIX, type, 0, &output) == 0 else {
      let code = errno
      for end in input { close(end) }
      throw WorkerStartError(command: command, code: code)
    }
    var pid: pid_t = 0
    let code = spawn(command, input: input[1], output: output[1], &pid)
    close(input[1])
    close(output[1])
    guard code == 0 else {
      close(input[0])
      close(output[0])
      throw WorkerStartError(command: command, code: code)
    }
    return ChildProcess(pid: pid, input: input[0], output: output[0])
  }

  /// Waits for its end.
  func wait() -> WorkerEnd {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 {
      guard errno == EINTR else { return .exited(-1) }
    }
    let signal = status & 0x7f
    return signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal: signal)
  }

  private static func spawn(_ command: [String], input: Int32, output: Int32, _ pid: inout pid_t) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    // Libraries open descriptors without O_CLOEXEC: a child that keeps a connection open keeps its peer waiting.
    walt_spawn_close_from(&actions, 3)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
    posix_spawnattr_setflags(&attributes, Int16(flags))

    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
    defer {
      for argument in arguments { free(argument) }
    }
    arguments.append(nil)
    return posix_spawnp(&pid, command[0], &actions, &attributes, arguments, environ)
  }
}
