import Foundation

/// What a program left when it ended.
package struct ProgramEnd: Sendable {
  package let code: Int32
  package let output: String
  package let errors: String

  package var lines: [String] { output.split(separator: "\n").map(String.init) }
}

extension TestPrograms {
  /// Runs a program to its end.
  ///
  /// - Parameter program: a program of this package, or an absolute path.
  package static func run(_ program: String, _ arguments: [String], input: Data = Data()) throws -> ProgramEnd {
    let process = Process()
    let (stdin, output, errors) = (Pipe(), Pipe(), Pipe())
    process.executableURL = URL(filePath: program.hasPrefix("/") ? program : path(program))
    process.arguments = arguments
    (process.standardInput, process.standardOutput, process.standardError) = (stdin, output, errors)
    try process.run()
    try stdin.fileHandleForWriting.write(contentsOf: input)
    try stdin.fileHandleForWriting.close()
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    let complaint = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return ProgramEnd(
      code: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: complaint, as: UTF8.self))
  }
}

extension DaemonProcess {
  /// Runs `waltctl` on this daemon's folders.
  package func waltctl(_ arguments: String...) throws -> ProgramEnd {
    try TestPrograms.run("waltctl", arguments + ["--spool", spool, "--state", "\(root)/state"])
  }
}
