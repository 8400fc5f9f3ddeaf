import JobModel
import Testing

@Suite("Requests")
struct RequestTests {
  private func request(_ text: String) throws(RequestError) -> Request { try Request(parsing: Array(text.utf8)) }

  private func failure(_ text: String) -> RequestError? {
    #expect(throws: RequestError.self) { try request(text) }
  }

  @Test("every key of the contract is read")
  func allKeys() throws {
    let request = try request(
      """
      {"prompt": "a {c} cat", "negative_prompt": "blurry", "class_label": 3, "model": "demo", "samples": 2,
       "vary": {"c": ["red", 7]}, "seconds": 3.6, "width": 128, "height": 128, "stages": "sr1",
       "output": {"video": "webm", "frames": true, "poster": false, "latents": true}, "seed": 9223372036854775000,
       "steps": [20, 10], "guidance_scale": 5.5, "guidance_schedule": "power-cosine", "k_sr": [50], "eta": 0.5,
       "sampler": "ddim", "profile": "exact", "priority": 90, "account": "lab", "deadline": "2026-12-01T10:00:00Z",
       "custom_id": "x-1", "labels": {"any": [1, {"thing": null}]}}
      """)
    #expect(request.prompt == "a {c} cat")
    #expect(request.vary?.map(\.values) == [["red", "7"]])
    #expect(request.output.video == .webm)
    #expect(request.steps == .each([20, 10]))
    #expect(request.guidanceScale == .one(5.5))
    #expect(request.kSR == .each([50]))
    #expect(request.labels == ["any": [1, ["thing": .null]]])
    for key in ["image", "video"] { _ = try self.request(#"{"prompt": "x", "\#(key)": "in/a.png"}"#) }
    _ = try self.request(#"{"prompt": "x", "first_frame": "generate", "frames": 1, "aspect": "16:9"}"#)
  }

  @Test("an unknown key is named with its place and the nearest known one")
  func unknownKey() {
    let error = failure("{\n  \"prompt\": \"cat\",\n  \"guidence_scale\": 3\n}")
    #expect(error?.code == .unknownKey)
    #expect(error?.path == "/guidence_scale")
    #expect(error?.place == TextPlace(line: 3, column: 3))
    #expect(error?.message == "\"guidence_scale\" is no key of a request; did you mean \"guidance_scale\"?")
    #expect(failure(#"{"output": {"vidio": "mp4"}}"#)?.path == "/output/vidio")
  }

  @Test(
    "a value of the wrong kind is refused at its pointer",
    arguments: [
      (#"{"prompt": 3}"#, "/prompt"), (#"{"steps": "20"}"#, "/steps"), (#"{"steps": [20, "x"]}"#, "/steps/1"),
      (#"{"labels": []}"#, "/labels"), (#"{"output": "mp4"}"#, "/output"), (#"{"seed": null}"#, "/seed"),
      (#"{"output": {"poster": 1}}"#, "/output/poster"), (#"{"prompt": "{a}", "vary": {"a": "x"}}"#, "/vary/a"),
      (#"["prompt"]"#, ""), (#""prompt""#, ""),
    ])
  func wrongKind(text: String, path: String) {
    let error = failure(text)
    #expect(error?.code == .type)
    #expect(error?.path == path)
  }

  @Test(
    "a value outside what is allowed is refused with both",
    arguments: [
      (#"{"priority": 101}"#, "priority is 101, must be a whole number 0…100"),
      (#"{"steps": 0}"#, "steps is 0, must be a whole number 1…1000"),
      (#"{"steps": 1.5}"#, "steps is 1.5, must be a whole number 1…1000"),
      (#"{"seed": -1}"#, "seed is -1, must be a whole number 0…9223372036854775807"),
      (#"{"seed": 9223372036854775808}"#, "seed is 9223372036854775808, must be a whole number 0…9223372036854775807"),
      (#"{"eta": 2}"#, "eta is 2, must be a number 0…1"),
      (#"{"sampler": "dim"}"#, "sampler is \"dim\", must be one of ddim; did you mean \"ddim\"?"),
      (#"{"prompt": " "}"#, "prompt is empty; say something or leave it out"),
      (#"{"image": "../x.png"}"#, "image is \"../x.png\", must be a relative path inside the spool, without \"..\""),
      (#"{"image": "/x.png"}"#, "image is \"/x.png\", must be a relative path inside the spool, without \"..\""),
      (
        #"{"seed": 9223372036854775807, "samples": 2}"#,
        "seed is 9223372036854775807, with 2 clips the most allowed is 9223372036854775806; lower it"
      ),
      (#"{"seconds": 0}"#, "seconds is 0, must be more; for an image ask for 1 frame"),
    ])
  func outside(text: String, message: String) {
    let error = failure(text)
    #expect(error?.code == .range)
    #expect(error?.message == message)
  }

  @Test(
    "keys that contradict each other are refused",
    arguments: [
      #"{"frames": 17, "seconds": 1}"#, #"{"image": "a", "video": "b"}"#,
      #"{"width": 1, "height": 1, "aspect": "1:1"}"#,
      #"{"prompt": "a cat", "vary": {"c": ["x"]}}"#, #"{"output": {"video": "none", "poster": false}}"#,
    ])
  func conflicts(text: String) { #expect(failure(text)?.code == .conflict) }

  @Test("lists whose product is too long are refused, however long")
  func tooManyClips() {
    let list = (0..<200).map { "\"v\($0)\"" }.joined(separator: ",")
    let names = "abcdefghijklmnopqrstuvwxyz".map(String.init)
    let prompt = names.map { "{\($0)}" }.joined()
    let lists = names.map { "\"\($0)\": [\(list)]" }.joined(separator: ", ")
    #expect(failure("{\"prompt\": \"\(prompt)\", \"vary\": {\(lists)}}")?.code == .range)
  }

  @Test("lists that make a prompt too long, or prompts too many bytes together, are refused")
  func tooLongPrompts() {
    let value = String(repeating: "x", count: 9_000)
    #expect(failure(#"{"prompt": "{a} {b}", "vary": {"a": ["\#(value)"], "b": ["\#(value)"]}}"#)?.code == .range)
    #expect(failure(#"{"prompt": "\#(value)", "samples": 5000}"#)?.path == "/prompt")
  }

  @Test("the error document says code, message, pointer, line and column")
  func document() {
    #expect(
      failure("{\"eta\":\n7}")?.document
        == [
          "error": "out_of_range", "message": "eta is 7, must be a number 0…1", "path": "/eta", "line": 2, "column": 1,
        ])
  }
}
