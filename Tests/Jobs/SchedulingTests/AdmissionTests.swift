import Foundation
import JobModel
import Scheduling
import Testing

@Suite("Admission")
struct AdmissionTests {
  private func model(weights: Int) throws -> ModelDescription {
    let stage: [String: Any] = [
      "name": "base", "width": 32, "height": 32, "stepCount": 50, "guidanceScale": 7.5, "tokenCount": 80,
      "hiddenSize": 64, "feedForwardSize": 128, "weightByteCount": weights,
    ]
    let value: [String: Any] = [
      "name": "demo", "folder": "/models/demo", "fps": 8, "maxFrameCount": 17, "chunkFrameCount": 17,
      "overlapFrameCount": 5, "takesText": true, "predictsFrames": true, "makesImages": true, "variants": [String](),
      "classCount": 0, "eta": 0, "stages": [stage],
      "textWeightByteCount": 0, "autoencoderWeightByteCount": 0, "autoencoderChannelCount": 16,
    ]
    return try JSONDecoder().decode(ModelDescription.self, from: JSONSerialization.data(withJSONObject: value))
  }

  private func check(weights: Int) throws {
    let model = try model(weights: weights)
    let text = Array(#"{"prompt": "x"}"#.utf8)
    let request = try Request(parsing: text).resolved(for: model, digest: .init(of: text), account: "default")
    try Admission.check(request, model: model, deviceMemories: [1 << 20, 1 << 30])
  }

  @Test("what fits is admitted") func fits() throws { try check(weights: 1 << 20) }

  @Test("what can never fit is refused with the numbers")
  func neverFits() throws {
    let error = #expect(throws: RequestError.self) { try check(weights: 1 << 30) }
    #expect(error?.code == .neverFits)
    #expect(error?.message.hasPrefix("base of \"demo\" needs 2.1 GiB, the largest device has 1.0 GiB;") == true)
  }
}
