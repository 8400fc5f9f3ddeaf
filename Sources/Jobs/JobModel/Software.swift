/// What this is a version of.
package enum Software {
  package static let version = "0.1.0"
}
