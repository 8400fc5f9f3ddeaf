/// The element types whose values are float32 values too.
package enum FloatType: String, Sendable, CaseIterable {
  case float32 = "f32"
  case float16 = "f16"
  case bfloat16 = "bf16"

  package var byteCount: Int { self == .float32 ? 4 : 2 }
}
