import DurableFiles
import Foundation
import Testing
import WorkerProtocol

@testable import WorkerRuntime

@Suite struct FailureTests {
  private let model: TinyModel

  init() throws { model = try TinyModel() }

  private func prompt(_ task: String = "text") throws -> AttemptFolder {
    try model.attempt(task, .text(TextWork(prompt: "a red circle", negativePrompt: nil)))
  }

  @Test("a task that is no JSON is bad input, said in the result")
  func unreadable() throws {
    let folder = try prompt()
    try DurableFile.replace(folder.taskFile, with: "not JSON")
    #expect(model.runner().run([folder]) == .badInput)
    let result = try #require(try folder.readResult())
    #expect(result.outcome == .failed)
    #expect(result.failure?.kind == .request)
    #expect(result.task == "text")
    #expect(result.attempt == 1)
  }

  @Test("a task of another format is bad configuration")
  func format() throws {
    let folder = try prompt()
    try DurableFile.replace(folder.taskFile, with: #"{"format": 99}"#)
    #expect(model.runner().run([folder]) == .badConfiguration)
    #expect(try folder.readResult()?.failure?.message.contains("format is 99") == true)
  }

  @Test("missing weights are bad configuration for the program and the model's fault for the daemon")
  func missingWeights() throws {
    let folder = try prompt()
    try FileManager.default.removeItem(atPath: "\(model.modelFolder)/t5/model.safetensors")
    #expect(model.runner().run([folder]) == .badConfiguration)
    let failure = try #require(try folder.readResult()?.failure)
    #expect(failure.kind == .model)
    #expect(failure.message.contains("t5/model.safetensors"))
  }

  @Test("damaged weights are the model's fault, not the request's")
  func damagedWeights() throws {
    let folder = try prompt()
    try DurableFile.replace("\(model.modelFolder)/t5/model.safetensors", with: "no tensors here at all")
    #expect(model.runner().run([folder]) == .badConfiguration)
    #expect(try folder.readResult()?.failure?.kind == .model)
  }

  @Test("kernels that this processor cannot run are a lack of resources")
  func kernels() throws {
    let work = TaskSpecification.Work.text(TextWork(prompt: "a red circle", negativePrompt: nil))
    let folder = try model.attempt("text", kernels: "vax", work)
    #expect(model.runner().run([folder]) == .tryAgain)
    #expect(try folder.readResult()?.failure?.kind == .resource)
  }

  @Test("input whose digest is another is refused, and its batch mate goes on")
  func damagedInput() throws {
    let text = try model.text()
    var wrong = text
    wrong.sha256 = String(repeating: "0", count: 64)
    let bad = try model.attempt("bad", model.sampling(stage: 0, text: wrong))
    let good = try model.attempt("good", model.sampling(stage: 0, text: text))
    #expect(model.runner().run([bad, good]) == .tryAgain)
    #expect(try bad.readResult()?.failure?.kind == .resource)
    #expect(try good.readResult()?.outcome == .done)
  }

  @Test("what no model can do is the request's fault", arguments: [0, 1001])
  func steps(steps: Int) throws {
    let folder = try model.attempt("steps", model.sampling(stage: 0, steps: steps, text: try model.text()))
    #expect(model.runner().run([folder]) == .badInput)
    let failure = try #require(try folder.readResult()?.failure)
    #expect(failure.kind == .request)
    #expect(failure.message.contains("allowed are 1 to 1000"))
  }

  @Test("an upsampler without latents from below says what it expected")
  func missingLatents() throws {
    let folder = try model.attempt("sr", model.sampling(stage: 1, text: try model.text()))
    #expect(model.runner().run([folder]) == .badInput)
    #expect(try folder.readResult()?.failure?.message.contains("expected [5, 2, 4, 4]") == true)
  }
}
