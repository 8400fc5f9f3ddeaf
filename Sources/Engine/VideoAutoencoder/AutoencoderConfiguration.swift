import Foundation
import Weights

/// The shape of a causal video autoencoder (`config.json`, model.md section 10.2).
package struct AutoencoderConfiguration: Sendable, Hashable {
  /// What stands in front of the first frame.
  package enum TimePadding: String, Sendable, CaseIterable {
    case zero
    /// Copies of the first frame.
    case replicate
  }

  package var pixelChannels = 3
  package var latentChannels = 8
  package var baseChannels: Int
  /// Channels of each level in units of `baseChannels`, finest first.
  package var channelMultipliers: [Int]
  /// Residual blocks a level.
  package var residualBlocks: Int
  package var middleBlocks: Int
  /// Whether the reduction below level l halves time as well as space; one fewer than levels.
  package var temporalDown: [Bool]
  /// Groups of the group normalisation.
  package var groups: Int
  package var timePadding = TimePadding.zero
  /// Whether the encoder gives a mean and a log variance.
  package var isVariational = false

  package init(
    baseChannels: Int, channelMultipliers: [Int], residualBlocks: Int, middleBlocks: Int, temporalDown: [Bool],
    groups: Int, latentChannels: Int = 8, timePadding: TimePadding = .zero, isVariational: Bool = false
  ) {
    self.baseChannels = baseChannels
    self.channelMultipliers = channelMultipliers
    self.residualBlocks = residualBlocks
    self.middleBlocks = middleBlocks
    self.temporalDown = temporalDown
    self.groups = groups
    self.latentChannels = latentChannels
    self.timePadding = timePadding
    self.isVariational = isVariational
  }

  /// - Throws: `WeightsError` naming file and key.
  package init(contentsOf file: URL) throws { try self.init(ConfigurationObject(contentsOf: file)) }

  package init(_ object: ConfigurationObject) throws {
    try object.requireType("walt-ae")
    pixelChannels = try object.integer("in_channels", in: 1...16)
    latentChannels = try object.integer("latent_channels", in: 1...1024)
    baseChannels = try object.integer("base_channels", in: 1...4096)
    channelMultipliers = try object.integers("channel_mult", count: 1...8, in: 1...64)
    residualBlocks = try object.integer("res_blocks", in: 1...64)
    middleBlocks = try object.integer("mid_blocks", in: 0...64)
    let reductions = channelMultipliers.count - 1
    temporalDown = try object.bools("temporal_down", count: reductions...reductions)
    groups = try object.integer("groups", in: 1...4096)
    timePadding = try object.choice("time_pad")
    isVariational = try object.bool("kl")
    try object.finish()
    for level in 0..<levels where channels(level) % groups != 0 {
      throw object.error(
        .invalidValue, "groups",
        "is \(groups), which does not divide the \(channels(level)) channels of level \(level); choose a divisor")
    }
  }

  package var levels: Int { channelMultipliers.count }

  /// Channels of a level.
  package func channels(_ level: Int) -> Int { baseChannels * channelMultipliers[level] }

  /// Channels of the coarsest level.
  var deepestChannels: Int { channels(levels - 1) }

  /// Pixels a latent pixel stands for, along one side.
  package var spatialFactor: Int { 1 << (levels - 1) }

  /// Frames a latent frame behind the first stands for.
  package var temporalFactor: Int { 1 << temporalDown.count { $0 } }

  /// Latent frames of `frameCount` frames, which are 1 + a multiple of `temporalFactor`.
  package func latentFrameCount(ofFrames frameCount: Int) -> Int { 1 + (frameCount - 1) / temporalFactor }

  /// Frames of `latentFrameCount` latent frames.
  package func frameCount(ofLatentFrames latentFrameCount: Int) -> Int { 1 + (latentFrameCount - 1) * temporalFactor }

  /// What `config.json` says.
  package var json: String {
    """
    {"type":"walt-ae","in_channels":\(pixelChannels),"latent_channels":\(latentChannels),\
    "base_channels":\(baseChannels),"channel_mult":\(channelMultipliers),"res_blocks":\(residualBlocks),\
    "mid_blocks":\(middleBlocks),"temporal_down":\(temporalDown),"groups":\(groups),\
    "time_pad":"\(timePadding.rawValue)","kl":\(isVariational)}

    """
  }
}
