import DurableFiles

extension Request {
  /// Gives every parameter the value that holds with `model`, refusing what it or this version cannot do.
  ///
  /// - Parameters:
  ///   - digest: of the request's bytes; the seed where none is given.
  ///   - account: who pays where the request does not say.
  package func resolved(
    for model: ModelDescription, digest: SHA256Digest, account: String,
    capabilities: ServiceCapabilities = ServiceCapabilities()
  ) throws(RequestError) -> ResolvedRequest {
    try checkSupport(model, capabilities)
    let frameCount = try resolvedFrameCount(model, capabilities)
    let stages = try resolvedStages(model)
    if negativePrompt != nil, stages.allSatisfy({ $0.guidanceScale == 1 }) {
      throw error(
        .conflict, "negative_prompt has no effect where guidance_scale is 1; raise guidance_scale or leave it out",
        at: .negativePrompt)
    }
    let clipPrompts = prompts
    let seed = seed ?? defaultSeed(digest, clipCount: clipPrompts.count)
    return ResolvedRequest(
      model: model.name, negativePrompt: negativePrompt, classLabel: classLabel, frameCount: frameCount,
      chunkCount: model.chunkCount(frameCount: frameCount), fps: model.fps, stages: stages,
      guidanceSchedule: guidanceSchedule ?? .constant, eta: eta ?? model.eta, sampler: sampler ?? .ddim,
      profile: profile ?? .exact, output: output, seed: seed, priority: priority ?? 50,
      account: self.account ?? account, deadline: deadline, customID: customID, takesText: model.takesText,
      clips: clipPrompts.enumerated().map { .init(index: $0, seed: seed + Int64($0), prompt: $1) })
  }

  /// An error at the value of `key`.
  package func error(_ code: RequestError.Code, _ message: String, at key: Key? = nil) -> RequestError {
    guard let key, let place = places[key] else { return RequestError(code, message) }
    return RequestError(code, message, path: "/" + key.rawValue, place: place)
  }

  private func checkSupport(
    _ model: ModelDescription, _ capabilities: ServiceCapabilities
  ) throws(RequestError) {
    func refuse(_ key: Key, _ what: String) throws(RequestError) {
      throw error(.unsupported, "\(what) is not supported by this version; leave it out", at: key)
    }
    if !capabilities.takesConditioning {
      for (key, isGiven) in [(Key.image, image != nil), (.video, video != nil), (.firstFrame, firstFrame != nil)] {
        if isGiven { try refuse(key, key.rawValue) }
      }
    }
    if guidanceSchedule == .powerCosine, !capabilities.variesGuidance { try refuse(.guidanceSchedule, "power-cosine") }
    if deadline != nil, !capabilities.keepsDeadlines { try refuse(.deadline, "deadline") }
    if let profile, !capabilities.profiles.contains(profile) { try refuse(.profile, "profile \(profile.rawValue)") }
    if !capabilities.videos.contains(output.video) { try refuse(.output, "video \(output.video.rawValue)") }
    if output.frames, !capabilities.publishesFrames { try refuse(.output, "output of frames") }
    if output.latents, !capabilities.publishesLatents { try refuse(.output, "output of latents") }
    try checkCondition(model)
    try checkSize(model)
  }

  private func checkCondition(_ model: ModelDescription) throws(RequestError) {
    if let classLabel, classLabel >= model.classCount {
      let allowed = model.classCount == 0 ? "takes no class" : "has the classes 0…\(model.classCount - 1)"
      throw error(
        model.classCount == 0 ? .unsupported : .range, "class_label is \(classLabel), \"\(model.name)\" \(allowed)",
        at: .classLabel)
    }
    if prompt != nil || negativePrompt != nil, !model.takesText {
      throw error(
        .unsupported, "\"\(model.name)\" takes no text; leave the prompt out",
        at: prompt == nil ? .negativePrompt : .prompt)
    }
    if model.takesText, prompt == nil {
      throw error(.missingKey, "prompt is missing; say what the clip shows: {\"prompt\": \"…\"}")
    }
    if model.classCount > 0, classLabel == nil {
      throw error(.missingKey, "class_label is missing; choose one of 0…\(model.classCount - 1)")
    }
  }

