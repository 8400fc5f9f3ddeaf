import CSystemd

/// Tells systemd how the service is (`sd_notify`); does nothing where it was not started by systemd.
package struct ServiceNotifier: Sendable {
  package enum State: Equatable, Sendable {
    /// Started: recovery and the first scan are over.
    case ready
    /// One line for `systemctl status`.
    case status(String)
    /// Alive: due at least every `watchdogInterval`.
    case watchdog
    case stopping
    case reloading(monotonicMicroseconds: UInt64)

    /// The assignments that go over the socket.
    var text: String {
      switch self {
      case .ready: "READY=1"
      case .status(let line): "STATUS=\(line.replacing("\n", with: " "))"
      case .watchdog: "WATCHDOG=1"
      case .stopping: "STOPPING=1"
      case .reloading(let time): "RELOADING=1\nMONOTONIC_USEC=\(time)"
      }
    }
  }

  package init() {}

  /// Sends one message; what is lost on the way is lost.
  package func notify(_ states: State...) {
    _ = sd_notify(0, states.map(\.text).joined(separator: "\n"))
  }

  /// How often to say `watchdog`: half of what the unit allows. Nil where nobody listens.
  package var watchdogInterval: Duration? {
    var microseconds: UInt64 = 0
    guard sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
    return .microseconds(Int64(clamping: microseconds / 2))
  }
}
