import Dispatch
import Foundation
import WorkerProtocol

/// Turns SIGTERM and SIGINT into the command to quit for as long as it lives, and lets no closed pipe end the process.
final class TerminationSignals {
  private let sources: [any DispatchSourceSignal]

  init(_ inbox: CommandInbox) {
    signal(SIGPIPE, SIG_IGN)
    sources = [SIGTERM, SIGINT].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
      source.setEventHandler { inbox.post(.quit) }
      source.resume()
      return source
    }
  }

  deinit {
    for source in sources { source.cancel() }
  }
}
