import Kernels
import Tensors
import Testing
import WorkerProtocol

@testable import WorkerRuntime

@Suite("Encoded prompts are kept")
struct TextCacheTests {
  private func encode(_ prompts: [String]) -> [Tensor] {
    prompts.map { Tensor(repeating: Float($0.count), shape: [4]) }
  }

  @Test("each prompt is encoded once, whatever batch it comes in")
  func once() {
    var cache = TextCache()
    var asked: [[String]] = []
    func texts(_ prompts: [String]) -> [Float] {
      cache.texts(of: prompts) {
        asked.append($0)
        return encode($0)
      }.map { $0.array[0] }
    }
    #expect(texts(["a", "bb", "a"]) == [1, 2, 1])
    #expect(texts(["bb", "ccc"]) == [2, 3])
    #expect(texts(["a", "ccc"]) == [1, 3])
    #expect(asked == [["a", "bb"], ["ccc"]])
  }

  @Test("what was not asked for the longest goes first when the memory is full")
  func bounded() {
    var cache = TextCache(byteLimit: 32)
    var asked: [String] = []
    for prompt in ["a", "bb", "a", "ccc", "a", "bb"] {
      _ = cache.texts(of: [prompt]) {
        asked += $0
        return encode($0)
      }
    }
    #expect(asked == ["a", "bb", "ccc", "bb"])
  }

  @Test("a model that other kernels have used gives the same bytes as a fresh one")
  func kernels() throws {
    guard (try? ComputeDevice(threadCount: 1, kernels: "x86-64-v2")) != nil else { return }
    let model = try TinyModel()
    let work = TaskSpecification.Work.text(TextWork(prompt: "a red circle moves to the left", negativePrompt: nil))
    let runner = model.runner()
    _ = runner.run([try model.attempt("first", work), try model.attempt("plain", kernels: "x86-64-v2", work)])
    _ = runner.run([try model.attempt("second", work)])
    _ = model.runner().run([try model.attempt("fresh", kernels: "x86-64-v2", work)])
    func digest(_ task: String) throws -> String? {
      try model.output("text", of: AttemptFolder(state: model.root.path, task: task, attempt: 1))?.sha256
    }
    #expect(try digest("first") != nil)
    #expect(try digest("second") == digest("first"))
    #expect(try digest("plain") == digest("fresh"))
  }
}
