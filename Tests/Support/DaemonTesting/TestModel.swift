import Foundation

package struct TestFailure: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

/// A model folder without weights: enough for the control plane.
package enum TestModel {
  package static func write(to folder: String, script: String) throws {
    let pipeline = """
      {"type":"walt-pipeline","text":"t5","sampler":{"steps":6,"eta":0},"stages":[
      {"model":"base","autoencoder":"ae","guidance":7.5},{"model":"sr1","autoencoder":"ae","guidance":1,"k_sr":100}]}
      """
    let base = """
      {"type":"walt","frames":5,"height":4,"width":4,"patch":1,"hidden":8,"ff":16,"text_dim":8,"frame_pred":true}
      """
    let upsampler = """
      {"type":"walt","frames":5,"height":8,"width":8,"patch":2,"hidden":8,"ff":16,"text_dim":8,"frame_pred":true}
      """
    let autoencoder = """
      {"type":"walt-ae","base_channels":8,"channel_mult":[1,1,2,4],"temporal_down":[false,true,true]}
      """
    let files = [
      "pipeline.json": pipeline, "base/config.json": base, "sr1/config.json": upsampler, "ae/config.json": autoencoder,
      "t5/config.json": "{}", "script.json": script,
    ]
    for (name, text) in files {
      let path = URL(filePath: "\(folder)/\(name)")
      try FileManager.default.createDirectory(at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: path)
    }
  }
}
