import Tensors

/// Encoded prompts of one model: those that were asked for last, in bounded memory, so that the clips of a batch that
/// share a prompt or a negative prompt have it encoded once.
struct TextCache {
  private struct Entry {
    let text: Tensor
    /// When it was asked for last.
    var use: Int
  }

  private let byteLimit: Int
  private var entries: [String: Entry] = [:]
  private var byteCount = 0
  private var useCount = 0

  init(byteLimit: Int = 64 << 20) { self.byteLimit = byteLimit }

  /// The encoded prompts, in order.
  ///
  /// - Parameter encode: called once for those that are not there, each of them once; not at all if there are none.
  mutating func texts(of prompts: [String], encode: ([String]) throws -> [Tensor]) rethrows -> [Tensor] {
    var texts: [String: Tensor] = [:]
    for prompt in prompts { texts[prompt] = entries[prompt]?.text }
    var missing: [String] = []
    for prompt in prompts where texts[prompt] == nil && !missing.contains(prompt) { missing.append(prompt) }
    if !missing.isEmpty {
      for (prompt, text) in zip(missing, try encode(missing)) { texts[prompt] = text }
    }
    for prompt in prompts { keep(texts[prompt], of: prompt) }
    return prompts.compactMap { texts[$0] }
  }

  private mutating func keep(_ text: Tensor?, of prompt: String) {
    guard let text else { return }
    if entries[prompt] == nil { byteCount += text.byteCount }
    useCount += 1
    entries[prompt] = Entry(text: text, use: useCount)
    while byteCount > byteLimit, let oldest = entries.min(by: { $0.value.use < $1.value.use }) {
      byteCount -= oldest.value.text.byteCount
      entries[oldest.key] = nil
    }
  }
}

extension Tensor {
  fileprivate var byteCount: Int { count * MemoryLayout<Float>.stride }
}
