import JobModel

/// Whether a job can run at all on the devices that are configured.
package enum Admission {
  /// - Parameter deviceMemories: bytes that each device has.
  /// - Throws: `RequestError.Code.neverFits` with the numbers where a task is larger than the largest device.
  package static func check(
    _ request: ResolvedRequest, model: ModelDescription, deviceMemories: [Int]
  ) throws(RequestError) {
    let largest = deviceMemories.max() ?? 0
    for step in request.plan.steps {
      let need = model.memoryByteCount(of: step.stage)
      guard need > largest else { continue }
      let found = "\(step.stage.rawValue) of \"\(model.name)\" needs \(gibibytes(need))"
      let hint = "raise a device's memory in the configuration or choose another model"
      throw RequestError(.neverFits, "\(found), the largest device has \(gibibytes(largest)); \(hint)", path: "/model")
    }
  }

  /// One digit after the point, rounded up for what is needed to stay above what is there.
  private static func gibibytes(_ byteCount: Int) -> String {
    let tenths = (Double(byteCount) / 107_374_182.4).rounded(.up)
    return "\(Int(tenths) / 10).\(Int(tenths) % 10) GiB"
  }
}
