import ControlProtocol
import FlyingFox
import FlyingSocks
import Foundation
import JobModel
import JobStore

extension ControlServer {
  /// All that happens from now on, or after the event that the query (`after`) or `Last-Event-ID` names, as
  /// server-sent events without an end.
  func events(_ request: HTTPRequest) async throws -> HTTPResponse {
    let named = request.query["after"] ?? request.headers[HTTPHeader("Last-Event-ID")]
    guard let after = Int64(named ?? "0"), after >= 0 else {
      let error = ControlError(.badRequest, "follow events: after is \"\(named ?? "")\", must be an event's number")
      return try Self.response(error, status: error.status)
    }
    let start = named == nil ? try await core.store.lastEvent() : after
    return HTTPResponse(
      statusCode: .ok, headers: [.contentType: "text/event-stream", HTTPHeader("Cache-Control"): "no-store"],
      body: HTTPBodySequence(from: EventFeed(store: core.store, after: start)))
  }
}

/// The store's events in the form of server-sent events: `id`, `event`, `data` (a `ServiceEvent`), an empty line.
struct EventFeed: AsyncBufferedSequence {
  typealias Element = UInt8
  let store: JobStore
  let after: Int64

  /// How often the store is asked.
  private static let pause = Duration.milliseconds(200)
  /// Pauses without an event after which a comment shows that the line is alive.
  private static let quietPauses = 50

  struct AsyncIterator: AsyncBufferedIteratorProtocol {
    fileprivate let store: JobStore
    fileprivate var last: Int64
    private var hasBegun = false
    private var pending: ArraySlice<UInt8> = []

    fileprivate init(store: JobStore, last: Int64) {
      self.store = store
      self.last = last
    }

    mutating func next() async throws -> UInt8? {
      if pending.isEmpty { pending = (try await nextBuffer(suggested: 1) ?? [])[...] }
      return pending.popFirst()
    }

    mutating func nextBuffer(suggested count: Int) async throws -> [UInt8]? {
      // The head of the answer waits for the first bytes.
      if !hasBegun {
        hasBegun = true
        return Array(": events\n\n".utf8)
      }
      for _ in 0..<EventFeed.quietPauses {
        let events = try await store.events(after: last, limit: 100)
        if let newest = events.last?.id {
          last = newest
          return try events.flatMap { try EventFeed.text(ServiceEvent($0)) }
        }
        try await Task.sleep(for: EventFeed.pause)
      }
      return Array(": quiet\n\n".utf8)
    }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(store: store, last: after) }

  static func text(_ event: ServiceEvent) throws -> [UInt8] {
    let head = "id: \(event.id)\nevent: \(event.what)\ndata: "
    return Array(head.utf8) + Array(try ControlCoding.encode(event)) + Array("\n\n".utf8)
  }
}

extension ServiceEvent {
  init(_ event: EventRecord) {
    self.init(
      id: event.id, time: event.date, job: event.job, what: event.kind, why: event.detail.isEmpty ? nil : event.detail)
  }
}
