import DurableFiles
import Foundation
import Testing

@Suite("SHA-256")
struct SHA256Tests {
  @Test(
    "known digests (FIPS 180-4 examples)",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
  func known(text: String, hex: String) {
    #expect(SHA256Digest(of: text).hex == hex)
    #expect(SHA256Digest(hex: hex) == SHA256Digest(of: text))
  }

  @Test("a file of several pieces has the digest of its bytes")
  func file() throws {
    let path = NSTemporaryDirectory() + "walt-" + UUID().uuidString
    defer { _ = try? DurableFile.remove(path) }
    let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try DurableFile.replace(path, with: bytes)
    #expect(try sha256(ofFile: path) == sha256(of: bytes))
  }

  @Test("the first 63 bits are the first eight bytes without the last bit")
  func seed() {
    #expect(SHA256Digest(of: "abc").first63Bits == Int64(bitPattern: 0xba78_16bf_8f01_cfea >> 1))
  }

  @Test("only 64 lower-case digits are a digest", arguments: ["", "00", String(repeating: "A", count: 64)])
  func notHex(text: String) { #expect(SHA256Digest(hex: text) == nil) }
}
