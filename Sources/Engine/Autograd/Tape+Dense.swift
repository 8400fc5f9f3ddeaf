import Tensors

extension Tape {
  /// y = x·Wᵀ + b: x [..., in], weight [out, in], bias [out] → [..., out].
  package func linear(_ x: Variable, weight: Parameter, bias: Parameter?) -> Variable {
    let (outputs, inputs) = (weight.shape[0], weight.count / weight.shape[0])
    precondition(x.shape.last == inputs, "\(weight.name) takes \(inputs) inputs, not \(x.shape)")
    let rows = x.value.count / inputs
    let y = Tensor(uninitialized: x.shape.dropLast() + [outputs])
    device.product(
      x.value.pointer, rows: rows, weight.packed(on: device, device.packTransposed),
      bias: bias.map { UnsafePointer($0.value.pointer) },
      into: y.pointer)
    // What is not recorded does not need the weight's value beside its packed layout.
    guard isRecording else { return constant(y) }
    let (weightLeaf, biasLeaf) = (read(weight), bias.map(read))
    return record(y, [x, weightLeaf] + (biasLeaf.map { [$0] } ?? [])) { [device] gradient in
      var dx: Tensor?
      if x.node != nil {
        let result = Tensor(uninitialized: x.shape)
        device.product(
          gradient.pointer, rows: rows, weight.packedForGradient(device.packPlain), into: result.pointer)
        dx = result
      }
      var dWeight: Tensor?
      if weightLeaf.node != nil {
        let sum = Tensor(zeros: weight.shape)
        device.transposedProduct(
          gradient.pointer, x.value.pointer, depth: rows, rows: outputs, columns: inputs, addingTo: sum.pointer)
        dWeight = sum
      }
      let dBias = biasLeaf?.node == nil ? nil : device.sumOfRows(gradient, columns: outputs)
      return [dx, dWeight] + (biasLeaf == nil ? [] : [dBias])
    }
  }
}
