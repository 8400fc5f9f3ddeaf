import Foundation

extension Request {
  /// Reads a request's bytes, refusing whatever a request cannot mean with any model.
  ///
  /// - Throws: `RequestError` at the first mistake, with its place.
  package init(parsing bytes: [UInt8], limits: RequestLimits = RequestLimits()) throws(RequestError) {
    let document = try JSONDocument(parsing: bytes, limits: limits.json)
    let reader = try ObjectReader(
      document.root, path: "", in: document, known: Key.allCases.map(\.rawValue), what: "a request")
    source = document.root.value
    places = Dictionary(
      uniqueKeysWithValues: Key.allCases.compactMap { key in reader.place(of: key.rawValue).map { (key, $0) } })
    try readWhat(reader, limits)
    try readHowMuch(reader, limits)
    try readHow(reader)
    try readWhenAndWhose(reader)
    try checkTogether(reader, limits)
  }

  private mutating func readWhat(_ reader: ObjectReader, _ limits: RequestLimits) throws(RequestError) {
    prompt = try Self.text(reader, .prompt, limit: limits.promptByteCount)
    negativePrompt = try reader.string(Key.negativePrompt.rawValue, limit: limits.promptByteCount)
    classLabel = try reader.integer(Key.classLabel.rawValue, 0...Int(Int32.max))
    model = try Self.text(reader, .model, limit: 128)
    image = try Self.relativePath(reader, .image)
    video = try Self.relativePath(reader, .video)
    firstFrame = try reader.choice(Key.firstFrame.rawValue, FirstFrame.self)
  }

  private mutating func readHowMuch(_ reader: ObjectReader, _ limits: RequestLimits) throws(RequestError) {
    samples = try reader.integer(Key.samples.rawValue, 1...limits.clipCount)
    vary = try Self.variations(reader, limits)
    frames = try reader.integer(Key.frames.rawValue, 1...1_000_000)
    seconds = try reader.real(Key.seconds.rawValue, 0...1_000_000)
    width = try reader.integer(Key.width.rawValue, 1...65_536)
    height = try reader.integer(Key.height.rawValue, 1...65_536)
    aspect = try reader.string(Key.aspect.rawValue, limit: 16)
    stages = try reader.choice(Key.stages.rawValue, StageName.self)
    output = try Self.output(reader)
  }

  private mutating func readHow(_ reader: ObjectReader) throws(RequestError) {
    seed = try reader.integer(Key.seed.rawValue, 0...Int64.max)
    steps = try reader.perStage(Key.steps.rawValue, 1...1000)
    guidanceScale = try reader.perStage(Key.guidanceScale.rawValue, 0...1000.0)
    guidanceSchedule = try reader.choice(Key.guidanceSchedule.rawValue, GuidanceSchedule.self)
    kSR = try reader.perStage(Key.kSR.rawValue, 0...999)
    eta = try reader.real(Key.eta.rawValue, 0...1)
    sampler = try reader.choice(Key.sampler.rawValue, Sampler.self)
    profile = try reader.choice(Key.profile.rawValue, Profile.self)
  }

  private mutating func readWhenAndWhose(_ reader: ObjectReader) throws(RequestError) {
    priority = try reader.integer(Key.priority.rawValue, 0...100)
    account = try Self.text(reader, .account, limit: 64)
    deadline = try reader.string(Key.deadline.rawValue, limit: 64)
    if let deadline, ResolvedRequest.date(deadline) == nil {
      let form = "must be a date and time like 2026-01-31T18:00:00Z (RFC 3339)"
      throw reader.error(.range, "deadline is \"\(deadline)\", \(form)", at: Key.deadline.rawValue)
    }
    customID = try Self.text(reader, .customID, limit: 256)
    if let node = reader.node(Key.labels.rawValue) {
      guard case .object = node.content else { throw reader.wrongType(node, Key.labels.rawValue, "an object") }
      labels = node.value
    }
  }

