import Foundation

/// Standard output and standard error.
enum Terminal {
  static func print(_ line: String) { write(STDOUT_FILENO, line + "\n") }
  static func complain(_ line: String) { write(STDERR_FILENO, "waltctl: \(line)\n") }

  /// Whether a person watches: lines may be written over.
  static var isInteractive: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Writes over the present line; `print` after `overwrite("")` begins a clean one.
  static func overwrite(_ text: String) { write(STDOUT_FILENO, "\r\u{1B}[K\(text)") }

  /// Goes up so many lines and clears what stands from there on.
  static func rise(_ lineCount: Int) {
    write(STDOUT_FILENO, (lineCount > 0 ? "\u{1B}[\(lineCount)A" : "") + "\r\u{1B}[J")
  }

  /// What fits on the screen; without one, as much as there is.
  static var size: (rows: Int, columns: Int) {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 1, size.ws_col > 0 else {
      return (.max, .max)
    }
    return (Int(size.ws_row), Int(size.ws_col))
  }

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
