import Tensors

extension Tensor {
  /// Pixels in [−1, 1] as bytes: ⌊clamp((x + 1)·127.5, 0, 255) + 0.5⌋; NaN becomes 0.
  package func pixelBytes() -> [UInt8] {
    withExtendedLifetime(storage) {
      values.map { value in
        let scaled = (value + 1) * 127.5
        return scaled > 0 ? UInt8(min(scaled, 255) + 0.5) : 0
      }
    }
  }

  /// Bytes as pixels: u8/127.5 − 1.
  package init(pixelBytes bytes: some Collection<UInt8>, shape: [Int]) {
    self.init(bytes.lazy.map { Float($0) / 127.5 - 1 }, shape: shape)
  }
}