  private func checkTogether(_ reader: ObjectReader, _ limits: RequestLimits) throws(RequestError) {
    if frames != nil, seconds != nil { throw Self.conflict(reader, .frames, .seconds) }
    if let seconds, seconds == 0 {
      throw reader.error(.range, "seconds is 0, must be more; for an image ask for 1 frame", at: Key.seconds.rawValue)
    }
    if image != nil, video != nil { throw Self.conflict(reader, .image, .video) }
    if firstFrame != nil, image != nil { throw Self.conflict(reader, .firstFrame, .image) }
    if firstFrame != nil, video != nil { throw Self.conflict(reader, .firstFrame, .video) }
    if aspect != nil, width != nil { throw Self.conflict(reader, .aspect, .width) }
    if aspect != nil, height != nil { throw Self.conflict(reader, .aspect, .height) }
    if (width == nil) != (height == nil) {
      let given = width == nil ? Key.height : Key.width
      throw reader.error(.missingKey, "\(given.rawValue) without its other side; give both", at: given.rawValue)
    }
    let clipCount = self.clipCount(atMost: limits.clipCount)
    if clipCount > limits.clipCount {
      let key = vary == nil ? Key.samples : Key.vary
      throw reader.error(
        .range, "the request makes more than \(limits.clipCount) clips, the most allowed; split it", at: key.rawValue)
    }
    let byteCount = clipCount * (prompt?.utf8.count ?? 0)
    if byteCount > limits.promptsByteCount {
      throw reader.error(
        .range,
        "the prompts of all clips are \(byteCount) bytes, the most allowed is \(limits.promptsByteCount); split it",
        at: Key.prompt.rawValue)
    }
    if let seed, seed > Int64.max - Int64(clipCount - 1) {
      throw reader.error(
        .range,
        "seed is \(seed), with \(clipCount) clips the most allowed is \(Int64.max - Int64(clipCount - 1)); lower it",
        at: Key.seed.rawValue)
    }
  }

  /// The product of all lists and `samples`; one more than `limit` stands for all that is beyond it.
  private func clipCount(atMost limit: Int) -> Int {
    (vary ?? []).reduce(samples ?? 1) { min($0 * $1.values.count, limit + 1) }
  }

  // MARK: Kinds of values

  /// Text that must say something.
  private static func text(_ reader: ObjectReader, _ key: Key, limit: Int) throws(RequestError) -> String? {
    guard let text = try reader.string(key.rawValue, limit: limit) else { return nil }
    if text.allSatisfy(\.isWhitespace) {
      throw reader.error(.range, "\(key.rawValue) is empty; say something or leave it out", at: key.rawValue)
    }
    return text
  }

  /// A path that cannot leave the folder it is looked up in.
  private static func relativePath(_ reader: ObjectReader, _ key: Key) throws(RequestError) -> String? {
    guard let path = try text(reader, key, limit: 1024) else { return nil }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    if parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) {
      throw reader.error(
        .range, "\(key.rawValue) is \"\(path)\", must be a relative path inside the spool, without \"..\"",
        at: key.rawValue)
    }
    return path
  }

  private static func output(_ reader: ObjectReader) throws(RequestError) -> OutputChoice {
    var output = OutputChoice()
    guard let node = reader.node(Key.output.rawValue) else { return output }
    let inner = try ObjectReader(
      node, path: pointer("", Key.output.rawValue), in: reader.document,
      known: ["video", "frames", "poster", "latents"],
      what: "output")
    output.video = try inner.choice("video", OutputChoice.Video.self) ?? output.video
    output.frames = try inner.bool("frames") ?? output.frames
    output.poster = try inner.bool("poster") ?? output.poster
    output.latents = try inner.bool("latents") ?? output.latents
    if output.video == .none, !output.frames, !output.poster, !output.latents {
      throw reader.error(
        .conflict, "output leaves nothing to publish; ask for one of its parts", at: Key.output.rawValue)
    }
    return output
  }

  private static func conflict(_ reader: ObjectReader, _ first: Key, _ second: Key) -> RequestError {
    reader.error(
      .conflict, "\(first.rawValue) and \(second.rawValue) cannot both be given; keep one", at: second.rawValue)
  }
}
