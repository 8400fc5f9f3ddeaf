import Dispatch
import Foundation
import JobModel
import ServiceLifecycle
import Systemd

/// Obeys SIGHUP (`systemctl reload`): looks at the models and at the spool again and reads the accounts of the
/// configuration. What else that says holds from the next start.
struct ReloadService: Service {
  let core: ServiceCore
  let dispatcher: Dispatcher
  var notifier = ServiceNotifier()

  func run() async throws {
    let (requests, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    signal(SIGHUP, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
    source.setEventHandler { continuation.yield() }
    source.resume()
    defer { source.cancel() }
    for await _ in requests.cancelOnGracefulShutdown() { await reload() }
  }

  private func reload() async {
    notifier.notify(.reloading(monotonicMicroseconds: monotonicMicroseconds))
    core.models.refresh()
    core.signals.spool.raise()
    do {
      try core.accounts.reload()
      await dispatcher.reconsiderBudgets()
      core.logger.notice("reloaded")
    } catch {
      core.logger.error("accounts not reloaded, those before hold", metadata: ["error": "\(error)"])
    }
    dispatcher.wake()
    notifier.notify(.ready)
  }

  private var monotonicMicroseconds: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
  }
}