  /// `width`, `height` and `aspect` choose among the sizes that the model has.
  private func checkSize(_ model: ModelDescription) throws(RequestError) {
    let last = lastStage(model)
    if let width, let height, width != last.width || height != last.height {
      let asked = "width × height is \(width)×\(height)"
      throw error(.unsupported, "\(asked), \"\(model.name)\" makes \(last.width)×\(last.height)", at: .width)
    }
    guard let aspect else { return }
    let sides = aspect.split(separator: ":").compactMap { Int($0) }
    guard sides.count == 2, sides.allSatisfy({ 1...65_536 ~= $0 }) else {
      throw error(.range, "aspect is \"\(aspect)\", must be width to height, like \"16:9\"", at: .aspect)
    }
    if sides[0] * last.height != sides[1] * last.width {
      throw error(
        .unsupported, "aspect is \(aspect), \"\(model.name)\" makes \(last.width)×\(last.height)", at: .aspect)
    }
  }

  private func lastStage(_ model: ModelDescription) -> ModelDescription.Stage {
    model.stages.last { $0.name <= (stages ?? .sr2) } ?? model.stages[0]
  }

  private func resolvedFrameCount(
    _ model: ModelDescription, _ capabilities: ServiceCapabilities
  ) throws(RequestError) -> Int {
    let key: Key = seconds == nil ? .frames : .seconds
    let asked = seconds.map { Int(($0 * Double(model.fps)).rounded()) } ?? frames ?? model.chunkFrameCount
    let found =
      seconds.map { "seconds is \(JSONValue.real($0).text()), which is \(asked) frames" } ?? "frames is \(asked)"
    if asked < 1 { throw error(.range, "\(found), must be at least 1; ask for more", at: key) }
    let limit = capabilities.makesLongVideo ? model.maxFrameCount : min(model.maxFrameCount, model.chunkFrameCount)
    if asked > limit {
      let hint = "lower \(key.rawValue) or choose another model"
      throw error(
        .tooManyFrames, "\(found), the most \"\(model.name)\" makes in one request is \(limit); \(hint)", at: key)
    }
    return asked
  }

  private func resolvedStages(_ model: ModelDescription) throws(RequestError) -> [ResolvedRequest.Stage] {
    if let stages, !model.stages.contains(where: { $0.name == stages }) {
      let names = model.stages.map(\.name.rawValue).joined(separator: ", ")
      throw error(.unsupported, "stages is \(stages.rawValue), \"\(model.name)\" has \(names)", at: .stages)
    }
    let running = model.stages.filter { $0.name <= (stages ?? .sr2) }
    let steps = try spread(self.steps, over: running.count, at: .steps)
    let guidance = try spread(guidanceScale, over: running.count, at: .guidanceScale)
    let kSR = running.count > 1 ? try spread(self.kSR, over: running.count - 1, at: .kSR) : nil
    return running.enumerated().map { index, stage in
      let isGuided = index == 0 || guidance?.isForEach == true
      return ResolvedRequest.Stage(
        name: stage.name, steps: steps?.values[index] ?? model.stepCount,
        guidanceScale: (isGuided ? guidance?.values[index] : nil) ?? stage.guidanceScale,
        kSR: index == 0 ? nil : kSR?.values[index - 1] ?? stage.kSR, width: stage.width, height: stage.height)
    }
  }

  /// One value for each of `count` places.
  private func spread<Value: Sendable>(
    _ choice: PerStage<Value>?, over count: Int, at key: Key
  ) throws(RequestError) -> (values: [Value], isForEach: Bool)? {
    switch choice {
    case nil: return nil
    case .one(let value): return (Array(repeating: value, count: count), false)
    case .each(let values):
      guard values.count == count else {
        let what = key == .kSR ? "upsamplers" : "stages"
        throw error(.range, "\(key.rawValue) has \(values.count) values, the request runs \(count) \(what)", at: key)
      }
      return (values, true)
    }
  }

  /// The first 63 bits of the digest, lowered where the last clip's seed would leave 63 bits.
  private func defaultSeed(_ digest: SHA256Digest, clipCount: Int) -> Int64 {
    min(digest.first63Bits, Int64.max - Int64(clipCount - 1))
  }
}
