extension ModelDescription {
  /// Bytes that a worker needs at most for one task of a clip: weights, widened to 32 bits, and peak activations.
  ///
  /// An estimate from shapes; what a worker measures is recorded beside it.
  package func memoryByteCount(of task: TaskStage) -> Int {
    let floor = 64 << 20
    switch task {
    case .text: return floor + 2 * textWeightByteCount
    case .base, .sr1, .sr2:
      guard let stage = stages.first(where: { TaskStage($0.name) == task }) else { return floor }
      return floor + 2 * stage.weightByteCount + 2 * autoencoderWeightByteCount + seatByteCount(of: task)
    case .decode:
      let stage = stages[stages.count - 1]
      // Four feature maps of the outermost level live at once.
      let map = chunkFrameCount * stage.width * stage.height * autoencoderChannelCount * 4
      return floor + 2 * autoencoderWeightByteCount + 4 * map
    }
  }

  /// Bytes that one more clip in the same passes needs: its activations. Texts and pixels are made one after the other.
  package func seatByteCount(of task: TaskStage) -> Int {
    guard let stage = stages.first(where: { TaskStage($0.name) == task }) else { return 0 }
    // Both branches of guidance; some twenty rows of the hidden size live at once, and two of the feed-forward's.
    return 2 * stage.tokenCount * (20 * stage.hiddenSize + 2 * stage.feedForwardSize) * 4
  }
}
