import ArgumentParser
import Foundation
import Kernels

/// What computes.
struct ComputeOptions: ParsableArguments {
  @Option(help: "Threads to compute with.") var threads = ProcessInfo.processInfo.activeProcessorCount

  var device: ComputeDevice { ComputeDevice(threadCount: threads) }

  func validate() throws {
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads is \(threads), allowed are 1 to 1024")
    }
  }
}
