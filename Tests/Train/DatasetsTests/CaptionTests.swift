import Foundation
import Testing

@testable import Datasets

@Suite struct CaptionTests {
  private let scene = Scene(
    background: .init(colour: .darkBlue),
    object: .init(shape: .circle, colour: .red, size: .small, motion: .left, speed: .slow))

  @Test("the plainest wording says everything in one sentence")
  func plain() {
    #expect(scene.plainCaption() == "a small red circle moves slowly left over a dark blue background")
    #expect(scene.plainCaption(.image) == "a small red circle over a dark blue background")
  }

  @Test("one scene has hundreds of captions, each reproducible")
  func variants() {
    let texts = (0..<1000).map { scene.caption(variant: $0).text }
    #expect(Set(texts).count > 300)
    #expect(texts == (0..<1000).map { scene.caption(variant: $0).text })
  }

  @Test("captions keep to the words of the world")
  func vocabulary() {
    let words = """
      a an small little tiny medium-sized large big huge red orange yellow green cyan blue purple white circle disc \
      round dot square box triangle star five-pointed cross plus sign ring hoop bar thin rectangle heart over on \
      against plain black gray dark brown pink light gradient background moves slides travels glides left right up \
      down to the and towards upper lower slowly quickly fast stays still does not move rests video picture of it
      """
    let known = Set(words.split(whereSeparator: \.isWhitespace).map(String.init))
    var used: Set<String> = []
    for index in 0..<3000 {
      let scene = SceneSource(seed: 1, split: .any)[index]
      let text = scene.caption(index.isMultiple(of: 3) ? .image : .video, variant: index).text
      used.formUnion(text.lowercased().split(whereSeparator: { " :,.".contains($0) }).map(String.init))
    }
    #expect(used == known)
  }

  @Test("the article fits the word after it")
  func article() {
    for index in 0..<3000 {
      let text = SceneSource(seed: 2)[index].caption(variant: 0).text.lowercased()
      let words = text.split(separator: " ")
      for (article, next) in zip(words, words.dropFirst()) where article == "a" || article == "an" {
        #expect((article == "an") == "aeiou".contains(next.prefix(1)), "\(text)")
      }
    }
  }

  @Test("images are said without motion, clips always with it")
  func motion() {
    for index in 0..<300 {
      let scene = SceneSource(seed: 3)[index]
      let clip = scene.caption(.video, variant: index)
      let image = scene.caption(.image, variant: index)
      #expect(clip.attributes.motion == scene.object.motion)
      #expect(clip.attributes.speed == scene.object.speed)
      #expect(image.attributes.motion == nil && image.attributes.speed == nil)
      #expect((Vocabulary.verbs + ["still", "rests", "not move"]).allSatisfy { !image.text.contains($0) })
    }
  }

  @Test("what a caption leaves open is nothing in its attributes")
  func leftOpen() {
    var open = 0
    for index in 0..<1000 {
      let scene = SceneSource(seed: 4)[index]
      let caption = scene.caption(variant: index)
      let text = caption.text.lowercased()
      #expect(caption.attributes.shape == scene.object.shape)
      #expect(caption.attributes.size == scene.object.size)
      if caption.attributes.background == nil { #expect(!text.contains("background")) }
      if let background = caption.attributes.background { #expect(text.contains(background.rawValue)) }
      if let colour = caption.attributes.colour { #expect(text.contains(colour.rawValue)) }
      open += caption.attributes.colour == nil || caption.attributes.background == nil ? 1 : 0
    }
    #expect((40...150).contains(open))
  }

  @Test("attributes count their rows from 0 in the tables' order")
  func indices() {
    #expect(SceneAttributes(scene, medium: .video).indices == [0, 0, 0, 3, 0, 1, 0, 1])
    #expect(SceneAttribute.allCases.map(\.classCount) == [8, 8, 3, 8, 2, 9, 3, 2])
  }
}
