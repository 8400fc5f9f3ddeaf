/// The name that a mistyped one probably means: the fewest changed, added, dropped or swapped letters.
///
/// - Returns: nil where nothing is near (more than a third of the letters differ).
package func nearest(_ name: String, among candidates: some Sequence<String>) -> String? {
  let ranked = candidates.map { (distance(name.lowercased(), $0.lowercased()), $0) }.sorted { $0 < $1 }
  guard let (distance, best) = ranked.first else { return nil }
  return distance <= max(1, max(name.count, best.count) / 3) ? best : nil
}

/// Damerau's distance (optimal string alignment). Complexity: O(n·m).
private func distance(_ left: String, _ right: String) -> Int {
  let a = Array(left)
  let b = Array(right)
  var older: [Int] = []
  var previous = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      var cost = min(previous[j + 1] + 1, row[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, older[j - 1] + 1) }
      row.append(cost)
    }
    (older, previous) = (previous, row)
  }
  return previous[b.count]
}
