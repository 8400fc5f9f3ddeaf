import Foundation

/// walt's side of `make benchmark`, twin of `peer/serve.py`: loads one case, then runs it as often as each line of
/// standard input says.
///
/// ```
/// engine-benchmark '{"kind": "forward", "model": FOLDER, "inputs": FILE}' --threads 2
/// ```
/// `{"repeat": n}` is answered with `{"seconds": [n numbers]}`, `{"output": FILE}` with `{}` when the result is in the
/// file. Without a case it prints what the machine can do: `{"sgemm_gflops": …, "bandwidth_gb": …}`.
@main
enum EngineBenchmark {
  struct Command: Decodable {
    let `repeat`: Int?
    let output: String?
  }

  static func main() throws {
    var arguments = Array(CommandLine.arguments.dropFirst())
    let threads = take("--threads", from: &arguments).flatMap { Int($0) } ?? 1
    guard let text = arguments.first else { return answer(MachineFloor.measure(threads: threads)) }
    let benchmark = try BenchmarkCase(
      JSONDecoder().decode(BenchmarkCase.Description.self, from: Data(text.utf8)), threads: threads)
    answer([:])
    while let line = readLine() {
      let command = try JSONDecoder().decode(Command.self, from: Data(line.utf8))
      if let output = command.output {
        try benchmark.write(to: output)
        answer([:])
      } else {
        answer(["seconds": (0..<(command.repeat ?? 1)).map { _ in benchmark.seconds() }])
      }
    }
  }

  private static func take(_ option: String, from arguments: inout [String]) -> String? {
    guard let index = arguments.firstIndex(of: option), index + 1 < arguments.count else { return nil }
    defer { arguments.removeSubrange(index...index + 1) }
    return arguments[index + 1]
  }

  private static func answer(_ value: [String: [Double]]) {
    let data = (try? JSONSerialization.data(withJSONObject: value, options: .sortedKeys)) ?? Data()
    FileHandle.standardOutput.write(data + Data("\n".utf8))
  }
}
