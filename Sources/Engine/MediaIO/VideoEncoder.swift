import CFFmpeg

/// One video file in the making, on one thread, without anything that differs between two runs.
///
/// Owns FFmpeg's contexts; used by one thread.
final class VideoEncoder {
  private let call: FFmpegCall
  private let videoFormat: VideoFormat
  private let quality: Int?
  private var format: UnsafeMutablePointer<AVFormatContext>?
  private var context: UnsafeMutablePointer<AVCodecContext>?
  private var frame = av_frame_alloc()
  private var packet = av_packet_alloc()
  private var stream: UnsafeMutablePointer<AVStream>?

  /// Encodes all of `frames` into a new file at `path`; `name` is for messages.
  static func encode(
    _ frames: RGBFrames, as videoFormat: VideoFormat, framesPerSecond: Int, comment: String, quality: Int?,
    to path: String, name: String
  ) throws(MediaError) {
    let attempt = "write video \"\(name)\""
    let isEven = frames.width.isMultiple(of: 2) && frames.height.isMultiple(of: 2)
    guard frames.width > 0, frames.height > 0, isEven || !videoFormat.halvesChroma else {
      throw MediaError(
        .unsupported,
        "\(attempt): the frames are \(frames.width) × \(frames.height), yuv420p takes even sizes; change the size")
    }
    guard frames.frameCount > 0, framesPerSecond > 0 else {
      throw MediaError(
        .unsupported, "\(attempt): \(frames.frameCount) frames at \(framesPerSecond) a second; both must be above 0")
    }
    let encoder = VideoEncoder(FFmpegCall(attempt, code: .notWritten), videoFormat, quality: quality)
    try encoder.open(
      width: frames.width, height: frames.height, framesPerSecond: framesPerSecond, comment: comment, path: path)
    for index in 0..<frames.frameCount { try encoder.append(frames, index) }
    try encoder.finish()
  }

  private init(_ call: FFmpegCall, _ videoFormat: VideoFormat, quality: Int?) {
    self.call = call
    self.videoFormat = videoFormat
    self.quality = quality
  }

  private func open(
    width: Int, height: Int, framesPerSecond: Int, comment: String, path: String
  ) throws(MediaError) {
    let url = "file:" + path
    try call("choose the container", avformat_alloc_output_context2(&format, nil, videoFormat.container, url))
    let format = try call.unwrap("choose the container", format)
    let stream = try call.unwrap("add a stream", avformat_new_stream(format, nil))
    self.stream = stream
    let context = try openEncoder(width: width, height: height, framesPerSecond: framesPerSecond)
    try call("describe the stream", avcodec_parameters_from_context(stream.pointee.codecpar, context))
    stream.pointee.time_base = context.pointee.time_base
    stream.pointee.avg_frame_rate = context.pointee.framerate
    stream.pointee.r_frame_rate = context.pointee.framerate
    format.pointee.flags |= AVFMT_FLAG_BITEXACT
    if !comment.isEmpty { av_dict_set(&format.pointee.metadata, "comment", comment, 0) }
    try call("create the file", avio_open(&format.pointee.pb, url, AVIO_FLAG_WRITE))
    try call(
      "write the header", Self.withOptions(videoFormat.containerOptions) { avformat_write_header(format, $0) })
    let frame = try call.unwrap("allocate a frame", frame)
    frame.pointee.format = videoFormat.pixelFormat.rawValue
    frame.pointee.width = Int32(width)
    frame.pointee.height = Int32(height)
    try call("allocate a frame", av_frame_get_buffer(frame, 0))
  }

  private func openEncoder(
    width: Int, height: Int, framesPerSecond: Int
  ) throws(MediaError) -> UnsafeMutablePointer<AVCodecContext> {
    let codec = try call.unwrap(
      "find the encoder \(videoFormat.encoder)", avcodec_find_encoder_by_name(videoFormat.encoder),
      hint: "install Debian's libavcodec59")
    context = avcodec_alloc_context3(codec)
    let context = try call.unwrap("allocate the encoder", context)
    configure(context, width: width, height: height, framesPerSecond: framesPerSecond)
    var options = videoFormat.encoderOptions
    if let quality { options["crf"] = "\(quality)" }
    try call(
      "open the encoder", Self.withOptions(options) { avcodec_open2(context, codec, $0) })
    return context
  }

  deinit {
    av_packet_free(&packet)
    av_frame_free(&frame)
    avcodec_free_context(&context)
    if let format { avio_closep(&format.pointee.pb) }
    avformat_free_context(format)
  }

