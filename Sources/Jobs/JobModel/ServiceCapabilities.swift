/// What this version's workers can do; a request for more is refused as unsupported, never quietly changed.
package struct ServiceCapabilities: Equatable, Sendable {
  package var videos: Set<OutputChoice.Video> = [.mp4, .none]
  package var publishesFrames = false
  package var publishesLatents = false
  /// `image`, `video` and `first_frame`.
  package var takesConditioning = false
  package var variesGuidance = false
  package var keepsDeadlines = false
  package var profiles: Set<Request.Profile> = [.exact]
  /// Whether clips of more than one chunk can be made.
  package var makesLongVideo = true

  package init() {}
}
