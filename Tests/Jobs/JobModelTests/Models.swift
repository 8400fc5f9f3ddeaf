import DurableFiles
import Foundation
import JobModel

/// A demo-sized model folder that is written for one test.
struct ModelFolder {
  let path: String

  init(maxFrames: Int? = nil, framePrediction: Bool = true, text: Bool = true) throws {
    path = NSTemporaryDirectory() + "walt-model-" + UUID().uuidString
    for part in ["base", "sr1", "sr2", "ae", "t5"] { try DurableFile.makeFolder(path + "/" + part) }
    let textPart = text ? #""text": "t5","# : ""
    let limit = maxFrames.map { #""max_frames": \#($0),"# } ?? ""
    try DurableFile.replace(
      path + "/pipeline.json",
      with: """
        {"type": "walt-pipeline", \(textPart) \(limit) "sampler": {"steps": 50, "eta": 0, "cfg_drop_fp": true},
         "stages": [{"model": "base", "autoencoder": "ae", "guidance": 7.5},
                    {"model": "sr1", "autoencoder": "ae", "guidance": 1, "k_sr": 100},
                    {"model": "sr2", "autoencoder": "ae", "guidance": 1, "k_sr": 60}]}
        """)
    try DurableFile.replace(
      path + "/ae/config.json",
      with: #"{"base_channels": 16, "channel_mult": [1, 1, 2, 4], "temporal_down": [false, true, true]}"#)
    for (index, name) in ["base", "sr1", "sr2"].enumerated() {
      let side = 4 << index
      try DurableFile.replace(
        path + "/\(name)/config.json",
        with: """
          {"frames": 5, "height": \(side), "width": \(side), "patch": \(1 << index), "hidden": 192, "ff": 768,
           "frame_pred": \(framePrediction)}
          """)
      try DurableFile.replace(path + "/\(name)/model.safetensors", with: String(repeating: "w", count: 1000))
    }
  }

  func description() throws -> ModelDescription { try ModelDescription(name: "demo", folder: path) }

  func remove() { _ = try? DurableFile.remove(path) }
}

func demoModel(maxFrames: Int? = nil, framePrediction: Bool = true) throws -> ModelDescription {
  let folder = try ModelFolder(maxFrames: maxFrames, framePrediction: framePrediction)
  defer { folder.remove() }
  return try folder.description()
}
