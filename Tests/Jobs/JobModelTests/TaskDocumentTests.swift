import DurableFiles
import JobModel
import Testing

@Suite("The prompt files in the documents")
struct TaskDocumentTests {
  @Test("each can be dropped as it stands", arguments: ["tasks.md"])
  func examples(name: String) throws {
    let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    let text = String(decoding: try DurableFile.read("/\(root)/docs/\(name)"), as: UTF8.self)
    let blocks = text.split(separator: "```json\n").dropFirst().compactMap { $0.split(separator: "```").first }
    #expect(blocks.count >= 10)
    for block in blocks {
      #expect(throws: Never.self, "\(block)") { try Request(parsing: Array(block.utf8)) }
    }
  }
}
