import CKernels
import Tensors

/// Rows of a tensor whose heads lie beside each other: head h of row r begins at r·stride + column + h·headSize.
package struct HeadRows: Sendable {
  package let tensor: Tensor
  package let stride: Int
  package let column: Int

  /// Columns `column`… of x [rows, stride].
  package init(_ tensor: Tensor, column: Int = 0) {
    self.tensor = tensor
    stride = tensor.shape[tensor.shape.count - 1]
    self.column = column
  }

  func head(_ head: Int, of row: Int, size: Int) -> UnsafeMutablePointer<Float> {
    tensor.pointer + row * stride + column + head * size
  }

  /// The same place in another tensor of the same shape: in a gradient.
  package func place(in other: Tensor) -> HeadRows { HeadRows(other, column: column) }
}

/// A bias of logits that depends on where query and key stand in the window.
package struct AttentionBias: Sendable {
  /// [heads, size, size]; windows smaller than `size` use its corner.
  package let matrix: Tensor
  /// The row of the learned table [rows, heads] that gave entry (i, j), at i·size + j.
  package let tableRows: [Int32]
  package let size: Int

  /// Gathers `table` [rows, heads] into a matrix.
  package init(table: Tensor, heads: Int, size: Int, tableRows: [Int32]) {
    precondition(tableRows.count == size * size, "\(tableRows.count) entries for windows of \(size)")
    let matrix = Tensor(uninitialized: [heads, size, size])
    for head in 0..<heads {
      let target = matrix.pointer + head * size * size
      for entry in 0..<size * size { target[entry] = table.pointer[Int(tableRows[entry]) * heads + head] }
    }
    withExtendedLifetime(table) {}
    self.matrix = matrix
    self.tableRows = tableRows
    self.size = size
  }

  /// Adds a matrix's gradient to the table's.
  package func scatter(_ gradient: Tensor, into table: Tensor) {
    let heads = gradient.shape[0]
    for head in 0..<heads {
      let source = gradient.pointer + head * size * size
      for entry in 0..<size * size { table.pointer[Int(tableRows[entry]) * heads + head] += source[entry] }
    }
  }
}

/// Multi-head attention inside windows (`model.md` 3.4, 3.5, 5).
package struct WindowAttention: Sendable {
  package var query: HeadRows
  package var key: HeadRows
  package var value: HeadRows
  /// Keys and values that windows share, rows named by `windows.text`.
  package var textKey: HeadRows?
  package var textValue: HeadRows?
  package var heads: Int
  package var headSize: Int
  /// Layer norm's scales [headSize] of queries and keys; nil: neither is normalised.
  package var scales: (query: Tensor, key: Tensor)?
  package var logitScale: Float
  package var bias: AttentionBias?
  package var windows: AttentionWindows

  package init(
    query: HeadRows, key: HeadRows, value: HeadRows, heads: Int, headSize: Int, logitScale: Float,
    windows: AttentionWindows
  ) {
    (self.query, self.key, self.value) = (query, key, value)
    (self.heads, self.headSize, self.logitScale, self.windows) = (heads, headSize, logitScale, windows)
  }

  /// Row pointers of one head of one window, as the kernels take them.
  fileprivate struct Rows {
    var query: [UnsafeMutablePointer<Float>] = []
    var key: [UnsafeMutablePointer<Float>] = []
    var value: [UnsafeMutablePointer<Float>] = []
    var output: [UnsafeMutablePointer<Float>] = []
  }

  fileprivate func rows(window: Int, head: Int, output: HeadRows) -> Rows {
    var rows = Rows()
    for index in windows.range(window) {
      let row = Int(windows.rows[index])
      rows.query.append(query.head(head, of: row, size: headSize))
      rows.key.append(key.head(head, of: row, size: headSize))
      rows.value.append(value.head(head, of: row, size: headSize))
      rows.output.append(output.head(head, of: row, size: headSize))
    }
    guard let textKey, let textValue, !windows.text.isEmpty else { return rows }
    for row in windows.text[window] {
      rows.key.append(textKey.head(head, of: row, size: headSize))
      rows.value.append(textValue.head(head, of: row, size: headSize))
    }
    return rows
  }

  /// A window of one token and no text: its output is its value.
  fileprivate func isSingle(_ window: Int) -> Bool {
    windows.range(window).count == 1 && (windows.text.isEmpty || windows.text[window].isEmpty)
  }

  fileprivate func call(_ rows: Rows, head: Int, _ body: (inout walt_attention) -> Void) {
    let (query, key, value) = (
      rows.query.map { UnsafePointer($0) as UnsafePointer<Float>? },
      rows.key.map { UnsafePointer($0) as UnsafePointer<Float>? },
      rows.value.map { UnsafePointer($0) as UnsafePointer<Float>? }
    )
    query.withUnsafeBufferPointer { query in
      key.withUnsafeBufferPointer { key in
        value.withUnsafeBufferPointer { value in
          var call = walt_attention()
          call.queries = Int64(query.count)
          call.keys = Int64(key.count)
          call.headSize = Int64(headSize)
          call.query = query.baseAddress
          call.key = key.baseAddress
          call.value = value.baseAddress
          call.queryScale = scales.map { UnsafePointer($0.query.pointer) }
          call.keyScale = scales.map { UnsafePointer($0.key.pointer) }
          call.logitScale = logitScale
          if let bias {
            call.bias = UnsafePointer(bias.matrix.pointer + head * bias.size * bias.size)
            call.biasKeys = Int64(query.count)
            call.biasStride = Int64(bias.size)
          }
          body(&call)
        }
      }
    }
  }
}

