import DurableFiles
import Foundation
import MediaIO

extension MediaListing {
  /// A line of `metadata.jsonl`; what else it says is ignored.
  private struct Line: Decodable {
    let fileName: String
    let text: String?
    let label: Int?
    /// The part of a video, in seconds.
    let start: Double?
    let end: Double?

    enum CodingKeys: String, CodingKey {
      case fileName = "file_name"
      case text, label, start, end
    }
  }

  /// Entries in the order of the lines; one file may have several, with different parts.
  ///
  /// - Throws: `DatasetError` naming the line that cannot be read.
  mutating func addLines(of folder: String) throws {
    let path = folder + "/metadata.jsonl"
    let text = String(decoding: try DurableFile.read(path), as: UTF8.self)
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    where !line.allSatisfy(\.isWhitespace) {
      try add(line: String(line), of: folder, place: "\(path):\(index + 1)")
    }
  }

  private mutating func add(line: String, of folder: String, place: String) throws {
    let parsed: Line
    do {
      parsed = try JSONDecoder().decode(Line.self, from: Data(line.utf8))
    } catch {
      throw DatasetError(
        .malformed, "read \(place): it is no object with \"file_name\", and text if any in \"text\"; mend the line")
    }
    let start = parsed.start ?? 0
    let end = parsed.end ?? .infinity
    guard start >= 0, start < end, parsed.label ?? 0 >= 0 else {
      throw DatasetError(
        .malformed, "read \(place): start \(start), end \(end), label \(parsed.label ?? 0); mend the line")
    }
    guard let medium = Self.medium(of: parsed.fileName) else {
      skipped.append(Skipped(file: parsed.fileName, reason: "it is neither a video nor a picture by its name"))
      return
    }
    let isPart = parsed.start != nil || parsed.end != nil
    entries.append(
      Entry(
        location: MediaLocation(path: folder + "/" + parsed.fileName), medium: medium, text: parsed.text,
        label: parsed.label, seconds: isPart ? start..<end : nil))
  }
}
