/// What the file `SHA256SUMS` in a folder says of others there, as sha256sum writes it.
package struct SHA256Sums: Sendable {
  /// Files by their paths in the folder, with their SHA-256 in hexadecimal, in the order of the lines.
  package private(set) var digests: [(file: String, sha256: String)] = []
  /// Lines that say nothing.
  package private(set) var badLines: [String] = []

  /// Empty where there is no such file.
  package init(in folder: String) {
    let text = (try? DurableFile.read("\(folder)/SHA256SUMS", limit: 1 << 20)) ?? []
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 1)
      if parts.count == 2 {
        digests.append((file: String(parts[1].drop { " *".contains($0) }), sha256: String(parts[0])))
      } else {
        badLines.append(String(line))
      }
    }
  }
}
