/// An AVI file of gray JPEG pictures of 16 × 16 pixels.
///
/// - Parameter lumaSamplings: of each picture how many times finer its luma is than its chroma: 1 (4:4:4) or 2 (4:2:0).
func motionJPEG(lumaSamplings: [Int]) -> [UInt8] {
  let count = lumaSamplings.count
  let header = words([125_000, 0, 0, 0, count, 0, 1, 0, 16, 16, 0, 0, 0, 0])
  // Codec, rate 8, length; its rectangle is two numbers of 16 bits to a word.
  var stream = Array("vidsMJPG".utf8)
  stream += words([0, 0, 0, 1, 8, 0, count, 0, 0xFFFF_FFFF, 0, 0, 0x10_0010])
  // A bitmap's header: 16 × 16, 1 plane, 24 bits.
  var format = words([40, 16, 16, 0x18_0001])
  format += Array("MJPG".utf8)
  format += words([16 * 16 * 3, 0, 0, 0, 0])
  let streams = list("strl", [chunk("strh", stream), chunk("strf", format)])
  let pictures = lumaSamplings.map { chunk("00dc", jpeg(lumaSampling: UInt8($0))) }
  let lists = [list("hdrl", [chunk("avih", header), streams]), list("movi", pictures)]
  return chunk("RIFF", Array("AVI ".utf8) + lists.flatMap { $0 })
}

private func words(_ values: [Int]) -> [UInt8] {
  values.flatMap { (value: Int) -> [UInt8] in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
}

private func chunk(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
  var result = Array(name.utf8)
  result += words([bytes.count])
  result += bytes
  if !bytes.count.isMultiple(of: 2) { result.append(0) }
  return result
}

private func list(_ name: String, _ chunks: [[UInt8]]) -> [UInt8] {
  chunk("LIST", Array(name.utf8) + chunks.flatMap { $0 })
}

/// Every block is empty: a difference of 0 and the end of the block, one bit each.
private func jpeg(lumaSampling: UInt8) -> [UInt8] {
  let factors: UInt8 = lumaSampling << 4 | lumaSampling
  // A table of one symbol, 0, whose code has one bit.
  func codes(_ table: UInt8) -> [UInt8] { [0xFF, 0xC4, 0, 20, table, 1] + [UInt8](repeating: 0, count: 16) }
  let parts: [[UInt8]] = [
    [0xFF, 0xD8], [0xFF, 0xDB, 0, 67, 0], [UInt8](repeating: 1, count: 64),
    [0xFF, 0xC0, 0, 17, 8, 0, 16, 0, 16, 3, 1, factors, 0, 2, 0x11, 0, 3, 0x11, 0], codes(0), codes(0x10),
    [0xFF, 0xDA, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0],
    // 4 · 3 blocks of 8 × 8, or 4 + 1 + 1; what is left of the last byte is filled with ones.
    lumaSampling == 1 ? [0, 0, 0] : [0, 0x0F], [0xFF, 0xD9],
  ]
  return parts.flatMap { $0 }
}
