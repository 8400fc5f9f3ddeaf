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
  package init(table: Tensor, heads: Int, size: Int, tableRows: [Int32], on device: ComputeDevice) {
    precondition(tableRows.count == size * size, "\(tableRows.count) entries for windows of \(size)")
    let matrix = Tensor(uninitialized: [heads, size, size])
    device.parallel(heads) { head, _ in
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

  /// A window of one token and no text: its output is its value.
  fileprivate func isSingle(_ window: Int) -> Bool {
    windows.range(window).count == 1 && (windows.text.isEmpty || windows.text[window].isEmpty)
  }

  /// Fills `rows` with the pointers of one head of one window; returns the numbers of queries and keys.
  fileprivate func point(
    _ rows: RowPointers, window: Int, head: Int, output: HeadRows
  ) -> (queries: Int, keys: Int) {
    let range = windows.range(window)
    var count = 0
    for index in range {
      let row = Int(windows.rows[index])
      rows.query[count] = query.head(head, of: row, size: headSize)
      rows.key[count] = key.head(head, of: row, size: headSize)
      rows.value[count] = value.head(head, of: row, size: headSize)
      rows.output[count] = output.head(head, of: row, size: headSize)
      count += 1
    }
    guard let textKey, let textValue, !windows.text.isEmpty else { return (range.count, count) }
    for row in windows.text[window] {
      rows.key[count] = textKey.head(head, of: row, size: headSize)
      rows.value[count] = textValue.head(head, of: row, size: headSize)
      count += 1
    }
    return (range.count, count)
  }

  fileprivate func call(_ rows: RowPointers, _ size: (queries: Int, keys: Int), head: Int) -> walt_attention {
    var call = walt_attention()
    call.queries = Int64(size.queries)
    call.keys = Int64(size.keys)
    call.headSize = Int64(headSize)
    call.query = RowPointers.reading(rows.query)
    call.key = RowPointers.reading(rows.key)
    call.value = RowPointers.reading(rows.value)
    call.queryScale = scales.map { UnsafePointer($0.query.pointer) }
    call.keyScale = scales.map { UnsafePointer($0.key.pointer) }
    call.logitScale = logitScale
    if let bias {
      call.bias = UnsafePointer(bias.matrix.pointer + head * bias.size * bias.size)
      call.biasKeys = Int64(size.queries)
      call.biasStride = Int64(bias.size)
    }
    return call
  }
}

/// One thread's working memory for attention: row pointers and the kernels' scratch.
private final class AttentionWorkspace {
  let rows: RowPointers
  let targets: RowPointers
  let scratch: Tensor

  init(queries: Int, keys: Int, scratchCount: Int) {
    rows = RowPointers(queries: queries, keys: keys)
    targets = RowPointers(queries: queries, keys: keys)
    scratch = Tensor(uninitialized: [scratchCount])
  }

  deinit {
    rows.deallocate()
    targets.deallocate()
  }
}

/// Pointers to the rows of one head of one window, as the kernels take them.
private struct RowPointers {
  typealias Row = UnsafeMutablePointer<Float>?
  let query: UnsafeMutablePointer<Row>
  let key: UnsafeMutablePointer<Row>
  let value: UnsafeMutablePointer<Row>
  let output: UnsafeMutablePointer<Row>

  init(queries: Int, keys: Int) {
    query = .allocate(capacity: queries)
    key = .allocate(capacity: keys)
    value = .allocate(capacity: keys)
    output = .allocate(capacity: queries)
  }

  func deallocate() {
    query.deallocate()
    key.deallocate()
    value.deallocate()
    output.deallocate()
  }

  /// The same rows for a kernel that only reads them.
  static func reading(_ rows: UnsafeMutablePointer<Row>) -> UnsafePointer<UnsafePointer<Float>?> {
    UnsafeRawPointer(rows).assumingMemoryBound(to: UnsafePointer<Float>?.self)
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
    let workspaces = attentionWorkspaces(problem, scratch: kernels.pointee.attentionScratch)
    let place = HeadRows(output)
    // Few windows are large ones: their heads run side by side.
    let headsPerTask = problem.windows.count < 8 * threadCount ? 1 : problem.heads
    parallel(problem.windows.count * problem.heads / headsPerTask) { task, worker in
      let workspace = workspaces[worker]
      let rows = workspace.rows
      let window = task * headsPerTask / problem.heads
      let firstHead = task * headsPerTask % problem.heads
      for head in firstHead..<firstHead + headsPerTask {
        let size = problem.point(rows, window: window, head: head, output: place)
        if problem.isSingle(window), let target = rows.output[0], let value = rows.value[0] {
          target.update(from: value, count: problem.headSize)
          continue
        }
        var call = problem.call(rows, size, head: head)
        kernels.pointee.attention(&call, rows.output, workspace.scratch.pointer)
      }
    }
  }

  /// Adds to `gradient` what `dOutput` [rows, heads·headSize] gives. Heads run side by side, each through its windows
  /// in order.
  package func attentionBackward(
    _ problem: WindowAttention, dOutput: Tensor, addingTo gradient: WindowAttentionGradient
  ) {
    let workspaces = attentionWorkspaces(problem, scratch: kernels.pointee.attentionBackwardScratch)
    let place = HeadRows(dOutput)
    var target = problem
    (target.query, target.key, target.value) = (gradient.query, gradient.key, gradient.value)
    (target.textKey, target.textValue) = (gradient.textKey, gradient.textValue)
    let scaleSums = Tensor(zeros: [problem.heads, 2, problem.headSize])
    let biasCount = (problem.bias?.size ?? 0) * (problem.bias?.size ?? 0)
    parallel(problem.heads) { [target] head, worker in
      let (rows, targets) = (workspaces[worker].rows, workspaces[worker].targets)
      for window in 0..<problem.windows.count {
        let size = problem.point(rows, window: window, head: head, output: place)
        _ = target.point(targets, window: window, head: head, output: place)
        if problem.isSingle(window), let from = rows.output[0], let into = targets.value[0] {
          kernels.pointee.accumulate(from, 1, into, Int64(problem.headSize))
          continue
        }
        var call = problem.call(rows, size, head: head)
        var sums = walt_attention_gradient()
        sums.output = RowPointers.reading(rows.output)
        sums.query = UnsafePointer(targets.query)
        sums.key = UnsafePointer(targets.key)
        sums.value = UnsafePointer(targets.value)
        if problem.scales != nil {
          sums.queryScale = scaleSums.pointer + head * 2 * problem.headSize
          sums.keyScale = sums.queryScale + problem.headSize
        }
        sums.bias = gradient.bias.map { $0.pointer + head * biasCount }
        kernels.pointee.attentionBackward(&call, &sums, workspaces[worker].scratch.pointer)
      }
    }
    guard let sums = gradient.scales else { return }
    for head in 0..<problem.heads {
      kernels.pointee.accumulate(scaleSums[head][0].pointer, 1, sums.query.pointer, Int64(problem.headSize))
      kernels.pointee.accumulate(scaleSums[head][1].pointer, 1, sums.key.pointer, Int64(problem.headSize))
    }
  }

  /// Working memory for each thread.
  ///
  /// - Parameter scratch: the floats that a kernel needs for numbers of queries and keys and a head's size.
  private func attentionWorkspaces(
    _ problem: WindowAttention, scratch: (Int64, Int64, Int64) -> Int64
  ) -> [AttentionWorkspace] {
    let largest = problem.windows.largest
    let count = scratch(Int64(largest.queries), Int64(largest.keys), Int64(problem.headSize))
    return (0..<threadCount).map { _ in
      AttentionWorkspace(queries: largest.queries, keys: largest.keys, scratchCount: Int(count))
    }
  }
}