/// Gradients of a `WindowAttention`, all added to; places for those of the rows, sums for the rest.
package struct WindowAttentionGradient {
  package var query: HeadRows
  package var key: HeadRows
  package var value: HeadRows
  package var textKey: HeadRows?
  package var textValue: HeadRows?
  /// [headSize] each.
  package var scales: (query: Tensor, key: Tensor)?
  /// [heads, size, size].
  package var bias: Tensor?

  package init(query: HeadRows, key: HeadRows, value: HeadRows) {
    (self.query, self.key, self.value) = (query, key, value)
  }
}

extension ComputeDevice {
  /// Writes each query's attention output into `output` [rows, heads·headSize].
  package func attention(_ problem: WindowAttention, into output: Tensor) {
    let scratch = attentionScratch(problem)
    let place = HeadRows(output)
    parallel(problem.windows.count * problem.heads) { task, worker in
      let (window, head) = (task / problem.heads, task % problem.heads)
      let rows = problem.rows(window: window, head: head, output: place)
      if problem.isSingle(window) {
        rows.output[0].update(from: rows.value[0], count: problem.headSize)
        return
      }
      problem.call(rows, head: head) { call in
        let output = rows.output.map { $0 as UnsafeMutablePointer<Float>? }
        output.withUnsafeBufferPointer {
          kernels.pointee.attention(&call, $0.baseAddress, scratch[worker].pointer)
        }
      }
    }
  }

  /// Adds to `gradient` what `dOutput` [rows, heads·headSize] gives. Heads run side by side, each through its windows
  /// in order.
  package func attentionBackward(
    _ problem: WindowAttention, dOutput: Tensor, addingTo gradient: WindowAttentionGradient
  ) {
    let scratch = attentionScratch(problem)
    let place = HeadRows(dOutput)
    var target = problem
    (target.query, target.key, target.value) = (gradient.query, gradient.key, gradient.value)
    (target.textKey, target.textValue) = (gradient.textKey, gradient.textValue)
    let scaleSums = Tensor(zeros: [problem.heads, 2, problem.headSize])
    parallel(problem.heads) { [target] head, worker in
      for window in 0..<problem.windows.count {
        let rows = problem.rows(window: window, head: head, output: place)
        let targets = target.rows(window: window, head: head, output: place)
        if problem.isSingle(window) {
          kernels.pointee.accumulate(rows.output[0], 1, targets.value[0], Int64(problem.headSize))
          continue
        }
        let biasCount = (problem.bias?.size ?? 0) * (problem.bias?.size ?? 0)
        problem.call(rows, head: head) { call in
          backward(
            &call, rows, targets, bias: gradient.bias.map { $0.pointer + head * biasCount },
            scales: problem.scales == nil ? nil : scaleSums[head].pointer, scratch: scratch[worker].pointer)
        }
      }
    }
    guard let sums = gradient.scales else { return }
    for head in 0..<problem.heads {
      kernels.pointee.accumulate(scaleSums[head][0].pointer, 1, sums.query.pointer, Int64(problem.headSize))
      kernels.pointee.accumulate(scaleSums[head][1].pointer, 1, sums.key.pointer, Int64(problem.headSize))
    }
  }

  private func backward(
    _ call: inout walt_attention, _ rows: WindowAttention.Rows, _ targets: WindowAttention.Rows,
    bias: UnsafeMutablePointer<Float>?, scales: UnsafeMutablePointer<Float>?, scratch: UnsafeMutablePointer<Float>
  ) {
    let output = rows.output.map { UnsafePointer($0) as UnsafePointer<Float>? }
    let query = targets.query.map { $0 as UnsafeMutablePointer<Float>? }
    let key = targets.key.map { $0 as UnsafeMutablePointer<Float>? }
    let value = targets.value.map { $0 as UnsafeMutablePointer<Float>? }
    output.withUnsafeBufferPointer { output in
      query.withUnsafeBufferPointer { query in
        key.withUnsafeBufferPointer { key in
          value.withUnsafeBufferPointer { value in
            var gradient = walt_attention_gradient()
            gradient.output = output.baseAddress
            gradient.query = query.baseAddress
            gradient.key = key.baseAddress
            gradient.value = value.baseAddress
            gradient.queryScale = scales
            gradient.keyScale = scales.map { $0 + Int(call.headSize) }
            gradient.bias = bias
            kernels.pointee.attentionBackward(&call, &gradient, scratch)
          }
        }
      }
    }
  }

  /// Scratch memory for each thread.
  private func attentionScratch(_ problem: WindowAttention) -> [Tensor] {
    let largest = problem.windows.largest
    let count = kernels.pointee.attentionScratch(
      Int64(largest.queries), Int64(largest.keys), Int64(problem.headSize))
    return (0..<threadCount).map { _ in Tensor(uninitialized: [Int(count)]) }
  }
}
