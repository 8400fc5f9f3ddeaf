import Kernels

/// Where tasks run: this processor, with the best kernels or with those that a task was begun with.
final class WorkerDevices {
  /// With the kernels chosen at the start.
  let standard: ComputeDevice
  private var others: [String: ComputeDevice] = [:]

  init(threadCount: Int) { standard = ComputeDevice(threadCount: threadCount) }

  /// - Throws: `KernelsError` if this processor cannot run `kernels`.
  func device(kernels: String?) throws -> ComputeDevice {
    guard let kernels, kernels != standard.kernelsName else { return standard }
    if let device = others[kernels] { return device }
    let device = try ComputeDevice(threadCount: standard.threadCount, kernels: kernels)
    others[kernels] = device
    return device
  }
}
