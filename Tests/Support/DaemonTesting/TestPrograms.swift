import Foundation

/// Where the programs under test are, and a configuration for them.
package enum TestPrograms {
  package static let configuration = """
    spool = "spool"
    state = "state"
    settle = "50 ms"
    checkpoint_interval = "0 s"
    [retry]
    attempts = 3
    back_off = "10 ms"
    [[device]]
    name = "cpu0"
    threads = 1
    memory = "1 GiB"
    [[model]]
    name = "test"
    folder = "model"
    """

  /// A program of this package, beside the test's own.
  package static func path(_ name: String) -> String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(filePath: own).deletingLastPathComponent().appending(path: name).path
  }
}
