import Datasets
import Testing

@testable import Evaluation

@Suite struct TallyTests {
  @Test("Wilson's interval has its known values")
  func wilson() {
    // R: binom::binom.wilson(90, 100) gives 0.8256343, 0.9447708; (0, 10): 0, 0.2775328; (10, 10): 0.7224672, 1.
    #expect(WilsonInterval(90, of: 100).description == "90.0 % [82.6, 94.5]")
    #expect(abs(WilsonInterval(90, of: 100).bounds.lowerBound - 0.825_634_3) < 1e-6)
    #expect(abs(WilsonInterval(90, of: 100).bounds.upperBound - 0.944_770_8) < 1e-6)
    #expect(abs(WilsonInterval(0, of: 10).bounds.upperBound - 0.277_532_8) < 1e-6)
    #expect(abs(WilsonInterval(10, of: 10).bounds.lowerBound - 0.722_467_2) < 1e-6)
    #expect(WilsonInterval(0, of: 0).bounds == 0...1)
  }

  @Test("a tally counts each attribute, all three together, and what was confused with what")
  func tally() {
    let scene = Scene(
      background: .init(colour: .black), object: .init(shape: .star, colour: .red, motion: .left, speed: .fast))
    var expected = SceneAttributes(scene, medium: .video)
    var seen = Judgement()
    (seen.shape, seen.colour, seen.motion, seen.size, seen.speed) = (.star, .red, .left, .medium, .fast)
    var tally = JudgeTally()
    tally.add(expected: expected, seen: seen)
    seen.colour = .orange
    tally.add(expected: expected, seen: seen)
    tally.add(expected: expected, seen: Judgement())
    expected.colour = nil
    tally.add(expected: expected, seen: seen)
    #expect(tally.shape.right.successCount == 3 && tally.shape.right.count == 4)
    #expect(tally.colour.right.successCount == 1 && tally.colour.right.count == 3)
    #expect(tally.all.successCount == 2 && tally.all.count == 4)
    #expect(tally.nothing.successCount == 1)
    #expect(tally.colour.markdown.contains("| red | 1 | 1 |   |   |   |   |   |   | 1 |"))
  }

  @Test("the fixed prompts are half seen and half held-out, and never change")
  func prompts() {
    let prompts = JudgePrompts.stageA()
    #expect(prompts.count == 200)
    #expect(prompts.prefix(100).allSatisfy { !$0.isHeldOut })
    #expect(prompts.suffix(100).allSatisfy { $0.isHeldOut })
    #expect(Set(prompts.map(\.seed)).count == 200)
    #expect(Set(prompts.map(\.prompt)).count == 200)
    for prompt in prompts {
      let expected = prompt.expected
      #expect(expected.shape != nil && expected.colour != nil && expected.motion != nil)
    }
    #expect(
      prompts[0].prompt
        == "a small purple thin rectangle over a white background glides towards the lower right slowly.")
    #expect(prompts[199].prompt == "a big cyan star moves up and right against a dark green gradient background")
    #expect(prompts[199].seed == 1_000_199)
    #expect(JudgePrompts.stageA(count: 20).first == prompts[0])
  }
}
