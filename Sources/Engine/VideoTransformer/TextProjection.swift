import Autograd
import Layers
import Tensors

/// What of the text every pass needs, computed once: keys and values of every layer, and the pooled text.
///
/// Prepared on a tape that does not record, it serves passes on any other; prepared on one that records, it belongs to
/// that tape.
package struct PreparedText {
  /// The rows of each text; the null text is last.
  let ranges: [Range<Int>]
  /// For each layer [M, 2d].
  let keysAndValues: [Variable]
  /// One row a text, [texts, d]; in models that pool text.
  let pooled: Variable?

  var nullIndex: Int { ranges.count - 1 }

  /// The number of texts without the null text.
  package var count: Int { ranges.count - 1 }
}

/// The weights through which the text encoder's output enters the model.
struct TextProjection {
  private let projection: Linear
  private let pool: Perceptron?
  private let nullText: Parameter

  init(_ store: ParameterStore, _ model: TransformerConfiguration) {
    projection = Linear(store, "text_proj")
    pool = model.hasPooledText ? Perceptron(store, "text_pool", activation: .silu) : nil
    nullText = store["null_text"]
  }

  static func specifications(_ model: TransformerConfiguration) -> [ParameterSpecification] {
    guard model.hasText else { return [] }
    let (d, width) = (model.hidden, model.textWidth)
    return Linear.specifications("text_proj", in: width, out: d)
      + (model.hasPooledText ? Perceptron.specifications("text_pool", in: width, hidden: d, out: d) : [])
      + [ParameterSpecification("null_text", [1, width], .normal(standardDeviation: 0.02))]
  }

  func prepare(_ texts: Tensor?, ranges: [Range<Int>], layers: [TransformerLayer], on tape: Tape) -> PreparedText {
    let count = texts?.shape[0] ?? 0
    precondition(
      ranges.allSatisfy { !$0.isEmpty && 0 <= $0.lowerBound && $0.upperBound <= count },
      "texts in rows \(ranges) of \(count)")
    let null = tape.read(nullText)
    let rows = texts.map { tape.concatenateRows([tape.constant($0), null]) } ?? null
    let allRanges = ranges + [count..<(count + 1)]
    let projected = projection(rows, on: tape)
    return PreparedText(
      ranges: allRanges,
      keysAndValues: layers.compactMap { $0.cross?.keysAndValues(ofText: projected, on: tape) },
      pooled: pool.map { $0(tape.meanOfRows(rows, ranges: allRanges), on: tape) })
  }
}
