import Kernels
import Tensors

/// Records whole operations so that `backward` can differentiate through them in reverse.
///
/// A tape that does not record keeps nothing: sampling uses such a one.
package final class Tape {
  package let device: ComputeDevice
  package let isRecording: Bool

  /// One operation's result, or a leaf.
  private struct Node {
    /// The nodes that `backward`'s results belong to; nil where no gradient is wanted.
    let inputs: [Int?]
    /// The gradients of the inputs, given that of the result; nil once used, and for leaves.
    var backward: ((Tensor) -> [Tensor?])?
    var gradient: Tensor?
  }

  private var nodes: [Node] = []
  private var nodeOfParameter: [ObjectIdentifier: Int] = [:]

  package init(device: ComputeDevice, recording: Bool) {
    self.device = device
    isRecording = recording
  }

  /// A value that needs no gradient.
  package func constant(_ value: Tensor) -> Variable { Variable(value: value, node: nil) }

  /// A leaf whose gradient `gradient(of:)` gives after `backward`.
  package func leaf(_ value: Tensor) -> Variable {
    Variable(value: value, node: isRecording ? append(Node(inputs: [], backward: nil)) : nil)
  }

  /// A parameter as an operand of a general operation.
  package func read(_ parameter: Parameter) -> Variable {
    guard isRecording, parameter.isTrainable else { return constant(parameter.value) }
    let key = ObjectIdentifier(parameter)
    if let node = nodeOfParameter[key] { return Variable(value: parameter.value, node: node) }
    let node = append(Node(inputs: [], backward: nil))
    nodeOfParameter[key] = node
    return Variable(value: parameter.value, node: node)
  }

  /// The result of an operation on `inputs`; `backward` gives each input's gradient, in order, nil for none.
  ///
  /// `backward` is dropped at once if nothing is recorded or no input wants a gradient.
  func record(_ value: Tensor, _ inputs: [Variable], backward: @escaping (Tensor) -> [Tensor?]) -> Variable {
    guard isRecording, inputs.contains(where: { $0.node != nil }) else { return constant(value) }
    return recordAlways(value, inputs, backward: backward)
  }

  /// The same of an operation that something else than its inputs may need the backward pass of.
  func recordAlways(_ value: Tensor, _ inputs: [Variable], backward: @escaping (Tensor) -> [Tensor?]) -> Variable {
    Variable(value: value, node: append(Node(inputs: inputs.map(\.node), backward: backward)))
  }

  private func append(_ node: Node) -> Int {
    nodes.append(node)
    return nodes.count - 1
  }

  /// Differentiates the scalar `loss` with respect to every leaf and parameter that it depends on.
  ///
  /// Each operation is forgotten as soon as it has been passed, so this can be called once.
  package func backward(from loss: Variable) {
    precondition(loss.value.count == 1, "differentiate a loss of shape \(loss.shape): a scalar is needed")
    backward(from: loss, gradient: Tensor(repeating: 1, shape: loss.shape))
  }

  /// The same from any result whose own gradient is known.
  func backward(from result: Variable, gradient: Tensor) {
    guard let last = result.node else { return }
    nodes[last].gradient = gradient
    for index in stride(from: last, through: 0, by: -1) {
      guard let backward = nodes[index].backward else { continue }
      nodes[index].backward = nil
      guard let gradient = nodes[index].gradient else { continue }
      nodes[index].gradient = nil
      for (input, part) in zip(nodes[index].inputs, backward(gradient)) {
        if let input, let part { accumulate(part, into: input) }
      }
    }
  }

  private func accumulate(_ gradient: Tensor, into node: Int) {
    if let sum = nodes[node].gradient {
      nodes[node].gradient = device.add(sum, gradient)
    } else {
      nodes[node].gradient = gradient
    }
  }

  /// Adds what another tape has found for the parameters that it read.
  func addParameterGradients(of other: Tape) {
    for (key, node) in other.nodeOfParameter {
      guard let gradient = other.nodes[node].gradient else { continue }
      let own = nodeOfParameter[key] ?? append(Node(inputs: [], backward: nil))
      nodeOfParameter[key] = own
      accumulate(gradient, into: own)
    }
  }

  /// The gradient by the last `backward`, or nil if the loss does not depend on it.
  package func gradient(of parameter: Parameter) -> Tensor? {
    nodeOfParameter[ObjectIdentifier(parameter)].flatMap { nodes[$0].gradient }
  }

  /// The gradient of a leaf by the last `backward`, or nil if the loss does not depend on it.
  package func gradient(of leaf: Variable) -> Tensor? { leaf.node.flatMap { nodes[$0].gradient } }
}