  private func configure(
    _ context: UnsafeMutablePointer<AVCodecContext>, width: Int, height: Int, framesPerSecond: Int
  ) {
    context.pointee.width = Int32(width)
    context.pointee.height = Int32(height)
    context.pointee.pix_fmt = videoFormat.pixelFormat
    context.pointee.time_base = AVRational(num: 1, den: Int32(framesPerSecond))
    context.pointee.framerate = AVRational(num: Int32(framesPerSecond), den: 1)
    context.pointee.color_primaries = AVCOL_PRI_BT709
    context.pointee.color_trc = AVCOL_TRC_BT709
    context.pointee.colorspace = videoFormat.halvesChroma ? AVCOL_SPC_BT709 : AVCOL_SPC_RGB
    context.pointee.color_range = videoFormat.halvesChroma ? AVCOL_RANGE_MPEG : AVCOL_RANGE_JPEG
    if videoFormat.halvesChroma { context.pointee.chroma_sample_location = AVCHROMA_LOC_LEFT }
    // Without B-frames decoding order is display order: no edit list, nothing for a player to get wrong.
    context.pointee.max_b_frames = 0
    context.pointee.thread_count = 1
    context.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT
  }

  private static func withOptions(
    _ options: [String: String], _ body: (UnsafeMutablePointer<OpaquePointer?>) -> Int32
  ) -> Int32 {
    var dictionary: OpaquePointer?
    for (key, value) in options { av_dict_set(&dictionary, key, value, 0) }
    defer { av_dict_free(&dictionary) }
    return body(&dictionary)
  }

  private func append(_ frames: RGBFrames, _ index: Int) throws(MediaError) {
    let frame = try call.unwrap("allocate a frame", frame)
    try call("reuse a frame", av_frame_make_writable(frame))
    if videoFormat.halvesChroma {
      try fillYCbCr(frame, frames, index)
    } else {
      try fillBGR0(frame, frames, index)
    }
    frame.pointee.pts = Int64(index)
    try call("encode frame \(index)", avcodec_send_frame(context, frame))
    try writePackets()
  }

  private func fillYCbCr(
    _ frame: UnsafeMutablePointer<AVFrame>, _ frames: RGBFrames, _ index: Int
  ) throws(MediaError) {
    let data = frame.pointee.data
    let stride = frame.pointee.linesize
    let luma = try call.unwrap("allocate a frame", data.0)
    let blue = try call.unwrap("allocate a frame", data.1)
    let red = try call.unwrap("allocate a frame", data.2)
    frames.bytes.withUnsafeBufferPointer { bytes in
      guard let start = bytes.baseAddress else { return }
      BT709.convert(
        start + index * frames.frameByteCount, width: frames.width, height: frames.height,
        luma: .init(start: luma, stride: Int(stride.0)), blue: .init(start: blue, stride: Int(stride.1)),
        red: .init(start: red, stride: Int(stride.2)))
    }
  }

  /// Four bytes a pixel: blue, green, red and one that means nothing.
  private func fillBGR0(
    _ frame: UnsafeMutablePointer<AVFrame>, _ frames: RGBFrames, _ index: Int
  ) throws(MediaError) {
    let start = try call.unwrap("allocate a frame", frame.pointee.data.0)
    let stride = Int(frame.pointee.linesize.0)
    for row in 0..<frames.height {
      for column in 0..<frames.width {
        let source = index * frames.frameByteCount + (row * frames.width + column) * 3
        let target = start + row * stride + column * 4
        for part in 0..<3 { target[part] = frames.bytes[source + 2 - part] }
        target[3] = 0
      }
    }
  }

  private func finish() throws(MediaError) {
    try call("finish encoding", avcodec_send_frame(context, nil))
    try writePackets()
    let format = try call.unwrap("finish the file", format)
    try call("finish the file", av_write_trailer(format))
    try call("close the file", avio_closep(&format.pointee.pb))
  }

  private func writePackets() throws(MediaError) {
    let packet = try call.unwrap("allocate a packet", packet)
    let context = try call.unwrap("encode", context)
    let stream = try call.unwrap("encode", stream)
    while true {
      let result = avcodec_receive_packet(context, packet)
      if result == walt_averror_again || result == walt_averror_eof { return }
      try call("encode", result)
      // Without a duration MP4's edit list would cut off the last frame.
      packet.pointee.duration = 1
      packet.pointee.stream_index = stream.pointee.index
      av_packet_rescale_ts(packet, context.pointee.time_base, stream.pointee.time_base)
      try call("write a packet", av_interleaved_write_frame(format, packet))
    }
  }
}
