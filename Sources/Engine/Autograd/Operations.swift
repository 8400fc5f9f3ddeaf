import Tensors

/// Signatures that the models are written against; each moves to a file of its own with its backward.
extension Tape {
  // Elementwise ----------------------------------------------------------------------------------------------------
  /// a + b, equal shapes.
  package func add(_ a: Variable, _ b: Variable) -> Variable { fatalError("pending") }
  /// a ⊙ b, equal shapes.
  package func multiply(_ a: Variable, _ b: Variable) -> Variable { fatalError("pending") }
  package func scale(_ a: Variable, by factor: Float) -> Variable { fatalError("pending") }
  package func silu(_ x: Variable) -> Variable { fatalError("pending") }
  /// tanh form.
  package func gelu(_ x: Variable) -> Variable { fatalError("pending") }
  package func reshape(_ x: Variable, to shape: [Int]) -> Variable { fatalError("pending") }

  // Rows and tables --------------------------------------------------------------------------------------------------
  /// Rows `indices` of `table` [n, d] → [indices.count, d]. Gradients of repeated rows add up.
  package func gatherRows(_ table: Variable, _ indices: [Int]) -> Variable { fatalError("pending") }
  /// Joins [n_i, d] along the rows.
  package func concatenateRows(_ parts: [Variable]) -> Variable { fatalError("pending") }
  /// Joins along the last axis; all other axes equal.
  package func concatenateChannels(_ parts: [Variable]) -> Variable { fatalError("pending") }
  /// The mean of rows of each range of x [n, d] → [ranges.count, d].
  package func meanOfRows(_ x: Variable, ranges: [Range<Int>]) -> Variable { fatalError("pending") }

  // Dense ------------------------------------------------------------------------------------------------------------
  /// y = x·Wᵀ + b: x [..., in], weight [out, in], bias [out] → [..., out].
  package func linear(_ x: Variable, weight: Parameter, bias: Parameter?) -> Variable { fatalError("pending") }

  // Normalisation ----------------------------------------------------------------------------------------------------
  /// Over the last axis, eps 1e-6, affine.
  package func layerNorm(_ x: Variable, weight: Parameter, bias: Parameter) -> Variable { fatalError("pending") }
  /// T5's: w ⊙ x/√(mean(x²)+1e-6) over the last axis.
  package func rmsNorm(_ x: Variable, weight: Parameter) -> Variable { fatalError("pending") }
  /// (1+γ) ⊙ LN(x) + β: x [N, d]; `modulation` [U, parts·d] holds γ at part `scale`, β at part `shift`; the rows of x
  /// come in equal blocks, block i under condition `conditionOfBlock[i]` (0..<U).
  package func modulatedLayerNorm(
    _ x: Variable, modulation: Variable, scale: Int, shift: Int, conditionOfBlock: [Int]
  ) -> Variable { fatalError("pending") }
  /// x + α ⊙ y: x, y [N, d]; α is part `gate` of `modulation` [U, parts·d], blocks as above.
  package func gatedResidual(
    _ x: Variable, _ y: Variable, modulation: Variable, gate: Int, conditionOfBlock: [Int]
  ) -> Variable { fatalError("pending") }
  /// Per frame: x [B, F, H, W, C], statistics over (H, W, C/groups), eps 1e-6, then SiLU if asked.
  package func groupNorm(
    _ x: Variable, weight: Parameter, bias: Parameter, groups: Int, silu: Bool
  ) -> Variable { fatalError("pending") }

  // Convolution ------------------------------------------------------------------------------------------------------
  /// Causal: x [B, F, H, W, Ci], weight [Co, Ci, kt, kh, kw], bias [Co] → [B, F', H', W', Co] (model.md section 2:
  /// kt − 1 frames in front by `past`; space: zero padding, 'SAME').
  package func conv3d(
    _ x: Variable, weight: Parameter, bias: Parameter, stride: (t: Int, h: Int, w: Int), past: ConvolutionPast
  ) -> Variable { fatalError("pending") }
  /// DS(bt, bh, bw) of model.md section 0, then the first `droppingFirst` frames left out. x [B, F, H, W, bt·bh·bw·C].
  package func depthToSpace(
    _ x: Variable, block: (t: Int, h: Int, w: Int), droppingFirst: Int
  ) -> Variable { fatalError("pending") }

