/// The name in `candidates` that a misspelt `name` was most likely meant to be: the least edit distance, at most a
/// third of the name's length (and 2 for short ones); the first in order among equals.
package func nearestName(to name: String, among candidates: some Sequence<String>) -> String? {
  let limit = max(2, name.count / 3)
  return candidates.sorted()
    .map { (name: $0, distance: editDistance(Array(name), Array($0))) }
    .filter { $0.distance <= limit }
    .min { $0.distance < $1.distance }?.name
}

/// Levenshtein's distance.
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  var previous = Array(0...b.count)
  for (row, character) in a.enumerated() {
    var current = [row + 1]
    for (column, other) in b.enumerated() {
      let substitution = previous[column] + (character == other ? 0 : 1)
      current.append(min(substitution, previous[column + 1] + 1, current[column] + 1))
    }
    previous = current
  }
  return previous[b.count]
}
