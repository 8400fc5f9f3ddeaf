import Dispatch
import Glibc
import Synchronization

/// Whether a run has been asked to end at its next step: by SIGTERM, by SIGINT, or by the caller.
package final class StopRequest: Sendable {
  private let isRaised = Atomic(false)

  package init() {}

  package var isStopping: Bool { isRaised.load(ordering: .relaxed) }

  package func stop() { isRaised.store(true, ordering: .relaxed) }

  /// Lets SIGTERM and SIGINT ask for the end; a second one ends the process at once.
  ///
  /// - Returns: what must be kept for as long as the signals are to be heard.
  package func listen() -> [any DispatchSourceSignal] {
    [SIGTERM, SIGINT].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [self] in
        if isStopping { _exit(130) }
        stop()
      }
      source.resume()
      return source
    }
  }
}
