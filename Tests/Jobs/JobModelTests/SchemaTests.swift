import DurableFiles
import JobModel
import Testing

@Suite("The published JSON Schema and the reader agree")
struct SchemaTests {
  private let properties: [JSONValue.Member]

  init() throws {
    let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    let schema = try JSONDocument(parsing: DurableFile.read("/\(root)/docs/request.schema.json")).root.value
    #expect(schema["additionalProperties"] == .bool(false))
    guard case .object(let properties)? = schema["properties"] else { throw CancellationError() }
    self.properties = properties
  }

  /// Whether the reader takes `value` for `key`, whatever it thinks of the request as a whole.
  private func takes(_ key: String, _ value: String) -> Bool {
    // What else must be there for the value to be judged by itself.
    let companion = ["width": #", "height": 8"#, "height": #", "width": 8"#][key] ?? ""
    do throws(RequestError) {
      _ = try Request(parsing: Array("{\"\(key)\": \(value)\(companion)}".utf8))
      return true
    } catch {
      return ![.type, .range, .unknownKey].contains(error.code)
    }
  }

  @Test("they have the same keys in the same order")
  func keys() { #expect(properties.map(\.key) == Request.Key.allCases.map(\.rawValue)) }

  @Test("every number's bounds are the reader's")
  func bounds() {
    for property in properties {
      for form in property.value["oneOf"]?.arrayValue ?? [property.value] {
        guard let kind = form["type"]?.stringValue, kind == "integer" || kind == "number" else { continue }
        let low = form["minimum"]?.integerValue
        if let low {
          #expect(takes(property.key, String(low)), "\(property.key) \(low)")
          #expect(!takes(property.key, String(low - 1)), "\(property.key) \(low - 1)")
        } else {
          #expect(form["exclusiveMinimum"]?.integerValue == 0)
          #expect(!takes(property.key, "0"), "\(property.key)")
        }
        guard let high = form["maximum"]?.integerValue else {
          Issue.record("\(property.key) has no maximum")
          continue
        }
        #expect(takes(property.key, String(high)), "\(property.key) \(high)")
        #expect(!takes(property.key, String(UInt64(high) + 1)), "\(property.key) \(UInt64(high) + 1)")
        #expect(takes(property.key, "1.5") == (kind == "number" && high > 1), "\(property.key) 1.5")
      }
    }
  }

  @Test("every choice is one that the reader takes, and no other is")
  func choices() {
    for property in properties {
      guard let words = property.value["enum"]?.arrayValue else { continue }
      for word in words { #expect(takes(property.key, word.text()), "\(property.key) \(word.text())") }
      #expect(!takes(property.key, "\"another\""), "\(property.key)")
    }
  }

  @Test("no text may be longer than the schema says")
  func lengths() {
    for property in properties {
      guard let most = property.value["maxLength"]?.integerValue.map(Int.init) else { continue }
      #expect(takes(property.key, "\"\(String(repeating: "a", count: most))\""), "\(property.key)")
      #expect(!takes(property.key, "\"\(String(repeating: "a", count: most + 1))\""), "\(property.key)")
      #expect(!takes(property.key, "\"\""), "\(property.key)")
    }
  }
}
