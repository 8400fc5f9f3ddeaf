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
    try checkSupport(capabilities)
    try checkCondition(model)
    let sized = try sized(model)
    let frameCount = try resolvedFrameCount(sized)
    try checkFrames(sized, frameCount)
    let stages = try resolvedStages(sized)
    if negativePrompt != nil, stages.allSatisfy({ $0.guidanceScale == 1 }) {
      throw error(
        .conflict, "negative_prompt has no effect where guidance_scale is 1; raise guidance_scale or leave it out",
        at: .negativePrompt)
    }
    let clipPrompts = prompts
    let seed = seed ?? defaultSeed(digest, clipCount: clipPrompts.count)
    // Frames that the clip goes on from are sampled with it, but not counted.
    let given = conditioning == .video ? sized.overlapFrameCount : 0
    return ResolvedRequest(
      model: model.name, variant: sized.folder == model.folder ? nil : sized.folder.folderAndName.name,
      negativePrompt: negativePrompt, classLabel: classLabel, conditioning: conditioning, input: nil,
      frameCount: frameCount, chunkCount: sized.chunkCount(frameCount: given + frameCount), fps: sized.fps,
      stages: stages, guidanceSchedule: guidanceSchedule ?? .constant, eta: eta ?? sized.eta,
      sampler: sampler ?? .ddim, profile: profile ?? .exact, output: output, seed: seed, priority: priority ?? 50,
      account: self.account ?? account, deadline: deadline, customID: customID, takesText: model.takesText,
      clips: clipPrompts.enumerated().map { .init(index: $0, seed: seed + Int64($0), prompt: $1) })
  }

  /// An error at the value of `key`.
  package func error(_ code: RequestError.Code, _ message: String, at key: Key? = nil) -> RequestError {
    guard let key, let place = places[key] else { return RequestError(code, message) }
    return RequestError(code, message, path: "/" + key.rawValue, place: place)
  }

  private func checkSupport(_ capabilities: ServiceCapabilities) throws(RequestError) {
    func refuse(_ key: Key, _ what: String) throws(RequestError) {
      throw error(.unsupported, "\(what) is not supported by this version; leave it out", at: key)
    }
    if let profile, !capabilities.profiles.contains(profile) { try refuse(.profile, "profile \(profile.rawValue)") }
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

  /// The conditioning frames and the number of frames must suit each other and the model.
  private func checkFrames(_ model: ModelDescription, _ frameCount: Int) throws(RequestError) {
    if let conditioning {
      let key = namedFile?.key ?? .firstFrame
      if !model.predictsFrames {
        throw error(
          .unsupported, "\"\(model.name)\" was made without frame prediction; leave \(key.rawValue) out", at: key)
      }
      if conditioning == .generated, !model.makesImages {
        throw error(.unsupported, "\"\(model.name)\" makes no images to begin with; leave first_frame out", at: key)
      }
      if frameCount == 1 {
        throw error(.conflict, "\(key.rawValue) begins a video, frames is 1; ask for more frames", at: key)
      }
    } else if frameCount == 1, !model.makesImages {
      throw error(
        .unsupported, "frames is 1, \"\(model.name)\" makes videos only; ask for more frames",
        at: seconds == nil ? .frames : .seconds)
    }
  }

  private func resolvedFrameCount(_ model: ModelDescription) throws(RequestError) -> Int {
    let key: Key = seconds == nil ? .frames : .seconds
    let oneChunk = model.chunkFrameCount - (conditioning == .video ? model.overlapFrameCount : 0)
    let asked = seconds.map { Int(($0 * Double(model.fps)).rounded()) } ?? frames ?? oneChunk
    let found =
      seconds.map { "seconds is \(JSONValue.real($0).text()), which is \(asked) frames" } ?? "frames is \(asked)"
    if asked < 1 { throw error(.range, "\(found), must be at least 1; ask for more", at: key) }
    if asked > model.maxFrameCount {
      let hint = "lower \(key.rawValue) or choose another model"
      throw error(
        .tooManyFrames, "\(found), the most \"\(model.name)\" makes in one request is \(model.maxFrameCount); \(hint)",
        at: key)
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
        name: stage.name, steps: steps?.values[index] ?? stage.stepCount,
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
