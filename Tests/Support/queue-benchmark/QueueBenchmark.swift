import Foundation

/// How the queue bears load, how soon it answers and how justly: a real `waltd` with a worker that computes nothing.
/// Prints a line for each figure. `make benchmark-queue COUNT=100000 FINISHED=1000000`.
@main
struct QueueBenchmark {
  static func main() async throws {
    let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
    let (count, finished) = (numbers.first ?? 10_000, numbers.dropFirst().first ?? 100_000)
    try await Latency().run()
    try await Fairness().run()
    try await Timing().run()
    try await Load(count: count, finished: finished).run()
  }
}

/// A figure on a line of its own.
func tell(_ what: String, _ value: Double, _ unit: String) {
  let line = "\(what.padding(toLength: 64, withPad: " ", startingAt: 0)) \(String(format: "%12.2f", value)) \(unit)\n"
  FileHandle.standardOutput.write(Data(line.utf8))
}

/// Median, the slowest of ten, and the slowest.
func tell(_ what: String, distribution values: [Double], _ unit: String) {
  let sorted = values.sorted()
  guard let last = sorted.last else { return tell(what, .nan, unit) }
  tell("\(what): median", sorted[sorted.count / 2], unit)
  tell("\(what): 9 of 10 within", sorted[sorted.count * 9 / 10], unit)
  tell("\(what): at most", last, unit)
}

func seconds(_ body: () async throws -> Void) async rethrows -> Double {
  let begun = ContinuousClock.now
  try await body()
  return (ContinuousClock.now - begun) / .seconds(1)
}

func milliseconds(_ body: () throws -> Void) rethrows -> Double {
  let begun = ContinuousClock.now
  try body()
  return (ContinuousClock.now - begun) / .milliseconds(1)
}
