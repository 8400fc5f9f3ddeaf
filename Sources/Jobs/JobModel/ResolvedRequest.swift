import Foundation

/// A request against a model: every parameter with the value that holds.
package struct ResolvedRequest: Equatable, Codable, Sendable {
  package struct Stage: Equatable, Codable, Sendable {
    package let name: StageName
    package let steps: Int
    package let guidanceScale: Double
    /// Nil for the base.
    package let kSR: Int?
    package let width: Int
    package let height: Int
  }

  /// One clip of the request.
  package struct Clip: Equatable, Codable, Sendable {
    /// From 0.
    package let index: Int
    /// The request's seed + index; the noise item is always 0.
    package let seed: Int64
    /// With every placeholder filled in.
    package let prompt: String?
  }

  package let model: String
  /// The folder inside the model's own that has the wanted size; nil for the model itself.
  package let variant: String?
  package let negativePrompt: String?
  package let classLabel: Int?
  /// Nil where nothing but prompt and class conditions the clip.
  package let conditioning: Conditioning?
  /// Set once the file that an image or video names is copied.
  package var input: InputFile?
  /// Of each clip as it is published; 1 is an image.
  package let frameCount: Int
  package let chunkCount: Int
  /// Frames a second.
  package let fps: Int
  package let stages: [Stage]
  package let guidanceSchedule: Request.GuidanceSchedule
  package let eta: Double
  package let sampler: Request.Sampler
  package let profile: Request.Profile
  package let output: OutputChoice
  package let seed: Int64
  package let priority: Int
  package let account: String
  package let deadline: String?
  package let customID: String?
  package let takesText: Bool
  package let clips: [Clip]

  /// Who pays where nobody else is named.
  package static let defaultAccount = "default"

  package var deadlineDate: Date? { deadline.flatMap(Self.date) }
  /// Reads RFC 3339.
  package static func date(_ text: String) -> Date? { try? Date(text, strategy: .iso8601) }

  package var isImage: Bool { frameCount == 1 }
  /// Pixels of what is published.
  package var width: Int { stages[stages.count - 1].width }
  package var height: Int { stages[stages.count - 1].height }

  package var plan: TaskPlan {
    TaskPlan(
      stages: stages.map(\.name), chunkCount: chunkCount, hasText: takesText,
      generatesFirstFrame: conditioning == .generated)
  }

  /// Every parameter, for the result; equal values give equal text.
  package var document: JSONValue {
    var members: [JSONValue.Member] = []
    func add(_ key: String, _ value: JSONValue?) { if let value { members.append(.init(key, value)) } }
    add("model", .string(model))
    add("prompt", clips.count == 1 ? clips[0].prompt.map(JSONValue.string) : nil)
    add("negative_prompt", negativePrompt.map(JSONValue.string))
    add("class_label", classLabel.map { .integer($0) })
    add("first_frame", conditioning == .generated ? "generate" : nil)
    if let conditioning, let input { add(conditioning.rawValue, input.document) }
    add("samples", .integer(clips.count))
    add("frames", .integer(frameCount))
    add("chunks", .integer(chunkCount))
    add("fps", .integer(fps))
    add("width", .integer(width))
    add("height", .integer(height))
    add("stages", .array(stages.map(\.document)))
    add("guidance_schedule", .string(guidanceSchedule.rawValue))
    add("sampler", .string(sampler.rawValue))
    add("eta", .real(eta))
    add("profile", .string(profile.rawValue))
    add("seed", .integer(seed))
    add("output", output.document)
    add("priority", .integer(priority))
    add("account", .string(account))
    add("deadline", deadline.map(JSONValue.string))
    add("custom_id", customID.map(JSONValue.string))
    return .object(members)
  }
}

extension ResolvedRequest.Stage {
  fileprivate var document: JSONValue {
    var members: [JSONValue.Member] = [
      .init("name", .string(name.rawValue)), .init("width", .integer(width)), .init("height", .integer(height)),
      .init("steps", .integer(steps)), .init("guidance_scale", .real(guidanceScale)),
    ]
    if let kSR { members.append(.init("k_sr", .integer(kSR))) }
    return .object(members)
  }
}

extension InputFile {
  /// What is reproducible of it: the same bytes under whatever name the copy has.
  fileprivate var document: JSONValue { ["path": .string(path), "sha256": .string(sha256)] }
}

extension OutputChoice {
  fileprivate var document: JSONValue {
    ["video": .string(video.rawValue), "frames": .bool(frames), "poster": .bool(poster), "latents": .bool(latents)]
  }
}
