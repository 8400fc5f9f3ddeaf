/// Which rows attend to each other.
package struct AttentionWindows: Sendable {
  /// Window w holds rows `rows[starts[w]..<starts[w + 1]]`, its tokens in (t, y, x) order.
  package let rows: [Int32]
  package let starts: [Int32]
  /// Further keys of window w: these rows of the text; empty for none.
  package let text: [Range<Int>]

  package init(_ windows: [[Int32]], text: [Range<Int>] = []) {
    precondition(text.isEmpty || text.count == windows.count, "\(text.count) text ranges for \(windows.count) windows")
    rows = windows.flatMap { $0 }
    var starts: [Int32] = [0]
    var total: Int32 = 0
    for window in windows {
      total += Int32(window.count)
      starts.append(total)
    }
    self.starts = starts
    self.text = text
  }

  package var count: Int { starts.count - 1 }

  func range(_ window: Int) -> Range<Int> { Int(starts[window])..<Int(starts[window + 1]) }

  /// The size of the largest window, and of the largest with its text.
  package var largest: (queries: Int, keys: Int) {
    var (queries, keys) = (0, 0)
    for window in 0..<count {
      let size = range(window).count
      queries = max(queries, size)
      keys = max(keys, size + (text.isEmpty ? 0 : text[window].count))
    }
    return (queries, keys)
  }
}
