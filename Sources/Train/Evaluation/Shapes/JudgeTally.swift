import Datasets

/// Counts how often clips show what they should.
package struct JudgeTally: Sendable {
  package private(set) var shape = ConfusionTable<Shape>()
  package private(set) var colour = ConfusionTable<ObjectColour>()
  package private(set) var motion = ConfusionTable<Motion>()
  package private(set) var size = ConfusionTable<ObjectSize>()
  package private(set) var speed = ConfusionTable<Speed>()
  private var allRight = 0
  private var saidNothing = 0
  private var count = 0

  package init() {}

  /// Adds one clip; what `expected` leaves open is not counted.
  package mutating func add(expected: SceneAttributes, seen: Judgement) {
    if let term = expected.shape { shape.add(expected: term, seen: seen.shape) }
    if let term = expected.colour { colour.add(expected: term, seen: seen.colour) }
    if let term = expected.motion { motion.add(expected: term, seen: seen.motion) }
    if let term = expected.size { size.add(expected: term, seen: seen.size) }
    if let term = expected.speed { speed.add(expected: term, seen: seen.speed) }
    let isRight =
      (expected.shape == nil || expected.shape == seen.shape)
      && (expected.colour == nil || expected.colour == seen.colour)
      && (expected.motion == nil || expected.motion == seen.motion)
    allRight += isRight ? 1 : 0
    saidNothing += seen.saysNothing ? 1 : 0
    count += 1
  }

  /// Clips of the right shape, colour and motion at once.
  package var all: WilsonInterval { WilsonInterval(allRight, of: count) }

  /// Clips in which nothing was recognised.
  package var nothing: WilsonInterval { WilsonInterval(saidNothing, of: count) }

  /// Cells of one line of a table: clips, colour, shape, motion, all three, size, speed.
  package var cells: [String] {
    [String(count)] + [colour.right, shape.right, motion.right, all, size.right, speed.right].map(\.description)
  }

  /// A Markdown table of several tallies, one line each, with 95 % intervals.
  package static func markdown(_ tallies: [(name: String, tally: JudgeTally)]) -> String {
    "| clips | number | colour | shape | motion | all three | size | speed |\n|---|---:|---:|---:|---:|---:|---:|---:|\n"
      + tallies.map { "| \($0.name) | " + $0.tally.cells.joined(separator: " | ") + " |\n" }.joined()
  }
}
