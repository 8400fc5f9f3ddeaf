import DurableFiles
import Tensors

/// Writes a weights file tensor after tensor, so that memory holds one of them at a time.
package struct SafetensorsWriter {
  /// A tensor that the file will hold.
  package struct Entry {
    package let name: String
    package let shape: [Int]
    package let type: FloatType

    package init(_ name: String, _ shape: [Int], _ type: FloatType) {
      (self.name, self.shape, self.type) = (name, shape, type)
    }
  }

  private let layout: SafetensorsLayout

  /// - Parameters:
  ///   - entries: in any order; the bytes of the file are those of a `SafetensorsDocument` with the same content.
  ///   - metadata: the `__metadata__` map.
  package init(_ entries: [Entry], metadata: [String: String] = [:]) {
    layout = SafetensorsLayout(
      entries.map { SafetensorsLayout.Entry(name: $0.name, type: ScalarType($0.type), shape: $0.shape) },
      metadata: metadata)
  }

  /// Bytes of the whole file.
  package var byteCount: Int { layout.header.count + layout.dataByteCount }

  /// Replaces the file at `path`, which appears whole or not at all.
  ///
  /// - Parameter tensor: gives the values of each name, asked for once and in the order of the file.
  /// - Throws: `FileSystemError`, and what `tensor` throws.
  package func write(to path: String, tensor: (String) throws -> Tensor) throws {
    try DurableFile.replace(path) { file in
      try file.write(layout.header, path: path)
      for entry in layout.entries {
        let values = try tensor(entry.name)
        precondition(values.shape == entry.shape, "\(entry.name) is \(values.shape), announced as \(entry.shape)")
        try file.write(values.bytes(as: entry.type.floatType ?? .float32), path: path)
      }
    }
  }
}
