import Foundation
import Spelling
import TOMLKit

/// A table of a TOML file, read key by key; what nobody asked for is an error in the end.
///
/// ```swift
/// let recipe = try SettingsTable.read(file: "demo.toml") { table in
///   Recipe(
///     steps: try table.required("steps", in: 1...1_000_000),
///     rate: try table.value("learning_rate", default: 1e-3),
///     save: try table.value("checkpoint_interval", default: .seconds(60)),
///     crops: try table.tables("crop").map(Crop.init))
/// }
/// ```
///
/// Not `Sendable`: it remembers what was asked for. Read on one thread, keep the values.
package final class SettingsTable {
  let document: Document
  /// The table's own path, empty at the top.
  package let path: String
  let values: [String: SettingsValue]
  private var asked: Set<String> = []
  private var children: [SettingsTable] = []
  private var ignoresOthers = false

  /// What all tables of a file share.
  struct Document {
    let file: String
    let lines: LineIndex
  }

  init(document: Document, path: String, values: [String: SettingsValue]) {
    self.document = document
    self.path = path
    self.values = values
  }

  /// Reads a file: `body` asks for what it wants, then every key that it did not ask for is refused.
  ///
  /// - Throws: `SettingsError`, or what `body` throws.
  package static func read<Result>(file: String, _ body: (SettingsTable) throws -> Result) throws -> Result {
    let text: String
    do {
      text = try String(contentsOfFile: file, encoding: .utf8)
    } catch {
      throw SettingsError(
        code: .unreadable, file: file, line: nil, key: "", problem: "cannot be read: \(readingProblem(file))",
        hint: "give the path of a TOML file")
    }
    return try read(text: text, file: file, body)
  }

  /// As `read(file:)`, from text at hand; `file` is only named in messages.
  package static func read<Result>(
    text: String, file: String, _ body: (SettingsTable) throws -> Result
  ) throws -> Result {
    let table = try parse(text, file: file)
    let result = try body(table)
    try table.refuseUnknown()
    return result
  }

  private static func parse(_ text: String, file: String) throws -> SettingsTable {
    do {
      guard case .table(let values) = SettingsValue(try TOMLTable(string: text)) else { preconditionFailure() }
      return SettingsTable(document: Document(file: file, lines: LineIndex(text)), path: "", values: values)
    } catch let error as TOMLParseError {
      throw SettingsError(
        code: .syntax, file: file, line: error.source.begin.line, key: "",
        problem: "not TOML: \(error.description) (column \(error.source.begin.column))", hint: "see https://toml.io")
    }
  }

  /// The keys that are set here, sorted.
  package var keys: [String] { values.keys.sorted() }

  /// The value as it stands, marking the key as known.
  func lookUp(_ key: String) -> SettingsValue? {
    asked.insert(key)
    return values[key]
  }

  /// The table at `key`, nil where there is none.
  package func table(_ key: String) throws -> SettingsTable? {
    guard let value = lookUp(key) else { return nil }
    guard case .table(let values) = value else { throw wrongType(key, value, expected: "a table [\(key)]") }
    return child(LineIndex.joined(path, key), values)
  }

  /// The tables `[[key]]`, none where the key is not there.
  package func tables(_ key: String) throws -> [SettingsTable] {
    guard let value = lookUp(key) else { return [] }
    guard case .array(let elements) = value else { throw wrongType(key, value, expected: "tables [[\(key)]]") }
    return try elements.enumerated().map { index, element in
      guard case .table(let values) = element else { throw wrongType(key, value, expected: "tables [[\(key)]]") }
      return child("\(LineIndex.joined(path, key))[\(index)]", values)
    }
  }

  /// Leaves keys that nobody asked for in peace: for readers who need only a part of a file.
  package func ignoreOthers() { ignoresOthers = true }

  private func child(_ path: String, _ values: [String: SettingsValue]) -> SettingsTable {
    let table = SettingsTable(document: document, path: path, values: values)
    children.append(table)
    return table
  }

  /// Refuses keys that nobody asked for, here and in the tables read from here.
  private func refuseUnknown() throws {
    if !ignoresOthers, let key = keys.first(where: { !asked.contains($0) }) {
      let near = nearest(key, among: asked.subtracting(values.keys)) ?? nearest(key, among: asked)
      throw error(
        .unknown, key, "unknown key \"\(LineIndex.joined(path, key))\"",
        hint: near.map { "did you mean \"\($0)\"?" } ?? "known here: \(asked.sorted().joined(separator: ", "))")
    }
    for child in children { try child.refuseUnknown() }
  }
}

private func readingProblem(_ file: String) -> String {
  var isFolder: ObjCBool = false
  guard FileManager.default.fileExists(atPath: file, isDirectory: &isFolder) else { return "no such file" }
  if isFolder.boolValue { return "it is a folder" }
  return FileManager.default.isReadableFile(atPath: file) ? "it is not UTF-8 text" : "permission denied"
}
