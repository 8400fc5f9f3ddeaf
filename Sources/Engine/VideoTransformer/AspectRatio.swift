import Layers
import Tensors

extension TransformerConfiguration {
  /// The same model on another frame: spatial windows become the whole frame, those in space and time grow by the
  /// same ratios unless they are given (model.md section 7, Table 6 of the paper).
  ///
  /// - Parameters:
  ///   - size: in latent pixels.
  ///   - window: the window in space and time, in tokens; nil for the present one, grown.
  /// - Returns: nil where the patch does not divide the frame, a window would not be a whole number of tokens, or does
  ///   not divide the frame.
  package func resized(to size: Size, spatiotemporalWindow window: Size? = nil) -> TransformerConfiguration? {
    guard size.height % patch == 0, size.width % patch == 0 else { return nil }
    var result = self
    result.size = size
    result.spatialWindow = result.tokenSize
    guard let window = window ?? grownWindow(from: tokenSize, to: result.tokenSize),
      frames == 1 || (result.tokenSize.height % window.height == 0 && result.tokenSize.width % window.width == 0)
    else { return nil }
    result.spatiotemporalWindow = window
    return result
  }

  /// Whether frame and windows are all that distinguishes `other`.
  package func differsInSizeAlone(from other: TransformerConfiguration) -> Bool {
    var same = other
    (same.size, same.spatialWindow, same.spatiotemporalWindow) = (size, spatialWindow, spatiotemporalWindow)
    return same == self
  }

  private func grownWindow(from old: Size, to new: Size) -> Size? {
    let height = spatiotemporalWindow.height * new.height
    let width = spatiotemporalWindow.width * new.width
    guard height % old.height == 0, width % old.width == 0 else { return nil }
    return Size(height / old.height, width / old.width)
  }
}

extension VideoTransformer {
  /// This model for another frame: positions in space and relative biases are interpolated, all else is the same.
  ///
  /// - Parameter size: in latent pixels.
  /// - Returns: nil where `TransformerConfiguration.resized(to:)` is.
  package func resized(to size: TransformerConfiguration.Size) -> VideoTransformer? {
    configuration.resized(to: size).map(resized(as:))
  }

  /// The same, to a configuration that differs from this model's in its frame and windows alone.
  package func resized(as configuration: TransformerConfiguration) -> VideoTransformer {
    precondition(self.configuration.differsInSizeAlone(from: configuration), "resized to another kind of model")
    let resized = ParameterStore(specifications: configuration.specifications) { specification in
      // Only tables of positions change their shape, [hp, wp, d] and [2Wt − 1, 2Wh − 1, 2Ww − 1, H].
      store[specification.name].value.interpolated(to: specification.shape)
    }
    return VideoTransformer(configuration: configuration, store: resized)
  }
}

extension Tensor {
  /// `interpolated(axis:to:)` along every axis that differs from `shape`, one after the other.
  package func interpolated(to shape: [Int]) -> Tensor {
    zip(0..., shape).reduce(self) { table, axis in table.interpolated(axis: axis.0, to: axis.1) }
  }

  /// Linear interpolation along one axis to `size` entries: half-pixel centres, edges clamped (`interp` of model.md
  /// section 0, one axis at a time).
  func interpolated(axis: Int, to size: Int) -> Tensor {
    let oldSize = shape[axis]
    guard size != oldSize else { return self }
    let inner = shape[(axis + 1)...].reduce(1, *)
    var newShape = shape
    newShape[axis] = size
    let result = Tensor(uninitialized: newShape)
    withExtendedLifetime(self) {
      for outer in 0..<shape[..<axis].reduce(1, *) {
        for index in 0..<size {
          let position = (Double(index) + 0.5) * Double(oldSize) / Double(size) - 0.5
          let clamped = min(max(position, 0), Double(oldSize - 1))
          let lower = Int(clamped)
          let weight = clamped - Double(lower)
          let low = pointer + (outer * oldSize + lower) * inner
          let high = pointer + (outer * oldSize + min(lower + 1, oldSize - 1)) * inner
          let target = result.pointer + (outer * size + index) * inner
          for k in 0..<inner { target[k] = Float((1 - weight) * Double(low[k]) + weight * Double(high[k])) }
        }
      }
    }
    return result
  }
}
