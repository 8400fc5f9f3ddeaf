/// T5's bucket of the relative position key − query, bidirectional: `model.md` section 5.
///
/// Near positions have a bucket each, far ones share logarithmic buckets; the thresholds equal Hugging Face's float32
/// logarithm, for 32 buckets and a maximum distance of 128, the only sizes that T5 v1.1 has.
package func relativePositionBucket(_ relative: Int) -> Int {
  let direction = relative > 0 ? 16 : 0
  let distance = abs(relative)
  guard distance >= 8 else { return direction + distance }
  return direction + 7 + thresholds.count { distance >= $0 }
}

/// The distances at which buckets 8, 9, … 15 begin.
private let thresholds = [8, 12, 16, 23, 32, 46, 64, 91]
