/// Who is to look again when something has changed.
package struct Signals: Sendable {
  /// The spool is to be scanned.
  package let spool = Signal()
  /// A job waits for its outputs to be published, or its end to be announced.
  package let publishing = Signal()
  /// The status has changed.
  package let status = Signal()
  /// There may be nothing left to do.
  package let drain = Signal()

  package init() {}
}
