import Kernels
import Tensors

package typealias AttentionWindows = Kernels.AttentionWindows

/// The learned table [2Wt−1, 2Wh−1, 2Ww−1, H] of a layer and its window's size in tokens (`model.md` 3.4).
package struct RelativePositionBias {
  package let table: Parameter
  package let window: (t: Int, h: Int, w: Int)

  /// The table's row for each (query, key) of a window.
  fileprivate let tableRows: [Int32]

  package init(table: Parameter, window: (t: Int, h: Int, w: Int)) {
    self.table = table
    self.window = window
    let (t, h, w) = window
    let tokens = (0..<t * h * w).map { (t: $0 / (h * w), y: $0 / w % h, x: $0 % w) }
    tableRows = tokens.flatMap { i in
      tokens.map { j in
        Int32(((i.t - j.t + t - 1) * (2 * h - 1) + i.y - j.y + h - 1) * (2 * w - 1) + i.x - j.x + w - 1)
      }
    }
  }
}

extension Tape {
  /// Window self-attention before `proj` (`model.md` 3.4): qkv [N, 3·d] → [N, d]. A window of one token gives its v.
  ///
  /// - Parameter bias: not looked at where every window holds one token and nothing is recorded.
  package func selfAttention(
    qkv: Variable, heads: Int, queryScale: Parameter, keyScale: Parameter, bias: RelativePositionBias,
    windows: AttentionWindows
  ) -> Variable {
    let d = qkv.shape[1] / 3
    // In training a table that adds nothing has a gradient all the same: zeros.
    let bias = isRecording || windows.largest.queries > 1 ? bias : nil
    var problem = WindowAttention(
      query: HeadRows(qkv.value), key: HeadRows(qkv.value, column: d), value: HeadRows(qkv.value, column: 2 * d),
      heads: heads, headSize: d / heads, logitScale: 1 / Float(d / heads).squareRoot(), windows: windows)
    let (queryLeaf, keyLeaf, table) = (read(queryScale), read(keyScale), bias.map { read($0.table) })
    problem.scales = (queryLeaf.value, keyLeaf.value)
    problem.bias = bias.map {
      AttentionBias(
        table: $0.table.value, heads: heads, size: $0.window.t * $0.window.h * $0.window.w, tableRows: $0.tableRows,
        on: device)
    }
    let output = Tensor(uninitialized: [qkv.shape[0], d])
    device.attention(problem, into: output)
    return record(output, [qkv, queryLeaf, keyLeaf] + (table.map { [$0] } ?? [])) { [device, problem] dy in
      let dqkv = Tensor(zeros: qkv.shape)
      var gradient = WindowAttentionGradient(
        query: problem.query.place(in: dqkv), key: problem.key.place(in: dqkv), value: problem.value.place(in: dqkv))
      let rest = Self.gradientSums(of: problem, in: &gradient)
      device.attentionBackward(problem, dOutput: dy, addingTo: gradient)
      return [dqkv, rest.queryScale, rest.keyScale] + (table.map { [rest.table($0.shape)] } ?? [])
    }
  }

  /// Cross-attention before `proj` (`model.md` 3.5): query [N, d], keyValue [N, 2·d] of the same tokens, textKeyValue
  /// [M, 2·d]; a window's keys are its own tokens followed by the text rows `windows.text[w]`.
  package func crossAttention(
    query: Variable, keyValue: Variable, textKeyValue: Variable, heads: Int, queryScale: Parameter,
    keyScale: Parameter, windows: AttentionWindows
  ) -> Variable {
    let d = query.shape[1]
    var problem = WindowAttention(
      query: HeadRows(query.value), key: HeadRows(keyValue.value), value: HeadRows(keyValue.value, column: d),
      heads: heads, headSize: d / heads, logitScale: 1 / Float(d / heads).squareRoot(), windows: windows)
    problem.textKey = HeadRows(textKeyValue.value)
    problem.textValue = HeadRows(textKeyValue.value, column: d)
    let (queryLeaf, keyLeaf) = (read(queryScale), read(keyScale))
    problem.scales = (queryLeaf.value, keyLeaf.value)
    let output = Tensor(uninitialized: query.shape)
    device.attention(problem, into: output)
    return record(output, [query, keyValue, textKeyValue, queryLeaf, keyLeaf]) { [device, problem] dy in
      let (dQuery, dKeyValue) = (Tensor(zeros: query.shape), Tensor(zeros: keyValue.shape))
      let dText = Tensor(zeros: textKeyValue.shape)
      var gradient = WindowAttentionGradient(
        query: HeadRows(dQuery), key: HeadRows(dKeyValue), value: HeadRows(dKeyValue, column: d))
      gradient.textKey = HeadRows(dText)
      gradient.textValue = HeadRows(dText, column: d)
      let rest = Self.gradientSums(of: problem, in: &gradient)
      device.attentionBackward(problem, dOutput: dy, addingTo: gradient)
      return [dQuery, dKeyValue, dText, rest.queryScale, rest.keyScale]
    }
  }

  /// T5's attention (`model.md` section 5): query, key, value [N, H·dk]; no scaling, no norm; `table` [buckets, H];
  /// logits += table[bucket(j − i)] for query i, key j.
  package func textAttention(
    query: Variable, key: Variable, value: Variable, heads: Int, table: Parameter, bucket: (Int) -> Int,
    windows: AttentionWindows
  ) -> Variable {
    var problem = WindowAttention(
      query: HeadRows(query.value), key: HeadRows(key.value), value: HeadRows(value.value), heads: heads,
      headSize: query.shape[1] / heads, logitScale: 1, windows: windows)
    let size = windows.largest.queries
    let tableRows = (0..<size).flatMap { i in (0..<size).map { j in Int32(bucket(j - i)) } }
    let tableLeaf = read(table)
    problem.bias = AttentionBias(table: table.value, heads: heads, size: size, tableRows: tableRows, on: device)
    let output = Tensor(uninitialized: query.shape)
    device.attention(problem, into: output)
    return record(output, [query, key, value, tableLeaf]) { [device, problem] dy in
      let (dQuery, dKey, dValue) = (Tensor(zeros: query.shape), Tensor(zeros: key.shape), Tensor(zeros: value.shape))
      var gradient = WindowAttentionGradient(query: HeadRows(dQuery), key: HeadRows(dKey), value: HeadRows(dValue))
      let rest = Self.gradientSums(of: problem, in: &gradient)
      device.attentionBackward(problem, dOutput: dy, addingTo: gradient)
      return [dQuery, dKey, dValue, rest.table(table.shape)]
    }
  }

  /// Room for the gradients that are not rows, set into `gradient` and given back to read afterwards.
  private static func gradientSums(
    of problem: WindowAttention, in gradient: inout WindowAttentionGradient
  ) -> (queryScale: Tensor?, keyScale: Tensor?, table: ([Int]) -> Tensor?) {
    if problem.scales != nil {
      gradient.scales = (Tensor(zeros: [problem.headSize]), Tensor(zeros: [problem.headSize]))
    }
    let matrix = problem.bias.map { Tensor(zeros: $0.matrix.shape) }
    gradient.bias = matrix
    return (
      gradient.scales?.query, gradient.scales?.key,
      { shape in
        guard let bias = problem.bias, let matrix else { return nil }
        let table = Tensor(zeros: shape)
        bias.scatter(matrix, into: table)
        return table
      }
    )
  }
}
