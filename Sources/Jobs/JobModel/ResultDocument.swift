import DurableFiles

/// The reproducible part of a result: the same request, model and kind of processor give it again, byte for byte.
package struct ReproducibleRecord: Equatable, Sendable {
  package let state: JobState
  /// As it was written.
  package let request: JSONValue
  package let requestDigest: SHA256Digest
  package let parameters: ResolvedRequest
  package let labels: JSONValue?

  package init(
    state: JobState, request: JSONValue, requestDigest: SHA256Digest, parameters: ResolvedRequest, labels: JSONValue?
  ) {
    self.state = state
    self.request = request
    self.requestDigest = requestDigest
    self.parameters = parameters
    self.labels = labels
  }

  /// What is known before a worker has run: it adds `weights`, `kernels` and `software` (`completed`).
  package var document: JSONValue {
    var members: [JSONValue.Member] = [
      .init("state", .string(state.rawValue)), .init("request", request),
      .init("request_sha256", .string(requestDigest.hex)), .init("parameters", parameters.document),
      .init("seeds", .array(parameters.clips.map { .integer($0.seed) })),
    ]
    if let labels { members.append(.init("labels", labels)) }
    members.append(.init("digitalSourceType", "trainedAlgorithmicMedia"))
    return .object(members)
  }

  /// The record of one clip of several: of the request that asks for this clip alone.
  package func clip(_ index: Int) -> ReproducibleRecord {
    guard parameters.clips.count > 1, case .object(let members) = request else { return self }
    let clip = parameters.clips[index]
    let replaced: Set<String> = ["samples", "vary", "prompt", "seed", "custom_id"]
    var alone: [JSONValue.Member] = clip.prompt.map { [.init("prompt", .string($0))] } ?? []
    alone += members.filter { !replaced.contains($0.key) }
    alone.append(.init("seed", .integer(clip.seed)))
    let request = JSONValue.object(alone)
    return ReproducibleRecord(
      state: state, request: request, requestDigest: SHA256Digest(of: request.text()),
      parameters: parameters.alone(clip), labels: labels)
  }

  /// A record with what the worker knows put in place of what was there.
  package static func completed(
    _ document: JSONValue, weights: JSONValue, kernels: String, software: String
  ) -> JSONValue {
    let added: [JSONValue.Member] = [
      .init("weights", weights), .init("kernels", .string(kernels)), .init("software", .string(software)),
    ]
    guard case .object(let members) = document else { return .object(added) }
    return .object(members.filter { member in !added.contains { $0.key == member.key } } + added)
  }
}

extension ResolvedRequest {
  /// The same parameters for one of the clips.
  fileprivate func alone(_ clip: Clip) -> ResolvedRequest {
    ResolvedRequest(
      model: model, variant: variant, negativePrompt: negativePrompt, classLabel: classLabel,
      conditioning: conditioning, input: input, frameCount: frameCount, chunkCount: chunkCount, fps: fps,
      stages: stages, guidanceSchedule: guidanceSchedule, eta: eta, sampler: sampler, profile: profile, output: output,
      seed: clip.seed, priority: priority, account: account, deadline: deadline, customID: nil, takesText: takesText,
      clips: [Clip(index: 0, seed: clip.seed, prompt: clip.prompt)])
  }
}

/// The part of a result that differs from run to run.
package struct RunRecord: Equatable, Sendable {
  /// One published file.
  package struct File: Equatable, Codable, Sendable {
    package let name: String
    package let byteCount: Int
    package let sha256: String

    package init(name: String, byteCount: Int, sha256: String) {
      self.name = name
      self.byteCount = byteCount
      self.sha256 = sha256
    }
  }

  package var job: JobID
  /// Seconds of each stage, in their order.
  package var seconds: [(stage: TaskStage, seconds: Double)] = []
  package var device: String?
  package var attempts = 0
  package var resumptions = 0
  /// RFC 3339, each nil where it did not come to that.
  package var created: String?
  package var started: String?
  package var finished: String?
  /// Why the job did not end as `done`.
  package var message: String?
  package var files: [File] = []

  package init(job: JobID) { self.job = job }

  package static func == (left: Self, right: Self) -> Bool { left.document == right.document }

  package var document: JSONValue {
    var members: [JSONValue.Member] = [.init("job", .integer(job.rawValue))]
    func add(_ key: String, _ text: String?) { if let text { members.append(.init(key, .string(text))) } }
    add("message", message)
    add("device", device)
    members.append(.init("attempts", .integer(attempts)))
    members.append(.init("resumptions", .integer(resumptions)))
    members.append(.init("seconds", .object(seconds.map { .init($0.stage.rawValue, .real($0.seconds)) })))
    add("created", created)
    add("started", started)
    add("finished", finished)
    members.append(.init("files", .array(files.map(\.document))))
    return .object(members)
  }
}

extension RunRecord.File {
  package var document: JSONValue {
    ["name": .string(name), "bytes": .integer(byteCount), "sha256": .string(sha256)]
  }
}

/// The content of `NAME.result.json`.
package func resultDocument(reproducible: JSONValue, run: RunRecord) -> JSONValue {
  ["reproducible": reproducible, "run": run.document]
}
