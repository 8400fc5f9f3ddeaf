import Foundation

/// Standard output and standard error.
enum Terminal {
  static func print(_ line: String) { write(STDOUT_FILENO, line + "\n") }
  static func complain(_ line: String) { write(STDERR_FILENO, "waltctl: \(line)\n") }

  /// Whether a person watches: lines may be written over.
  static var isInteractive: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Writes over the present line; `print` after `overwrite("")` begins a clean one.
  static func overwrite(_ text: String) { write(STDOUT_FILENO, "\r\u{1B}[K\(text)") }

  private static func write(_ descriptor: Int32, _ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }
}
