import DurableFiles
import Foundation
import JobModel

/// Looks at a model folder from outside: configuration, the extent of each weights file, and, where the folder has a
/// `SHA256SUMS` (as sha256sum writes it), every byte.
struct ModelCheck {
  let name: String
  let folder: String

  var findings: [Finding] {
    do {
      _ = try ModelDescription(name: name, folder: folder)
    } catch {
      return [finding(folder, "\(error); its jobs are held until it can be read")]
    }
    let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return files.filter { $0.hasSuffix(".safetensors") }.sorted().compactMap(extentFinding) + digestFindings
  }

  private func finding(_ path: String, _ problem: String) -> Finding { Finding(.model, path, problem) }

  /// A safetensors file begins with the length of its head, and the head says how far the tensors reach.
  private func extentFinding(_ file: String) -> Finding? {
    let path = "\(folder)/\(file)"
    do {
      let map = try MappedFile(path)
      guard let end = Self.extent(map.bytes) else { return finding(path, "its head is damaged; copy it here again") }
      if end == map.byteCount { return nil }
      return finding(path, "is \(map.byteCount) bytes, its head says \(end); copy it here again")
    } catch {
      return finding(path, "\(error)")
    }
  }

  /// The number of bytes that the file must have; nil where the head is damaged.
  private static func extent(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard bytes.count >= 8 else { return nil }
    let length = bytes.loadUnaligned(as: UInt64.self).littleEndian
    guard length <= UInt64(bytes.count - 8) else { return nil }
    let head = Array(bytes[8..<8 + Int(length)])
    let limits = JSONLimits(byteCount: head.count, depth: 8, valueCount: 10_000_000)
    guard let document = try? JSONDocument(parsing: head, limits: limits).root.value,
      case .object(let tensors) = document
    else { return nil }
    let ends = tensors.filter { $0.key != "__metadata__" }.map { tensor in
      tensor.value["data_offsets"]?.arrayValue?.last?.integerValue
    }
    guard ends.allSatisfy({ $0.map { 0...Int64(1 << 50) ~= $0 } ?? false }) else { return nil }
    return 8 + Int(length) + Int(ends.compactMap { $0 }.max() ?? 0)
  }

  private var digestFindings: [Finding] {
    let sums = SHA256Sums(in: folder)
    let badLines = sums.badLines.map { finding("\(folder)/SHA256SUMS", "has a line that says nothing: \($0)") }
    let changed = sums.digests.map { ("\(folder)/\($0.file)", $0.sha256) }
      .filter { path, digest in (try? sha256(ofFile: path)) != digest }
    return badLines + changed.map { path, _ in finding(path, "is not what SHA256SUMS says; copy it here again") }
  }
}
