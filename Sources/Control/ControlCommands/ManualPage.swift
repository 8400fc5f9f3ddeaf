import Foundation

/// A program's manual page (man(7)), made of what its own arguments say of themselves.
package enum ManualPage {
  /// What a program prints for `--experimental-dump-help`, as far as a page needs it.
  package struct Description: Decodable {
    let command: Command
  }

  struct Command: Decodable {
    let commandName: String
    let abstract: String?
    let discussion: String?
    let shouldDisplay: Bool
    let subcommands: [Command]?
    let arguments: [Argument]?
  }

  struct Argument: Decodable {
    let kind: String
    let shouldDisplay: Bool
    let isOptional: Bool
    let isRepeating: Bool
    let names: [Name]?
    let preferredName: Name?
    let valueName: String?
    let defaultValue: String?
    let abstract: String?
  }

  struct Name: Decodable {
    let kind: String
    let name: String

    var text: String { (kind == "long" ? "--" : "-") + name }
  }

  /// - Parameter help: a program's output for `--experimental-dump-help`.
  package static func text(help: Data, version: String) throws -> String {
    let program = try JSONDecoder().decode(Description.self, from: help).command
    var lines = [
      ".TH \(program.commandName.uppercased()) 1 \"\" \"walt \(version)\" \"walt\"",
      ".SH NAME", "\(roff(program.commandName)) \\- \(roff(program.abstract ?? ""))",
      ".SH SYNOPSIS",
    ]
    lines += synopsis(program, program.commandName)
    if let discussion = program.discussion { lines += [".SH DESCRIPTION", roff(discussion)] }
    lines += options(shown(program), head: ".SH OPTIONS")
    let commands = (program.subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
    if !commands.isEmpty { lines.append(".SH COMMANDS") }
    for command in commands {
      lines += [".SS \(roff(command.commandName))"]
      lines += synopsis(command, "\(program.commandName) \(command.commandName)")
      lines += [command.abstract, command.discussion].compactMap { $0 }.flatMap { [".PP", roff($0)] }
      lines += options(own(command), head: ".PP")
    }
    lines += [".SH FILES", ".TP", "/etc/walt/waltd.toml", "The service's configuration."]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func synopsis(_ command: Command, _ name: String) -> [String] {
    if let subcommands = command.subcommands, !subcommands.isEmpty {
      return [".B \(roff(name))", "\\fICOMMAND\\fR \\&..."]
    }
    let words = own(command).map(usage)
    return [".B \(roff(name))"] + words
  }

  private static func usage(_ argument: Argument) -> String {
    let value = "\\fI\(roff((argument.valueName ?? "").uppercased()))\\fR"
    let name = argument.preferredName.map { "\\fB\(roff($0.text))\\fR" } ?? ""
    let text =
      switch argument.kind {
      case "positional": value
      case "flag": name
      default: "\(name) \(value)"
      }
    let repeated = argument.isRepeating ? text + " \\&..." : text
    return argument.isOptional ? "[\(repeated)]" : repeated
  }

  private static func options(_ arguments: [Argument], head: String) -> [String] {
    arguments.isEmpty ? [] : [head] + arguments.flatMap(entry)
  }

  private static func entry(_ argument: Argument) -> [String] {
    let names = (argument.names ?? []).map { "\\fB\(roff($0.text))\\fR" }.joined(separator: ", ")
    let value = "\\fI\(roff((argument.valueName ?? "").uppercased()))\\fR"
    let term =
      switch argument.kind {
      case "positional": value
      case "flag": names
      default: "\(names) \(value)"
      }
    let standard = argument.defaultValue.map { " (default: \($0))" } ?? ""
    return [".TP", term, roff((argument.abstract ?? "") + standard)]
  }

  /// What a command takes besides what the program itself takes.
  private static func own(_ command: Command) -> [Argument] {
    shown(command).filter { argument in
      argument.names?.contains { ["help", "version"].contains($0.name) } != true
    }
  }

  private static func shown(_ command: Command) -> [Argument] { (command.arguments ?? []).filter(\.shouldDisplay) }

  /// Text as roff takes it: no line begins with a control character, hyphens and backslashes stay what they are, and
  /// all is ASCII.
  private static func roff(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar in
      switch scalar {
      case "\\": "\\e"
      case "-": "\\-"
      case _ where scalar.isASCII: String(scalar)
      default: "\\[u\(String(format: "%04X", scalar.value))]"
      }
    }.joined()
    let lines = escaped.split(separator: "\n").map { $0.hasPrefix(".") || $0.hasPrefix("'") ? "\\&" + $0 : $0 }
    return lines.isEmpty ? "\\&" : lines.joined(separator: "\n")
  }
}
