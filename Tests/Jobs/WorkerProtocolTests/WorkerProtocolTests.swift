import Foundation
import Testing
import WorkerProtocol

private let latents = FileReference(path: "../../7/attempt-1/latents.safetensors", sha256: "ab")

private let sample = TaskSpecification(
  task: "8", attempt: 2, modelFolder: "/models/demo", kernels: "x86-64-v3",
  work: .sample(
    SampleWork(
      stage: 1, chunk: 0, isImage: false, seed: .max, text: FileReference(path: "text.safetensors", sha256: "cd"),
      classLabel: nil, previousStage: latents, previousChunk: nil,
      sampling: Sampling(
        sampler: "ddim", steps: 50, guidanceScale: 7.5, guidanceSchedule: "constant", eta: 0, upsamplerNoise: 100),
      checkpoint: CheckpointReference(file: latents, step: 12), checkpointSeconds: 30)))

private func temporaryFolder() throws -> String {
  let path = FileManager.default.temporaryDirectory.appending(path: "walt-protocol-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  return path
}

@Suite("Worker protocol")
struct WorkerProtocolTests {
  @Test("a task of each kind comes back from its folder as it was written")
  func tasks() throws {
    let state = try temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: state) }
    let text = TaskSpecification(
      task: "7", attempt: 1, modelFolder: "/m", kernels: nil,
      work: .text(TextWork(prompt: "a red circle", negativePrompt: nil)))
    let decode = TaskSpecification(
      task: "9", attempt: 1, modelFolder: "/m", kernels: nil,
      work: .decode(
        DecodeWork(
          stage: 2, latents: [latents], frameCount: 17, framesPerSecond: 8,
          media: Media(video: "mp4", poster: true, frames: false), metadata: "{\"seed\":1}")))
    for task in [text, sample, decode] {
      let folder = AttemptFolder(state: state, task: task.task, attempt: task.attempt)
      #expect(folder.path == "\(state)/tasks/\(task.task)/attempt-\(task.attempt)")
      try folder.write(task)
      #expect(try folder.readTask() == task)
    }
  }

  @Test("the keys of task.json are those of the design")
  func keys() throws {
    let json = try ProtocolCoding.line(sample)
    for key in ["\"kind\":\"sample\"", "\"model_folder\"", "\"k_sr\":100", "\"seed\":9223372036854775807"] {
      #expect(json.contains(key))
    }
  }

  @Test("a task of another format is refused")
  func format() throws {
    let json = try ProtocolCoding.line(sample).replacing("\"format\":1", with: "\"format\":2")
    let error = #expect(throws: ProtocolError.self) {
      try ProtocolCoding.decode(TaskSpecification.self, Array(json.utf8), path: "task.json")
    }
    #expect(error?.description.contains("format is 2, known here: 1") == true)
  }

  @Test(
    "events and messages survive their line",
    arguments: [
      AttemptEvent.loading(part: "t5"), .step(step: 3, of: 50, seconds: 0.25),
      .checkpoint(CheckpointReference(file: latents, step: 3)),
    ])
  func events(event: AttemptEvent) throws {
    let line = try ProtocolCoding.line(event)
    #expect(try ProtocolCoding.decode(AttemptEvent.self, Array(line.utf8), path: "") == event)
    let message = WorkerMessage.event(AttemptFolder("/state/x"), event)
    #expect(
      try ProtocolCoding.decode(WorkerMessage.self, Array(try ProtocolCoding.line(message).utf8), path: "") == message)
  }

  @Test(
    "commands survive their line, also with spaces and signs in the path",
    arguments: [
      WorkerCommand.run([AttemptFolder("/a b/100%/é"), AttemptFolder("/c")]), .yield, .cancel(AttemptFolder("/a\nb")),
      .quit,
    ])
  func commands(command: WorkerCommand) throws {
    #expect(!command.line.contains("\n"))
    #expect(try WorkerCommand(line: command.line) == command)
  }

  @Test("other lines are no commands", arguments: ["", "run", "yield now", "cancel", "dance"])
  func unknownCommands(line: String) {
    #expect(throws: ProtocolError.self) { try WorkerCommand(line: line) }
  }

  @Test("a folder without result.json has no result, and its newest good checkpoint is found")
  func checkpoints() throws {
    let state = try temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: state) }
    let folder = AttemptFolder(state: state, task: "8", attempt: 1)
    try folder.write(sample)
    #expect(try folder.readResult() == nil)
    #expect(try folder.newestValidCheckpoint() == nil)
    // Of "good", step 10; "torn" has not the digest that its event tells; the last line is cut off.
    let name = AttemptFolder.checkpointName(step: 10)
    try Data("good".utf8).write(to: URL(filePath: folder.resolve(name)))
    try Data("torn".utf8).write(to: URL(filePath: folder.resolve(AttemptFolder.checkpointName(step: 20))))
    let digest = "770e607624d689265ca6c44884d0807d9b054d23c473c106c72be9de08b7376c"
    let events: [AttemptEvent] = [
      .loading(part: "base"), .step(step: 10, of: 50, seconds: 1),
      .checkpoint(CheckpointReference(file: FileReference(path: name, sha256: digest), step: 10)),
      .checkpoint(
        CheckpointReference(
          file: FileReference(path: AttemptFolder.checkpointName(step: 20), sha256: digest), step: 20)),
    ]
    let lines = try events.map { try ProtocolCoding.line($0) + "\n" }.joined() + "{\"event\":\"st"
    try Data(lines.utf8).write(to: URL(filePath: folder.eventsFile))
    let found = try #require(try folder.newestValidCheckpoint())
    #expect(found.step == 10)
    #expect(found.file.path == folder.resolve("checkpoint-000010.safetensors"))
  }

  @Test("a result comes back as it was written")
  func results() throws {
    let state = try temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: state) }
    let folder = AttemptFolder(state: state, task: "8", attempt: 1)
    try folder.write(sample)
    let result = AttemptResult(
      task: "8", attempt: 1, outcome: .failed, kernels: "x86-64-v3", seconds: 1.5,
      failure: AttemptFailure(kind: .resource, message: "read weights \"x\": no such file"))
    try folder.write(result)
    #expect(try folder.readResult() == result)
  }
}
