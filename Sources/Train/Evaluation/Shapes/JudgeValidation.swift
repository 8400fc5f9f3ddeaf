import Datasets
import DurableFiles
import MediaIO

/// Measures a judge on clips whose truth is known, before it may judge a model.
package struct JudgeValidation: Sendable {
  /// The resolution that the judge is made for.
  private static let resolution = 128

  /// Tallies of clips that show an object, by kind.
  package private(set) var tallies: [(name: String, tally: JudgeTally)] = []
  /// Clips of noise and blank ones: how many were judged to show nothing.
  package private(set) var empty: [(name: String, tally: WilsonInterval)] = []
  /// Frozen clips: how many were judged to be still and nothing else of motion.
  package private(set) var frozen: WilsonInterval

  /// Judges `clipCount` clips of each kind.
  ///
  /// - Parameter scratchFolder: where videos are written for a moment, to be judged after H.264.
  package init(judge: Judge = Judge(), clipCount: Int, seed: UInt64, scratchFolder: String) throws {
    frozen = WilsonInterval(0, of: 0)
    let video = scratchFolder + "/judge-validation.mp4"
    defer { _ = try? DurableFile.remove(video) }
    for split in [SceneSplit.training, .heldOut] {
      let name = split == .training ? "seen" : "held-out"
      let scenes = (0..<clipCount).map { SceneSource(seed: seed, split: split)[$0] }
      try add(name, scenes, judge) { $0 }
      try add(name + ", after H.264", scenes, judge) { clip in
        try VideoFile.writeMP4(clip, framesPerSecond: World.framesPerSecond, to: video)
        return try VideoFile.read(video).frames
      }
    }
    let scenes = (0..<clipCount).map { SceneSource(seed: seed + 1, split: .any)[$0] }
    try add("recoloured", scenes.map(\.recoloured), judge) { $0 }
    try add("reversed", scenes, judge, truth: { $0.motion = $0.motion?.reversed }, change: { $0.reversed })
    try add("mirrored", scenes, judge, truth: { $0.motion = $0.motion?.mirrored }, change: { $0.mirrored })
    judgeFrozen(scenes, judge)
    judgeEmpty(scenes, judge, seed: seed)
  }

  private mutating func add(
    _ name: String, _ scenes: [Scene], _ judge: Judge, truth: (inout SceneAttributes) -> Void = { _ in },
    change: (RGBFrames) throws -> RGBFrames
  ) throws {
    var tally = JudgeTally()
    for scene in scenes {
      var expected = SceneAttributes(scene, medium: .video)
      truth(&expected)
      tally.add(expected: expected, seen: judge.judge(try change(Self.clip(scene))))
    }
    tallies.append((name, tally))
  }

  private mutating func judgeFrozen(_ scenes: [Scene], _ judge: Judge) {
    let still = scenes.count { scene in
      let seen = judge.judge(Self.clip(scene, times: World.clipTimes.map { _ in 0 }))
      return seen.motion == .still && seen.speed == nil
    }
    frozen = WilsonInterval(still, of: scenes.count)
  }

  private mutating func judgeEmpty(_ scenes: [Scene], _ judge: Judge, seed: UInt64) {
    func add(_ name: String, _ clip: (Int) -> RGBFrames) {
      let silent = scenes.indices.count { judge.judge(clip($0)).saysNothing }
      empty.append((name, WilsonInterval(silent, of: scenes.count)))
    }
    let side = Self.resolution
    add("blank") { .blank(scenes[$0].background, side: side) }
    for blur in [0, 4, 12] {
      let name = blur == 0 ? "noise" : "noise, blurred over \(2 * blur + 1) pixels"
      add(name) { .noise(seed: seed, index: $0, side: side, blur: blur, background: nil) }
    }
    add("faint noise on a background") {
      .noise(seed: seed, index: $0, side: side, blur: 4, background: scenes[$0].background)
    }
  }

  static func clip(_ scene: Scene, times: [Double] = World.clipTimes) -> RGBFrames {
    RGBFrames(
      width: resolution, height: resolution, frameCount: times.count,
      bytes: scene.renderBytes(resolution: resolution, times: times))
  }

  /// The whole report: rates with 95 % intervals, then what is confused with what after H.264.
  package var markdown: String {
    var text = JudgeTally.markdown(tallies) + "\n| clips without an object | number | nothing seen |\n|---|---:|---:|\n"
    text += empty.map { "| \($0.name) | \($0.tally.count) | \($0.tally) |\n" }.joined()
    text += "\n| frozen clips | number | still, and no other motion |\n|---|---:|---:|\n"
    text += "| first frame repeated | \(frozen.count) | \(frozen) |\n"
    for (name, tally) in tallies {
      text += "\n### \(name)\n\n\(tally.colour.markdown)\n\(tally.shape.markdown)\n\(tally.motion.markdown)"
    }
    return text
  }
}
