import Autograd
import Tensors

/// What causal convolutions remember while one stream of frames passes through them frame by frame: each the last
/// kt − 1 frames that it read.
///
/// One stream belongs to one evaluation of one decoder.
final class FrameStream {
  /// Records nothing.
  let tape: Tape
  /// The most memory for one band of a convolution's input.
  let bandByteCount: Int
  /// Earliest first; nil: zeros.
  private var past: [String: [Tensor?]] = [:]

  init(tape: Tape, bandByteCount: Int) {
    precondition(!tape.isRecording, "a stream of frames has no gradients")
    (self.tape, self.bandByteCount) = (tape, bandByteCount)
  }

  /// Whether the convolution `name` has not seen a frame yet.
  func isFirst(_ name: String) -> Bool { past[name] == nil }

  /// The `count` frames that the convolution `name` reads for x, x the last of them; they are remembered for the next.
  func frames(endingWith x: Tensor, count: Int, of name: String, padding: ConvolutionPast) -> [Tensor?] {
    let before = past[name] ?? [Tensor?](repeating: padding.frame(before: x), count: count - 1)
    let frames = before + [x]
    past[name] = Array(frames.dropFirst())
    return frames
  }
}

extension ConvolutionPast {
  /// What stands in front of a stream's first frame; nil for zeros.
  fileprivate func frame(before x: Tensor) -> Tensor? {
    switch self {
    case .zeros: nil
    case .firstFrame: x
    case .frames: preconditionFailure("a convolution's padding is made of no other frames")
    }
  }
}
