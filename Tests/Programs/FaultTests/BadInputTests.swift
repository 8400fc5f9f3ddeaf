import ControlProtocol
import DaemonTesting
import DurableFiles
import Foundation
import JobModel
import Testing

/// What a request must not cost, whatever it is.
private let longestAnswer = 4096

extension Faults {
  @Suite("Bad input", .serialized, .timeLimit(.minutes(30)))
  struct BadInputTests {
    private func refusal(_ bytes: [UInt8]) -> RequestError? {
      do throws(RequestError) {
        _ = try Request(parsing: bytes)
        return nil
      } catch {
        return error
      }
    }

    @Test("each of more than 300 malformed and hostile requests is refused, at a place that lies in it")
    func corpus() {
      #expect(HostileRequests.all.count >= 300)
      #expect(Set(HostileRequests.all.map(\.name)).count == HostileRequests.all.count)
      #expect(refusal(Array(HostileRequests.good.utf8)) == nil)
      for hostile in HostileRequests.all {
        guard let error = refusal(hostile.bytes) else {
          Issue.record("\(hostile.name) was taken: \(String(decoding: hostile.bytes.prefix(200), as: UTF8.self))")
          continue
        }
        #expect(isSound(error, hostile.bytes), "\(hostile.name): \(String(error.description.prefix(300)))")
      }
    }

    /// Whether an answer says what is wrong, where, and not too much.
    private func isSound(_ error: RequestError, _ bytes: [UInt8]) -> Bool {
      guard let place = error.place, !error.message.isEmpty, error.message.utf8.count <= longestAnswer else {
        return false
      }
      let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      return 1...lines.count ~= place.line && 1...(lines[place.line - 1].count + 1) ~= place.column
    }

    @Test("mutated requests are taken or refused at a place, the same each time; nothing crashes, hangs or grows")
    func mutations() throws {
      let folder = "/tmp/walt-mutations-\(UUID().uuidString.prefix(8))"
      try TestModel.write(to: folder, script: "{}")
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let model = try ModelDescription(name: "test", folder: folder)
      let sources = HostileRequests.all.map(\.bytes).filter { $0.count < 4096 }
      var mutator = Mutator(
        sources + Array(repeating: Array(HostileRequests.good.utf8), count: sources.count),
        random: SeededRandom(stream: 1))
      let count = Soak.count(short: 3000, long: 100_000)
      var memory = 0
      var slowest = Duration.zero
      for index in 0..<count {
        if index == count / 2 { memory = residentBytes() }
        let bytes = mutator.next()
        let begin = ContinuousClock.now
        if let error = refusal(bytes) {
          #expect(isSound(error, bytes), "\(error): \(bytes)")
          #expect(refusal(bytes) == error)
        } else if let request = try? Request(parsing: bytes) {
          // What the model refuses is an error too, nothing else.
          _ = try? request.resolved(for: model, digest: SHA256Digest(of: bytes), account: "default")
        }
        slowest = max(slowest, .now - begin)
      }
      print("\(count) mutations, the slowest took \(slowest)")
      #expect(slowest < .seconds(5))
      #expect(residentBytes() - memory < 64 << 20)
    }

    private func residentBytes() -> Int {
      let statm = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
      return (statm.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * Int(getpagesize())
    }

    @Test("dropped into a spool, each gets an error file that names the place, and good requests beside them are done")
    func dropped() async throws {
      let daemon = try DaemonProcess()
      let hostile = HostileRequests.all.enumerated().filter { Soak.isLong || $0.offset % 8 == 0 }.map(\.element)
      for request in hostile {
        try DurableFile.replace("\(daemon.spool)/\(request.name).json", with: request.bytes)
      }
      try daemon.drop(#"{"prompt": "a red circle", "frames": 1}"#, as: "good.json")
      try daemon.start("--drain")
      #expect(try await daemon.exitCode() == 1)
      for request in hostile {
        let text = try daemon.read("\(request.name).error.json")
        let document = try JSONDocument(parsing: Array(text.utf8)).root.value
        #expect(document["error"]?.stringValue != nil && document["message"]?.stringValue != nil, "\(request.name)")
        #expect(document["line"] != nil || document["error"]?.stringValue == "too_large", "\(request.name): \(text)")
      }
      #expect(daemon.exists("good.result.json"))
      let left = Set(try daemon.names())
      let expected = hostile.flatMap { ["\($0.name).json", "\($0.name).error.json"] }
      #expect(left == Set(expected + ["good.json", "good.png", "good.result.json"]))
    }

    @Test("files that are no files of their own are refused without being opened, and nothing hangs")
    func kinds() async throws {
      let daemon = try DaemonProcess()
      symlink("/etc/passwd", "\(daemon.spool)/link.json")
      symlink("loop.json", "\(daemon.spool)/loop.json")
      mkfifo("\(daemon.spool)/fifo.json", 0o666)
      try DurableFile.makeFolder("\(daemon.spool)/folder.json")
      try DurableFile.replace("\(daemon.root)/outside", with: #"{"prompt": "a"}"#)
      link("\(daemon.root)/outside", "\(daemon.spool)/hard.json")
      let sparse = open("\(daemon.spool)/sparse.json", O_CREAT | O_WRONLY, 0o644)
      ftruncate(sparse, 10 << 30)
      close(sparse)
      try daemon.drop(#"{"prompt": "a", "frames": 1}"#, as: "good.json")
      try daemon.start("--drain")
      #expect(try await daemon.exitCode() == 1)
      for name in ["link", "loop", "fifo", "hard"] {
        #expect(try daemon.read("\(name).error.json").contains("\"error\": \"file\""), "\(name)")
      }
      #expect(try daemon.read("sparse.error.json").contains("too_large"))
      #expect(daemon.exists("good.result.json") && !daemon.exists("folder.error.json"))
    }
  }
}
