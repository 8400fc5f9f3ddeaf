import CCrypto
import Foundation

/// The SHA-256 of some bytes; written as 64 lower-case hexadecimal digits.
package struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
  /// 32 bytes.
  package let bytes: [UInt8]

  package init(of bytes: some ContiguousBytes) {
    var hasher = SHA256Hasher()
    bytes.withUnsafeBytes { hasher.update($0) }
    self = hasher.finish()
  }

  package init(of text: String) { self.init(of: Array(text.utf8)) }

  /// Reads the file in pieces of 1 MiB.
  package init(ofFile path: String) throws(FileSystemError) {
    let number = open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { throw FileSystemError("open", path) }
    self = try Self(ofOpenFile: FileDescriptor(adopting: number), path: path)
  }

  /// From the current place of `file` to its end.
  package init(ofOpenFile file: borrowing FileDescriptor, path: String) throws(FileSystemError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { buffer.deallocate() }
    var hasher = SHA256Hasher()
    while true {
      let count = Foundation.read(file.number, buffer.baseAddress, buffer.count)
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileSystemError("read", path)
      }
      hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    self = hasher.finish()
  }

  /// Reads what `hex` writes; nil for anything but 64 lower-case hexadecimal digits.
  package init?(hex: String) {
    let digits = Array(hex.utf8)
    guard digits.count == 64 else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: 64, by: 2) {
      guard let high = Self.value(digits[index]), let low = Self.value(digits[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    self.bytes = bytes
  }

  fileprivate init(bytes: [UInt8]) { self.bytes = bytes }

  package var hex: String {
    String(decoding: bytes.flatMap { [Self.digits[Int($0 >> 4)], Self.digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  package var description: String { hex }

  /// The first 63 bits, big-endian: 0…2^63−1. The default seed of a request.
  package var first63Bits: Int64 {
    Int64(bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } >> 1)
  }

  private static let digits = Array("0123456789abcdef".utf8)

  private static func value(_ digit: UInt8) -> UInt8? {
    digits.firstIndex(of: digit).map { UInt8($0) }
  }
}

/// SHA-256 of bytes that come in pieces.
package struct SHA256Hasher: ~Copyable {
  private let context: OpaquePointer

  package init() {
    guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      preconditionFailure("libcrypto offers no SHA-256")
    }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  /// The digest of all that came; nothing may come after.
  package mutating func finish() -> SHA256Digest {
    var bytes = [UInt8](repeating: 0, count: 32)
    EVP_DigestFinal_ex(context, &bytes, nil)
    return SHA256Digest(bytes: bytes)
  }
}

/// The SHA-256 of `bytes`, as lower-case hexadecimal digits.
package func sha256(of bytes: some ContiguousBytes) -> String { SHA256Digest(of: bytes).hex }

/// The SHA-256 of a file, as lower-case hexadecimal digits.
package func sha256(ofFile path: String) throws(FileSystemError) -> String { try SHA256Digest(ofFile: path).hex }
