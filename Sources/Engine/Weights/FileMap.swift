import Glibc

/// A file mapped into memory, read only, until the last reference goes.
///
/// `@unchecked Sendable`: the memory is never written.
final class FileMap: @unchecked Sendable {
  let bytes: UnsafeRawBufferPointer

  init(path: String) throws {
    func unreadable() -> WeightsError {
      WeightsError(.unreadable, "load weights \"\(path)\": \(String(cString: strerror(errno))); is the path right?")
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable() }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable() }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw WeightsError(.unreadable, "load weights \"\(path)\": it is not a regular file")
    }
    guard status.st_size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let start = mmap(nil, status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw unreadable()
    }
    bytes = UnsafeRawBufferPointer(start: start, count: status.st_size)
  }

  deinit {
    if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
  }
}
