import ArgumentParser
import ControlProtocol
import DurableFiles
import Foundation
import JobModel
import Spool

struct SubmitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "submit",
    abstract: "Put request files into the spool, whole and durable. Works with the daemon down.",
    discussion: "The requests are checked first; what only the model can tell is checked when waltd sees them.")

  @OptionGroup var service: ServiceOptions
  @Flag(help: "Print JSON.") var json = false
  @Option(help: "A folder below the spool; made where it is not there.") var into: String?
  @Flag(help: "Replace a request of the same name.") var replace = false
  @Argument(
    help: "Request files: NAME.json, or NAME.jsonl for a batch.", completion: .file(extensions: ["json", "jsonl"]))
  var files: [String]

  func run() throws {
    try reporting {
      let paths = try service.paths()
      let requests = try files.map(read)
      let entrance = SpoolEntrance(root: paths.spool)
      var submissions: [Submission] = []
      for (name, bytes) in requests {
        do {
          let path = try entrance.put(bytes, as: name, into: into ?? "", existing: replace ? .replace : .refuse)
          submissions.append(Submission(request: path))
        } catch let error as RequestError {
          throw ControlError(.badRequest, "submit \(name): \(error)")
        } catch let error as FileSystemError where error.isAlreadyThere {
          throw ControlError(
            .conflict, "submit \(name): the spool has a request of this name; rename it, or give --replace")
        }
      }
      if json { return try printJSON(submissions) }
      for submission in submissions { Terminal.print("\(paths.spool)/\(submission.request)") }
    }
  }

  private func read(_ file: String) throws -> (name: String, bytes: [UInt8]) {
    let name = file.folderAndName.name
    do {
      try SpoolEntrance.check(name)
    } catch {
      throw ControlError(.badRequest, "submit \(file): \(error)")
    }
    guard DurableFile.exists(file) else {
      throw ControlError(.notFound, "submit \(file): no such file; check the path")
    }
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
}
