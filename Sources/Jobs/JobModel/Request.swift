/// What a request file asks for, as it was written: checked key by key, but not yet against a model.
///
/// A key that was not given is nil; `ResolvedRequest` has the values that then hold.
package struct Request: Equatable, Sendable {
  /// Every key of a request, by its public name.
  package enum Key: String, CaseIterable, Sendable {
    case prompt
    case negativePrompt = "negative_prompt"
    case classLabel = "class_label"
    case model, image, video
    case firstFrame = "first_frame"
    case samples, vary, frames, seconds, width, height, aspect, stages, output
    case seed, steps
    case guidanceScale = "guidance_scale"
    case guidanceSchedule = "guidance_schedule"
    case kSR = "k_sr"
    case eta
    case sampler, profile, priority, account, deadline
    case customID = "custom_id"
    case labels
  }

  // What
  package var prompt: String?
  /// Stands in for the null text everywhere.
  package var negativePrompt: String?
  package var classLabel: Int?
  /// A name from the configuration.
  package var model: String?
  /// Conditioning: a relative path inside the spool.
  package var image: String?
  package var video: String?
  package var firstFrame: FirstFrame?

  // How much
  package var samples: Int?
  /// Values for the `{…}` placeholders of the prompt.
  package var vary: [Variation]?
  package var frames: Int?
  package var seconds: Double?
  package var width: Int?
  package var height: Int?
  /// Width to height, as `16:9`.
  package var aspect: String?
  /// The last stage to run.
  package var stages: StageName?
  package var output = OutputChoice()

  // How
  package var seed: Int64?
  package var steps: PerStage<Int>?
  package var guidanceScale: PerStage<Double>?
  package var guidanceSchedule: GuidanceSchedule?
  /// The timestep of the upsamplers' noise-conditioning augmentation.
  package var kSR: PerStage<Int>?
  package var eta: Double?
  package var sampler: Sampler?
  package var profile: Profile?

  // When and whose
  package var priority: Int?
  package var account: String?
  /// RFC 3339.
  package var deadline: String?
  package var customID: String?
  /// Carried through to the result.
  package var labels: JSONValue?

  /// The request as it was written, for the result.
  package let source: JSONValue
  /// Where each key's value stands in the file.
  package let places: [Key: TextPlace]

  package enum FirstFrame: String, CaseIterable, Sendable { case generate }
  package enum GuidanceSchedule: String, CaseIterable, Codable, Sendable {
    case constant
    case powerCosine = "power-cosine"
  }
  package enum Sampler: String, CaseIterable, Codable, Sendable { case ddim }
  package enum Profile: String, CaseIterable, Codable, Sendable { case exact, fast, turbo }

  /// One placeholder and what it stands for, one after the other.
  package struct Variation: Equatable, Sendable {
    package let name: String
    package let values: [String]
  }

  /// One value for all stages, or one for each.
  package enum PerStage<Value: Equatable & Sendable>: Equatable, Sendable {
    case one(Value)
    case each([Value])
  }
}

/// What is published for a clip.
package struct OutputChoice: Equatable, Codable, Sendable {
  package enum Video: String, CaseIterable, Codable, Sendable {
    case mp4, webm
    case mkvFFV1 = "mkv-ffv1"
    case none

    /// The ending of the file's name; nil where there is no file.
    package var fileExtension: String? {
      switch self {
      case .mp4: "mp4"
      case .webm: "webm"
      case .mkvFFV1: "mkv"
      case .none: nil
      }
    }
  }

  package var video = Video.mp4
  /// PNG frames.
  package var frames = false
  package var poster = true
  /// The last stage's latents.
  package var latents = false

  package init() {}
}
