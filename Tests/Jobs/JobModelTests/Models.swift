import DurableFiles
import Foundation
import JobModel

/// A demo-sized model folder that is written for one test.
struct ModelFolder {
  let path: String

  /// - Parameters:
  ///   - width: of the base, in latent pixels; its height is 4.
  ///   - variants: the value of that key, as JSON.
  init(
    maxFrames: Int? = nil, framePrediction: Bool = true, text: Bool = true, latentFrames: Int = 5, width: Int = 4,
    classes: Int = 0, crossWindow: String = "spatial", variants: String? = nil, path: String? = nil
  ) throws {
    self.path = path ?? NSTemporaryDirectory() + "walt-model-" + UUID().uuidString
    for part in ["base", "sr1", "sr2", "ae", "t5"] { try DurableFile.makeFolder(self.path + "/" + part) }
    let textPart = text ? #""text": "t5","# : ""
    let limit = maxFrames.map { #""max_frames": \#($0),"# } ?? ""
    let sizes = variants.map { #""variants": \#($0),"# } ?? ""
    try DurableFile.replace(
      self.path + "/pipeline.json",
      with: """
        {"type": "walt-pipeline", \(textPart) \(limit) \(sizes)
         "sampler": {"steps": 50, "eta": 0, "cfg_drop_fp": true},
         "stages": [{"model": "base", "autoencoder": "ae", "guidance": 7.5},
                    {"model": "sr1", "autoencoder": "ae", "guidance": 1, "k_sr": 100},
                    {"model": "sr2", "autoencoder": "ae", "steps": 10, "guidance": 1, "k_sr": 60}]}
        """)
    try DurableFile.replace(
      self.path + "/ae/config.json",
      with: #"{"base_channels": 16, "channel_mult": [1, 1, 2, 4], "temporal_down": [false, true, true]}"#)
    for (index, name) in ["base", "sr1", "sr2"].enumerated() {
      try DurableFile.replace(
        self.path + "/\(name)/config.json",
        with: """
          {"frames": \(latentFrames), "height": \(4 << index), "width": \(width << index), "patch": \(1 << index),
           "hidden": 192, "ff": 768, "frame_pred": \(framePrediction), "num_classes": \(classes),
           "text_dim": \(text ? 64 : 0), "cross_window": "\(crossWindow)"}
          """)
      try DurableFile.replace(self.path + "/\(name)/model.safetensors", with: String(repeating: "w", count: 1000))
    }
  }

  func description() throws -> ModelDescription { try ModelDescription(name: "demo", folder: path) }

  func remove() { _ = try? DurableFile.remove(path) }
}

func demoModel(
  maxFrames: Int? = nil, framePrediction: Bool = true, text: Bool = true, latentFrames: Int = 5, classes: Int = 0,
  crossWindow: String = "spatial"
) throws -> ModelDescription {
  let folder = try ModelFolder(
    maxFrames: maxFrames, framePrediction: framePrediction, text: text, latentFrames: latentFrames, classes: classes,
    crossWindow: crossWindow)
  defer { folder.remove() }
  return try folder.description()
}
