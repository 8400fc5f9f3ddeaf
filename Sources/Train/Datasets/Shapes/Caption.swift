/// A scene put into words, with what the words tell.
package struct Caption: Codable, Hashable, Sendable {
  package let text: String
  /// What the text says or implies: medium size, a plain background and normal speed are usually left unsaid; what
  /// is left open (seldom the colour or the background) is nothing here.
  package let attributes: SceneAttributes
}

extension Scene {
  /// One of many ways to put the scene into words; it follows from the scene, the medium and `variant`.
  ///
  /// - Parameter variant: any number that is not negative; other numbers choose other words and orders.
  package func caption(_ medium: Medium = .video, variant: Int) -> Caption {
    let place = object.x.bitPattern &* 0x9E37_79B9_7F4A_7C15 ^ object.y.bitPattern
    let draw = DrawSequence(seed: place, index: variant, purpose: .sceneWords)
    var writer = CaptionWriter(draw: draw, attributes: SceneAttributes(self, medium: medium))
    return writer.write()
  }

  /// The plainest wording, which says everything but what goes without saying:
  /// "a small red circle moves slowly left over a dark blue background".
  package func plainCaption(_ medium: Medium = .video) -> String {
    var writer = CaptionWriter(draw: nil, attributes: SceneAttributes(self, medium: medium))
    return writer.write().text
  }
}
