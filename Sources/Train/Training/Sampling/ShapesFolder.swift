import Datasets
import DurableFiles
import Foundation
import MediaIO

/// Writes scenes of the shapes world as a folder of videos and images with `metadata.jsonl` (`file_name`, `text`).
package struct ShapesFolder {
  private struct Line: Encodable {
    let fileName: String
    let text: String
    let scene: Scene

    /// The video-folder convention's names.
    enum CodingKeys: String, CodingKey {
      case fileName = "file_name"
      case text, scene
    }
  }

  private let scenes: SceneSource
  private let resolution: Int

  package init(scenes: SceneSource, resolution: Int) {
    self.scenes = scenes
    self.resolution = resolution
  }

  /// Scenes 0..<count: three videos, then an image, and so on.
  package func write(count: Int, to folder: String) throws {
    try DurableFile.makeFolder(folder)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var lines = ""
    for index in 0..<count {
      let scene = scenes[index]
      let medium: Medium = index % 4 == 3 ? .image : .video
      let frames = RGBFrames(scene.render(resolution: resolution, times: medium.times))
      let name = String(format: "%06d", index) + (medium == .image ? ".png" : ".mp4")
      if medium == .image {
        try PNGFile.write(frames, to: folder + "/" + name)
      } else {
        try VideoFile.writeMP4(frames, framesPerSecond: World.framesPerSecond, to: folder + "/" + name)
      }
      let line = Line(fileName: name, text: scene.caption(medium, variant: 0).text, scene: scene)
      lines += String(decoding: try encoder.encode(line), as: UTF8.self) + "\n"
    }
    try DurableFile.replace(folder + "/metadata.jsonl", with: lines)
  }
}
