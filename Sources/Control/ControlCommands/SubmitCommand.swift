import ArgumentParser
import ControlProtocol
import DurableFiles
import Foundation
import JobModel

struct SubmitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "submit",
    abstract: "Put request files into the spool, whole and durable. Works with the daemon down.",
    discussion: "The requests are checked first; what only the model can tell is checked when waltd sees them.")

  @OptionGroup var service: ServiceOptions
  @Flag(help: "Print JSON.") var json = false
  @Option(help: "A folder below the spool; made where it is not there.") var into: String?
  @Flag(help: "Replace a request of the same name.") var replace = false
  @Argument(help: "Request files: NAME.json, or NAME.jsonl for a batch.") var files: [String]

  func run() throws {
    try reporting {
      let paths = try service.paths()
      let requests = try files.map(read)
      let folder = try folder(paths)
      var submissions: [Submission] = []
      for (name, bytes) in requests {
        do {
          try folder.replace(name, with: bytes, existing: replace ? .replace : .refuse, permissions: 0o664)
        } catch let error as FileSystemError where error.isAlreadyThere {
          throw ControlError(
            .conflict, "submit \(name): the spool has a request of this name; rename it, or give --replace")
        }
        submissions.append(Submission(request: into.map { "\($0)/\(name)" } ?? name))
      }
      if json { return try printJSON(submissions) }
      for submission in submissions { Terminal.print("\(paths.spool)/\(submission.request)") }
    }
  }

  private func read(_ file: String) throws -> (name: String, bytes: [UInt8]) {
    let name = file.folderAndName.name
    guard name.hasSuffix(".json") || name.hasSuffix(".jsonl"), !name.hasPrefix(".") else {
      throw ControlError(.badRequest, "submit \(file): a request is named NAME.json or NAME.jsonl; rename it")
    }
    guard DurableFile.exists(file) else { throw ControlError(.notFound, "submit \(file): no such file") }
    let bytes = try DurableFile.read(file)
    if name.hasSuffix(".json") {
      do {
        _ = try Request(parsing: bytes)
      } catch {
        throw ControlError(.badRequest, error.description(file: file))
      }
    }
    return (name, bytes)
  }

  private func folder(_ paths: ServicePaths) throws -> Folder {
    var folder = try Folder(paths.spool)
    for part in (into ?? "").split(separator: "/") {
      guard part != "..", part != "." else {
        throw ControlError(.badRequest, "submit --into \(into ?? ""): must lie below the spool")
      }
      folder = try folder.makeFolder(String(part), permissions: 0o2775)
    }
    return folder
  }
}
