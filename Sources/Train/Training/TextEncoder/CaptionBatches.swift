import Datasets
import TextEncoding

/// Captions as token ids, with what each says: one label for each attribute, the last class where it says nothing.
package struct CaptionBatch: Sendable {
  var ids: [[Int]] = []
  /// In the order of `SceneAttribute`, each with a label for every caption.
  var labels = SceneAttribute.allCases.map { _ in [Int]() }

  mutating func append(_ caption: Caption, _ tokenizer: Tokenizer) throws {
    ids.append(try tokenizer.encode(caption.text))
    for (position, attribute) in SceneAttribute.allCases.enumerated() {
      labels[position].append(caption.attributes.index(of: attribute) ?? attribute.classCount)
    }
  }
}

/// Fresh captions of random scenes, of videos and images alike.
struct CaptionBatches: Sendable {
  private let scenes: SceneSource
  private let count: Int
  private let tokenizer: Tokenizer

  init(seed: UInt64, split: SceneSplit, count: Int, tokenizer: Tokenizer) {
    scenes = SceneSource(seed: seed, split: split)
    self.count = count
    self.tokenizer = tokenizer
  }

  func batch(at number: Int) throws -> CaptionBatch {
    var batch = CaptionBatch()
    for item in 0..<count { try batch.append(Self.caption(scenes, index: number * count + item), tokenizer) }
    return batch
  }

  /// Caption `index`: two of three are of videos.
  static func caption(_ scenes: SceneSource, index: Int) -> Caption {
    scenes[index].caption(index.isMultiple(of: 3) ? .image : .video, variant: index)
  }
}
