import Autograd
import Tensors

/// What causal convolutions remember between the chunks of one stream: each its last input frames.
///
/// One stream belongs to one evaluation of one encoder or decoder, chunk after chunk.
final class ConvolutionStream {
  private var kept: [String: Tensor] = [:]
  /// Whether the chunk being evaluated is the stream's first.
  private(set) var isFirstChunk = true

  func finishChunk() { isFirstChunk = false }

  /// The frames in front of `name`'s input: `padding` for the first chunk, then those kept.
  func past(of name: String, padding: ConvolutionPast) -> ConvolutionPast {
    kept[name].map { .frames($0) } ?? padding
  }

  /// Keeps the last `count` frames of [`past`, `input`] for the next chunk.
  ///
  /// - Parameters:
  ///   - input: [B, F, H, W, C].
  ///   - past: what stood in front of it.
  func keep(_ count: Int, of input: Tensor, past: ConvolutionPast, for name: String) {
    guard count > 0 else { return }
    let frames = input.shape[1]
    kept[name] = joinFrames(past.frames(max(0, count - frames), before: input), input.lastFrames(min(count, frames)))
  }
}

extension ConvolutionPast {
  /// The `count` frames right before `input`, nil for none.
  fileprivate func frames(_ count: Int, before input: Tensor) -> Tensor? {
    guard count > 0 else { return nil }
    var shape = input.shape
    shape[1] = count
    switch self {
    case .zeros: return Tensor(zeros: shape)
    case .firstFrame: return input.repeatedFirstFrame(count)
    case .frames(let frames): return frames.lastFrames(count)
    }
  }
}

extension Tensor {
  /// [B, F, …] → [B, count, …], the last frames.
  fileprivate func lastFrames(_ count: Int) -> Tensor { lastFrames(count, endingAt: shape[1]) }

  private func lastFrames(_ count: Int, endingAt end: Int) -> Tensor {
    Tensor.concatenating((0..<shape[0]).map { self[$0].rows((end - count)..<end) })
      .reshaped([shape[0], count] + shape.dropFirst(2))
  }

  fileprivate func repeatedFirstFrame(_ count: Int) -> Tensor {
    Tensor.concatenating((0..<shape[0]).flatMap { item in (0..<count).map { _ in self[item].rows(0..<1) } })
      .reshaped([shape[0], count] + shape.dropFirst(2))
  }
}

/// [B, a, …] and [B, b, …] → [B, a + b, …].
private func joinFrames(_ first: Tensor?, _ second: Tensor) -> Tensor {
  guard let first else { return second }
  let shape = [second.shape[0], first.shape[1] + second.shape[1]] + second.shape.dropFirst(2)
  return Tensor.concatenating((0..<shape[0]).flatMap { [first[$0], second[$0]] }).reshaped(shape)
}
