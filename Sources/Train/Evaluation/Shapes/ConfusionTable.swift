import Datasets

/// How often a judge saw what, for each thing that was there.
package struct ConfusionTable<Term: WorldTerm>: Sendable {
  /// Counts by expected row, then by seen row; the last column counts nothing seen.
  private var counts: [[Int]]

  package init() {
    let count = Term.allCases.count
    counts = [[Int]](repeating: [Int](repeating: 0, count: count + 1), count: count)
  }

  package mutating func add(expected: Term, seen: Term?) {
    counts[expected.index][seen?.index ?? Term.allCases.count] += 1
  }

  /// Those that were seen as what they are, of all.
  package var right: WilsonInterval {
    WilsonInterval(counts.indices.reduce(0) { $0 + counts[$1][$1] }, of: counts.reduce(0) { $0 + $1.reduce(0, +) })
  }

  /// A Markdown table: a row for each thing that was there, a column for each that was seen; zeros are left empty.
  package var markdown: String {
    let names = Term.allCases.map(\.rawValue)
    let header = "| there \\ seen | " + names.joined(separator: " | ") + " | nothing |\n"
    let rule = "|---|" + String(repeating: "---:|", count: names.count + 1) + "\n"
    let rows = zip(names, counts).map { name, row in
      "| \(name) | " + row.map { $0 == 0 ? " " : String($0) }.joined(separator: " | ") + " |\n"
    }
    return header + rule + rows.joined()
  }
}
