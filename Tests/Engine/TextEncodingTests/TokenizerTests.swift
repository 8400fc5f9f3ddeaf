import Foundation
import Testing

@testable import TextEncoding

@Suite struct TokenizerTests {
  private static func fixture(_ name: String) throws -> URL {
    try #require(Bundle.module.resourceURL).appending(path: "Fixtures/\(name)")
  }

  /// `tokenizer.json`: texts with the ids that SentencePiece's own program gives.
  private struct Cases: Decodable {
    struct Case: Decodable {
      let text: String
      let ids: [Int]
    }
    let pieceCount: Int
    let cases: [Case]

    enum CodingKeys: String, CodingKey {
      case pieceCount = "vocab_size"
      case cases
    }
  }

  @Test("every text of the golden file has its ids, EOS last")
  func golden() throws {
    let cases = try JSONDecoder().decode(Cases.self, from: Data(contentsOf: Self.fixture("tokenizer.json")))
    let tokenizer = try Tokenizer(modelFile: Self.fixture("spiece.model"))
    #expect(tokenizer.pieceCount == cases.pieceCount)
    #expect(!cases.cases.isEmpty)
    for golden in cases.cases {
      #expect(try tokenizer.encode(golden.text) == golden.ids, "\(golden.text)")
    }
  }

  @Test("a prompt that is too long keeps its beginning and its EOS")
  func truncation() throws {
    let whole = try Tokenizer(modelFile: Self.fixture("spiece.model"), maxTokens: 512)
    let short = try Tokenizer(modelFile: Self.fixture("spiece.model"), maxTokens: 5)
    let prompt = "a red circle moves to the left on a blue background"
    #expect(try short.encode(prompt) == Array(whole.encode(prompt).prefix(4)) + [Tokenizer.endOfSequence])
  }

  @Test("a file that is not a SentencePiece model is refused by name")
  func damaged() throws {
    let error = #expect(throws: TextEncodingError.self) {
      try Tokenizer(modelFile: Self.fixture("tokenizer.json"))
    }
    #expect(error?.code == .tokenizerUnreadable)
    #expect(error?.description.contains("tokenizer.json") == true)
  }

  @Test("training twice on the same captions gives the same bytes, wherever they lie")
  func training() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let captions = ["circle", "square", "star", "ring"].flatMap { shape in
      ["red", "green", "blue"].map { "a \($0) \(shape) moves to the left on a white background" }
    }
    var models: [Data] = []
    for name in ["one", "two"] {
      let text = folder.appending(path: "\(name).txt")
      try captions.joined(separator: "\n").write(to: text, atomically: true, encoding: .utf8)
      let model = folder.appending(path: "\(name).model")
      try Tokenizer.train(textFile: text, modelFile: model, pieceCount: 60)
      models.append(try Data(contentsOf: model))
    }
    #expect(models[0] == models[1])
    let tokenizer = try Tokenizer(modelFile: folder.appending(path: "one.model"))
    #expect(tokenizer.pieceCount <= 60)
    let ids = try tokenizer.encode("a red circle")
    #expect(ids.last == Tokenizer.endOfSequence)
    #expect(!ids.contains(Tokenizer.unknown))
  }

  @Test("training on a file that is not there says which file")
  func missingCaptions() {
    let nowhere = URL(filePath: "/nowhere/captions.txt")
    let error = #expect(throws: TextEncodingError.self) {
      try Tokenizer.train(textFile: nowhere, modelFile: URL(filePath: "/nowhere/x.model"), pieceCount: 60)
    }
    #expect(error?.description.contains("/nowhere/captions.txt") == true)
  }
}
