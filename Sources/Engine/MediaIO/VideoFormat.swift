import CFFmpeg

/// The kinds of video file that are written, under their public names.
package enum VideoFormat: String, CaseIterable, Sendable {
  /// H.264 by libx264 in MP4: what everything plays.
  case mp4
  /// VP9 by libvpx in WebM: free of patents, for browsers.
  case webm
  /// FFV1 in Matroska: RGB, lossless, for archives and further work.
  case mkvFFV1 = "mkv-ffv1"

  /// Of the file's name, without the dot.
  package var fileExtension: String {
    switch self {
    case .mp4: "mp4"
    case .webm: "webm"
    case .mkvFFV1: "mkv"
    }
  }
}

extension VideoFormat {
  /// libavformat's name.
  var container: String {
    switch self {
    case .mp4: "mp4"
    case .webm: "webm"
    case .mkvFFV1: "matroska"
    }
  }

  /// libavcodec's name.
  var encoder: String {
    switch self {
    case .mp4: "libx264"
    case .webm: "libvpx-vp9"
    case .mkvFFV1: "ffv1"
    }
  }

  /// Of the encoder. Constant quality; nothing that depends on time or threads.
  var encoderOptions: [String: String] {
    switch self {
    case .mp4: ["preset": "medium", "crf": "14"]
    // Without alternate reference frames every packet is a frame that is shown.
    case .webm: ["crf": "18", "b": "0", "deadline": "good", "cpu-used": "2", "auto-alt-ref": "0"]
    // Version 3 has a checksum in each slice.
    case .mkvFFV1: ["level": "3", "slicecrc": "1"]
    }
  }

  /// Of the container; MP4 gets its index in front.
  var containerOptions: [String: String] { self == .mp4 ? ["movflags": "+faststart"] : [:] }

  /// How the encoder takes pixels: at half colour resolution, or as they are.
  var pixelFormat: AVPixelFormat { self == .mkvFFV1 ? AV_PIX_FMT_BGR0 : AV_PIX_FMT_YUV420P }

  /// Whether width and height must be even.
  var halvesChroma: Bool { pixelFormat == AV_PIX_FMT_YUV420P }
}
