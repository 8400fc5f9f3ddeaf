import Tensors

extension Tape {
  /// a + b, equal shapes.
  package func add(_ a: Variable, _ b: Variable) -> Variable {
    record(device.add(a.value, b.value), [a, b]) { [$0, $0] }
  }

  /// a ⊙ b, equal shapes.
  package func multiply(_ a: Variable, _ b: Variable) -> Variable {
    record(device.multiply(a.value, b.value), [a, b]) { [device] gradient in
      [
        a.node == nil ? nil : device.multiply(gradient, b.value),
        b.node == nil ? nil : device.multiply(gradient, a.value),
      ]
    }
  }

  package func scale(_ x: Variable, by factor: Float) -> Variable {
    record(device.scale(x.value, by: factor), [x]) { [device] in [device.scale($0, by: factor)] }
  }

  package func silu(_ x: Variable) -> Variable {
    record(device.silu(x.value), [x]) { [device] in [device.siluBackward(x.value, $0)] }
  }

  /// The tanh form (`model.md` section 0).
  package func gelu(_ x: Variable) -> Variable {
    record(device.gelu(x.value), [x]) { [device] in [device.geluBackward(x.value, $0)] }
  }

  /// The same values under another shape.
  package func reshape(_ x: Variable, to shape: [Int]) -> Variable {
    record(x.value.reshaped(shape), [x]) { [$0.reshaped(x.shape)] }
  }
}
