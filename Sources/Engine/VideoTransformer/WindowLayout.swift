import Autograd

/// Which tokens attend to each other in one batch (model.md sections 3.4 and 3.5). Windows do not overlap and are not
/// shifted.
package struct WindowLayout {
  /// 1×wh×ww inside each frame.
  package let spatial: AttentionWindows
  /// F×h'×w' of videos; an image's token attends to itself only.
  package let spatiotemporal: AttentionWindows
  /// The windows of cross-attention in spatial layers, with their text; nil in models without.
  package let spatialWithText: AttentionWindows?
  /// The same in spatiotemporal layers.
  package let spatiotemporalWithText: AttentionWindows?

  /// - Parameter text: the rows of the prepared text under each of the B·F frames, nil in models without text.
  package init(
    _ model: TransformerConfiguration, itemCount: Int, frameCount: Int, isImage: [Bool], text: [Range<Int>]?
  ) {
    let grid = TokenGrid(size: model.tokenSize, frameCount: frameCount)
    let frames = 0..<(itemCount * frameCount)
    let spatialWindows = frames.map { grid.windows(frames: $0..<($0 + 1), of: model.spatialWindow) }
    spatial = AttentionWindows(spatialWindows.flatMap { $0 })
    let itemWindows = (0..<itemCount).map { item in
      let frames = (item * frameCount)..<((item + 1) * frameCount)
      return model.frames > 1 && !isImage[item]
        ? grid.windows(frames: frames, of: model.spatiotemporalWindow) : grid.singleTokens(frames: frames)
    }
    spatiotemporal = AttentionWindows(itemWindows.flatMap { $0 })
    guard let text else {
      spatialWithText = nil
      spatiotemporalWithText = nil
      return
    }
    spatialWithText = spatial.withText(counts: spatialWindows.map(\.count), text)
    switch model.crossWindow {
    case .spatial: spatiotemporalWithText = spatialWithText
    case .same:
      let textOfItem = (0..<itemCount).map { text[$0 * frameCount] }
      spatiotemporalWithText = spatiotemporal.withText(counts: itemWindows.map(\.count), textOfItem)
    }
  }
}

extension AttentionWindows {
  /// The same windows with text as further keys: groups of `counts[i]` windows in a row have `text[i]`.
  fileprivate func withText(counts: [Int], _ text: [Range<Int>]) -> AttentionWindows {
    let textOfWindow = zip(counts, text).flatMap { [Range<Int>](repeating: $1, count: $0) }
    let windows = (0..<count).map { Array(rows[Int(starts[$0])..<Int(starts[$0 + 1])]) }
    return AttentionWindows(windows, text: textOfWindow)
  }
}

/// The rows of tokens in (frame, y, x) order.
private struct TokenGrid {
  let size: TransformerConfiguration.Size
  let frameCount: Int

  private var tokensPerFrame: Int { size.height * size.width }

  /// The windows of a run of frames, each over all of them, tokens in (t, y, x) order.
  func windows(frames: Range<Int>, of window: TransformerConfiguration.Size) -> [[Int32]] {
    var result: [[Int32]] = []
    for top in stride(from: 0, to: size.height, by: window.height) {
      for left in stride(from: 0, to: size.width, by: window.width) {
        var rows: [Int32] = []
        rows.reserveCapacity(frames.count * window.height * window.width)
        for frame in frames {
          for y in top..<(top + window.height) {
            let start = Int32(frame * tokensPerFrame + y * size.width + left)
            rows.append(contentsOf: start..<(start + Int32(window.width)))
          }
        }
        result.append(rows)
      }
    }
    return result
  }

  func singleTokens(frames: Range<Int>) -> [[Int32]] {
    (Int32(frames.lowerBound * tokensPerFrame)..<Int32(frames.upperBound * tokensPerFrame)).map { [$0] }
  }
}
