/// Chooses words and their order for what is known of a scene.
///
/// Without draws it always chooses the first of the possibilities.
struct CaptionWriter {
  private var draw: DrawSequence?
  private var attributes: SceneAttributes

  init(draw: DrawSequence?, attributes: SceneAttributes) {
    self.draw = draw
    self.attributes = attributes
  }

  mutating func write() -> Caption {
    if chance(0.04) { attributes.colour = nil }
    if chance(0.05) { (attributes.background, attributes.texture) = (nil, nil) }
    let text = finished(attributes.motion == nil ? imageSentence() : clipSentence())
    return Caption(text: text, attributes: attributes)
  }

  // MARK: Sentences

  private mutating func clipSentence() -> String {
    let thing = noun()
    let motion = motion()
    guard let place = place() else {
      return choose(["\(thing) \(motion)", "a video of \(thing): it \(motion)", "\(thing): it \(motion)"])
    }
    return choose([
      "\(thing) \(motion) \(place)",
      "\(thing) \(motion) \(place)",
      "\(place), \(thing) \(motion)",
      "\(thing) \(place) \(motion)",
      "\(thing) \(motion), \(place)",
      "\(thing): it \(motion) \(place)",
      "a video of \(thing): it \(motion) \(place)",
      "a video of \(thing) \(place): it \(motion)",
      "\(place), a video of \(thing): it \(motion)",
      "a video: \(place), \(thing) \(motion)",
      "a video: \(thing) \(motion) \(place)",
    ])
  }

  private mutating func imageSentence() -> String {
    let thing = noun()
    guard let place = place() else { return choose([thing, "a picture of \(thing)"]) }
    return choose([
      "\(thing) \(place)",
      "a picture of \(thing) \(place)",
      "a picture of \(thing), \(place)",
      "\(place), \(thing)",
      "\(place), a picture of \(thing)",
    ])
  }

  /// Seldom begins with a capital or ends with a full stop.
  private mutating func finished(_ sentence: String) -> String {
    var text = sentence
    if chance(0.15) { text = text.prefix(1).uppercased() + text.dropFirst() }
    if chance(0.15) { text += "." }
    return text
  }

  // MARK: Parts

  /// "a small red circle"
  private mutating func noun() -> String {
    var words: [String] = []
    if let size = attributes.size, size != .medium || chance(0.25) { words.append(choose(Vocabulary.words(size))) }
    if let colour = attributes.colour { words.append(colour.rawValue) }
    if words.count == 2, chance(0.04) { words.reverse() }
    if let shape = attributes.shape { words.append(choose(Vocabulary.words(shape))) }
    return withArticle(words.joined(separator: " "))
  }

  /// "over a dark blue background", or nothing if the background is left open
  private mutating func place() -> String? {
    guard let colour = attributes.background, let texture = attributes.texture else { return nil }
    let kind =
      switch texture {
      case .plain: chance(0.2) ? "plain \(colour.rawValue)" : colour.rawValue
      case .gradient: "\(colour.rawValue) gradient"
      }
    return choose(Vocabulary.prepositions) + " a \(kind) background"
  }

  /// "moves slowly to the left"
  private mutating func motion() -> String {
    guard let motion = attributes.motion else { return "" }
    let direction = choose(Vocabulary.words(motion))
    guard motion != .still, let speed = attributes.speed else { return direction }
    let verb = choose(Vocabulary.verbs)
    let (anywhere, after) = Vocabulary.adverbs(speed)
    guard !anywhere.isEmpty else { return "\(verb) \(direction)" }
    if chance(0.25) { return "\(choose(anywhere)) \(verb) \(direction)" }
    let adverb = choose(anywhere + after)
    return choose(["\(verb) \(adverb) \(direction)", "\(verb) \(direction) \(adverb)"])
  }

  private func withArticle(_ words: String) -> String {
    ("aeiou".contains(words.prefix(1)) ? "an " : "a ") + words
  }

  // MARK: Choices

  private mutating func chance(_ probability: Double) -> Bool { draw?.chance(probability) ?? false }

  private mutating func choose(_ choices: [String]) -> String { draw?.element(of: choices) ?? choices[0] }
}
