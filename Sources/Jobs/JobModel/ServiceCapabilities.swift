/// What this version's workers can do; a request for more is refused as unsupported, never quietly changed.
package struct ServiceCapabilities: Equatable, Sendable {
  package var profiles: Set<Request.Profile> = [.exact]

  package init() {}
}
