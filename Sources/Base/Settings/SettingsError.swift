/// A mistake in a settings file: where it is, what was found against what is allowed, and what to do next.
package struct SettingsError: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// The file cannot be read.
    case unreadable
    /// The text is not TOML.
    case syntax
    /// A required key is not there.
    case missing
    /// Nobody asked for this key.
    case unknown
    /// The value is of another kind than the key takes.
    case type
    /// The value is of the right kind, but not allowed.
    case range
  }

  package let code: Code
  /// The file's path, as it was given.
  package let file: String
  /// The line the mistake is on, from 1; nil where the file as a whole is meant.
  package let line: Int?
  /// The key's path, as `device[0].threads`; empty where the file as a whole is meant.
  package let key: String
  /// What is wrong, found against allowed, without the place.
  package let problem: String
  /// What to do next; may be empty.
  package let hint: String

  package init(code: Code, file: String, line: Int?, key: String, problem: String, hint: String = "") {
    self.code = code
    self.file = file
    self.line = line
    self.key = key
    self.problem = problem
    self.hint = hint
  }

  /// As `waltd.toml:7: device[0].threads is "four", expected a whole number; write it without quotes`.
  package var description: String {
    let place = line.map { "\(file):\($0)" } ?? file
    return "\(place): \(problem)" + (hint.isEmpty ? "" : "; \(hint)")
  }
}
