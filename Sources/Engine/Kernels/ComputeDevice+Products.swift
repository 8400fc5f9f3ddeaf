import CKernels
import Tensors

/// Rows of the left-hand side of a product: where each begins and which pieces of it are multiplied.
struct RowGather {
  /// Offsets of the rows from the base pointer; nil: `stride` apart.
  var offsets: UnsafePointer<Int64>?
  var stride = 0
  /// Offsets of the pieces from a row's beginning.
  var segments: [Int64] = [0]
  var segmentLength: Int
}

extension ComputeDevice {
  /// A tile of work: rows × columns that follow from nothing but the operands' shapes. 96 is a multiple of every
  /// kernel's tile height.
  private static let rowsPerTask = 96
  private static let panelsPerTask = 2

  /// c[m, n] = a[m, k] · b[k, n] + bias[n].
  ///
  /// - Complexity: O(m·k·n); allocates a panel for each thread where b has 16 bits.
  package func product(
    _ a: UnsafePointer<Float>, rows: Int, _ b: PackedMatrix, bias: UnsafePointer<Float>? = nil,
    into c: UnsafeMutablePointer<Float>
  ) {
    let gather = RowGather(offsets: nil, stride: b.depth, segmentLength: b.depth)
    product(a, rows: rows, gather, b, bias: bias, into: c, cOffsets: nil, cStride: b.columns)
  }

  /// The general form: gathered rows in, scattered rows out; `batch` repeats it at other base pointers.
  func product(
    _ a: UnsafePointer<Float>, rows: Int, _ gather: RowGather, _ b: PackedMatrix, bias: UnsafePointer<Float>?,
    into c: UnsafeMutablePointer<Float>, cOffsets: UnsafePointer<Int64>?, cStride: Int,
    batch: [(a: Int, c: Int)] = [(0, 0)]
  ) {
    precondition(
      gather.segments.count * gather.segmentLength == b.depth,
      "\(gather.segments.count) pieces of \(gather.segmentLength) for depth \(b.depth)")
    precondition(
      !b.isPaired || gather.segmentLength.isMultiple(of: 2), "pieces of \(gather.segmentLength) part the pairs of rows")
    let multiply: (UnsafePointer<walt_panel_product>?) -> Void =
      b.isPaired ? kernels.pointee.pairedPanelProduct : kernels.pointee.panelProduct
    let rowTasks = (rows + Self.rowsPerTask - 1) / Self.rowsPerTask
    let panelTasks = (b.panelCount + Self.panelsPerTask - 1) / Self.panelsPerTask
    let scratch = b.scratchCount > 0 ? Tensor(uninitialized: [threadCount, b.scratchCount]) : nil
    let scratchStart = scratch?.pointer
    gather.segments.withUnsafeBufferPointer { segments in
      parallel(batch.count * rowTasks * panelTasks) { task, worker in
        let base = batch[task / (rowTasks * panelTasks)]
        let first = task / panelTasks % rowTasks * Self.rowsPerTask
        let firstPanel = task % panelTasks * Self.panelsPerTask
        for index in firstPanel..<min(b.panelCount, firstPanel + Self.panelsPerTask) {
          let panel = b.panel(index)
          var call = walt_panel_product()
          call.a = a + base.a + (gather.offsets == nil ? first * gather.stride : 0)
          call.aOffsets = gather.offsets.map { $0 + first }
          call.aStride = Int64(gather.stride)
          call.segments = segments.baseAddress
          call.segmentCount = Int64(segments.count)
          call.segmentLength = Int64(gather.segmentLength)
          call.panel = floats(ofPanel: index, of: b, scratch: scratchStart.map { $0 + worker * b.scratchCount })
          call.width = Int64(panel.width)
          call.columns = Int64(panel.columns)
          call.bias = bias.map { $0 + panel.firstColumn }
          call.c = c + base.c + panel.firstColumn + (cOffsets == nil ? first * cStride : 0)
          call.cOffsets = cOffsets.map { $0 + first }
          call.cStride = Int64(cStride)
          call.rows = Int64(min(rows - first, Self.rowsPerTask))
          multiply(&call)
        }
      }
    }
    withExtendedLifetime(scratch) {}
  }

  /// One sum of outer products, over lines of pixels.
  struct OuterProduct {
    var a: UnsafePointer<Float>
    var aLines: [Int64]
    var aStride: Int
    var b: UnsafePointer<Float>
    var bLines: [Int64]
    var bStride: Int
    var lineLength: Int
    var rows: Int
    var columns: Int
    /// Where the sums are added: rows `cStride` apart.
    var c: UnsafeMutablePointer<Float>
    var cStride: Int
  }

  private static let outerRowsPerTask = 48
  private static let outerColumnsPerTask = 64

  /// c += aᵀ·b for each of `products`, all of the same size; the lines' order decides the order of the sums.
  func outerProducts(_ products: [OuterProduct]) {
    guard let shape = products.first else { return }
    let rowTasks = (shape.rows + Self.outerRowsPerTask - 1) / Self.outerRowsPerTask
    let columnTasks = (shape.columns + Self.outerColumnsPerTask - 1) / Self.outerColumnsPerTask
    parallel(products.count * rowTasks * columnTasks) { task, _ in
      let product = products[task / (rowTasks * columnTasks)]
      let row = task / columnTasks % rowTasks * Self.outerRowsPerTask
      let column = task % columnTasks * Self.outerColumnsPerTask
      product.aLines.withUnsafeBufferPointer { aLines in
        product.bLines.withUnsafeBufferPointer { bLines in
          var call = walt_outer_product()
          call.a = product.a + row
          call.aLines = aLines.baseAddress
          call.aStride = Int64(product.aStride)
          call.b = product.b + column
          call.bLines = bLines.baseAddress
          call.bStride = Int64(product.bStride)
          call.lines = Int64(product.aLines.count)
          call.lineLength = Int64(product.lineLength)
          call.rows = Int64(min(product.rows - row, Self.outerRowsPerTask))
          call.columns = Int64(min(product.columns - column, Self.outerColumnsPerTask))
          call.c = product.c + row * product.cStride + column
          call.cStride = Int64(product.cStride)
          kernels.pointee.outerProduct(&call)
        }
      }
    }
  }

  /// c[i, n] += Σ_m a[m, i]·b[m, n]: a weight's gradient.
  package func transposedProduct(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, depth: Int, rows: Int, columns: Int,
    addingTo c: UnsafeMutablePointer<Float>
  ) {
    let block = 256
    let whole = depth / block
    func product(_ first: Int, lines: Int, length: Int) -> OuterProduct {
      OuterProduct(
        a: a, aLines: (0..<lines).map { Int64((first + $0 * length) * rows) }, aStride: rows, b: b,
        bLines: (0..<lines).map { Int64((first + $0 * length) * columns) }, bStride: columns, lineLength: length,
        rows: rows, columns: columns, c: c, cStride: columns)
    }
    if whole > 0 { outerProducts([product(0, lines: whole, length: block)]) }
    if depth % block > 0 { outerProducts([product(whole * block, lines: 1, length: depth % block)]) }
  }
}
