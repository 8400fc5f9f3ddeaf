import CFFmpeg

/// Calls of FFmpeg that report errors as negative numbers.
struct FFmpegCall {
  /// `write video "cat.mp4"`: begins the message of every error.
  let attempt: String
  let code: MediaError.Code

  init(_ attempt: String, code: MediaError.Code) {
    self.attempt = attempt
    self.code = code
    // What FFmpeg has to say comes back as errors; nothing of it belongs on our standard error.
    av_log_set_level(AV_LOG_QUIET)
  }

  /// - Throws: FFmpeg's own explanation of a negative result, after what was being done.
  @discardableResult
  func callAsFunction(_ doing: String, _ result: Int32, hint: String = "") throws(MediaError) -> Int32 {
    guard result < 0 else { return result }
    var text = [CChar](repeating: 0, count: 128)
    av_strerror(result, &text, text.count)
    let reason = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    throw error("\(doing): \(reason)", hint: hint)
  }

  /// - Throws: where FFmpeg gave nothing.
  func unwrap<Value>(_ doing: String, _ value: Value?, hint: String = "") throws(MediaError) -> Value {
    guard let value else { throw error("\(doing) gave nothing", hint: hint) }
    return value
  }

  func error(_ reason: String, hint: String = "") -> MediaError {
    MediaError(code, "\(attempt): \(reason)" + (hint.isEmpty ? "" : "; \(hint)"))
  }
}
