/// Why a request was refused, and where in its file: the content of `NAME.error.json`.
package struct RequestError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What kind of mistake it is; the text is public (`error` in the document).
  package enum Code: String, Sendable, CaseIterable {
    /// Not JSON, or not all of it.
    case syntax
    /// A byte sequence that is not UTF-8.
    case encoding
    /// The file, the nesting or the number of values is over the limit.
    case tooLarge = "too_large"
    /// A name stands twice in one object.
    case duplicateKey = "duplicate_key"
    /// A key that no request has.
    case unknownKey = "unknown_key"
    /// A key without which the request says nothing.
    case missingKey = "missing_key"
    /// A value of another kind than the key takes.
    case type = "wrong_type"
    /// A value of the right kind, outside what is allowed.
    case range = "out_of_range"
    /// Keys that contradict each other.
    case conflict
    /// The configuration has no such model.
    case unknownModel = "unknown_model"
    /// Known, but not possible with this model or this version.
    case unsupported
    /// More frames than the model makes in one request.
    case tooManyFrames = "too_many_frames"
    /// More memory or threads than any device has.
    case neverFits = "never_fits"
    /// Another request of this folder has the same stem.
    case nameTaken = "name_taken"
    /// A name that no request may have.
    case name
    /// The owner of the file may not spend from this account.
    case accountForbidden = "account_forbidden"
    /// Lines of a batch; `lines` has what is wrong with each.
    case badLines = "bad_lines"
    /// A link, FIFO, device or folder, or a file that cannot be read.
    case file
  }

  package let code: Code
  /// What is wrong, found against allowed, and what to do next.
  package let message: String
  /// A JSON pointer (RFC 6901) to the value; empty where the document as a whole is meant.
  package let path: String
  /// Nil where no place in the file is meant.
  package let place: TextPlace?

  package init(_ code: Code, _ message: String, path: String = "", place: TextPlace? = nil) {
    self.code = code
    self.message = message
    self.path = path
    self.place = place
  }

  /// The document written beside the request.
  package var document: JSONValue {
    var members: [JSONValue.Member] = [
      .init("error", .string(code.rawValue)), .init("message", .string(message)), .init("path", .string(path)),
    ]
    if let place {
      members.append(.init("line", .integer(place.line)))
      members.append(.init("column", .integer(place.column)))
    }
    return .object(members)
  }

  package var description: String {
    let prefix = place.map { "line \($0.line), column \($0.column): " } ?? ""
    return prefix + (path.isEmpty ? message : "\(path): \(message)")
  }

  /// The form of a log line or a terminal: `spool/cats/cat.json:3: frames is 500, …`.
  package func description(file: String) -> String {
    file + (place.map { ":\($0.line)" } ?? "") + ": " + message
  }
}
