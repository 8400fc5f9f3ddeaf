import Foundation
import Testing

private let analyze = "/usr/bin/systemd-analyze"
private let hasAnalyze = FileManager.default.isExecutableFile(atPath: analyze)

/// The unit as it is shipped, but with a program that exists here.
private func unit() throws -> URL {
  let source = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../../systemd/waltd.service").standardized
  let text = try String(contentsOf: source, encoding: .utf8)
  let folder = FileManager.default.temporaryDirectory.appending(path: "walt-unit-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  let copy = folder.appending(path: "waltd.service")
  try text.replacing("/usr/local/bin/waltd", with: "/bin/true").write(to: copy, atomically: true, encoding: .utf8)
  return copy
}

private func run(_ arguments: [String]) throws -> (code: Int32, output: String) {
  let process = Process()
  let pipe = Pipe()
  process.executableURL = URL(filePath: analyze)
  process.arguments = arguments
  process.standardOutput = pipe
  process.standardError = pipe
  try process.run()
  let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
  process.waitUntilExit()
  return (process.terminationStatus, String(decoding: output, as: UTF8.self))
}

@Suite("The unit", .enabled(if: hasAnalyze, "systemd-analyze is not installed"))
struct UnitTests {
  @Test("systemd finds nothing to complain of")
  func verify() throws {
    let unit = try unit()
    defer { try? FileManager.default.removeItem(at: unit.deletingLastPathComponent()) }
    let (code, output) = try run(["verify", "--man=no", unit.path])
    #expect(code == 0 && output.isEmpty, "\(output)")
  }

  @Test("its exposure is at most 1.0")
  func exposure() throws {
    let unit = try unit()
    defer { try? FileManager.default.removeItem(at: unit.deletingLastPathComponent()) }
    let (code, output) = try run(["security", "--offline=yes", "--no-pager", "--threshold=10", unit.path])
    #expect(code == 0, "\(output.suffix(300))")
  }
}