  // Tokens -----------------------------------------------------------------------------------------------------------
  /// [B, F, h, w, C] → [B·F·(h/p)·(w/p), p·p·C], index (py·p + px)·C + ch.
  package func patchify(_ x: Variable, patch: Int) -> Variable { fatalError("pending") }
  /// The inverse: [B·F·hp·wp, p·p·C] → `shape` [B, F, h, w, C].
  package func unpatchify(_ x: Variable, patch: Int, shape: [Int]) -> Variable { fatalError("pending") }
  /// tokens [B·F·hp·wp, d] + space [hp, wp, d] + time[timeOfFrame[f]] where f runs over all B·F frames.
  package func addPositions(
    _ tokens: Variable, space: Parameter, time: Parameter, timeOfFrame: [Int]
  ) -> Variable { fatalError("pending") }

  // Attention --------------------------------------------------------------------------------------------------------
  /// model.md 3.4. qkv [N, 3·d] → [N, d] (before `proj`). A window of one token gives its v.
  package func selfAttention(
    qkv: Variable, heads: Int, queryScale: Parameter, keyScale: Parameter, bias: RelativePositionBias,
    windows: AttentionWindows
  ) -> Variable { fatalError("pending") }
  /// model.md 3.5. query [N, d], keyValue [N, 2·d] of the same tokens, textKeyValue [M, 2·d]; a window's keys are its
  /// own tokens followed by text rows `windows.text[w]`.
  package func crossAttention(
    query: Variable, keyValue: Variable, textKeyValue: Variable, heads: Int, queryScale: Parameter,
    keyScale: Parameter, windows: AttentionWindows
  ) -> Variable { fatalError("pending") }
  /// T5: query, key, value [N, H·dk]; no scaling, no norm; `table` [buckets, H]; logits += table[bucket(j − i)].
  package func textAttention(
    query: Variable, key: Variable, value: Variable, heads: Int, table: Parameter, bucket: (Int) -> Int,
    windows: AttentionWindows
  ) -> Variable { fatalError("pending") }

  // Losses (scalars, shape []) ---------------------------------------------------------------------------------------
  /// Σ w·(a − b)² / Σ w, with one weight for each block of a.count / weights.count elements (nil: all 1).
  package func meanSquaredError(_ a: Variable, _ b: Tensor, blockWeights: [Float]?) -> Variable { fatalError("pending") }
  package func meanAbsoluteError(_ a: Variable, _ b: Tensor) -> Variable { fatalError("pending") }
  /// Mean over rows of −log softmax(logits [n, k])[labels[i]].
  package func crossEntropy(_ logits: Variable, labels: [Int]) -> Variable { fatalError("pending") }
}

/// The frames in front of a causal convolution's first.
package enum ConvolutionPast {
  case zeros
  /// Copies of the first frame.
  case firstFrame
  /// Kept from the chunk before: [B, kt − stride, H, W, Ci].
  case frames(Tensor)
}

/// The learned table [2Wt−1, 2Wh−1, 2Ww−1, H] of a layer and its window's size in tokens.
package struct RelativePositionBias {
  package let table: Parameter
  package let window: (t: Int, h: Int, w: Int)
  package init(table: Parameter, window: (t: Int, h: Int, w: Int)) {
    self.table = table
    self.window = window
  }
}

/// Which rows attend to each other.
package struct AttentionWindows {
  /// Window w holds rows `rows[starts[w]..<starts[w + 1]]`, its tokens in (t, y, x) order.
  package let rows: [Int32]
  package let starts: [Int32]
  /// Further keys of window w: these rows of the text; empty for none.
  package let text: [Range<Int>]

  package init(_ windows: [[Int32]], text: [Range<Int>] = []) {
    precondition(text.isEmpty || text.count == windows.count, "\(text.count) text ranges for \(windows.count) windows")
    rows = windows.flatMap { $0 }
    starts = windows.reduce(into: [0]) { $0.append($0.last! + Int32($1.count)) }
    self.text = text
  }

  package var count: Int { starts.count - 1 }
}
