import CFFmpeg

/// Decodes the first video stream of one file into RGB frames: all, the last ones, or one by one.
///
/// Owns FFmpeg's contexts; used by one thread.
final class VideoDecoder {
  private let call: FFmpegCall
  private let byteLimit: Int
  /// The most frames to keep; those before are forgotten.
  private let keptFrameCount: Int
  /// What else the file may be, by libavformat's names; empty: anything. A playlist would open other files.
  private let containers: [String]
  /// Pixels of the shorter side that frames are resized to; nil: as they are.
  private let shorterSide: Int?
  /// Gets each frame as it comes, and its time in seconds.
  private let receive: ((RGBFrames, Double) -> Void)?
  private var format: UnsafeMutablePointer<AVFormatContext>?
  private var context: UnsafeMutablePointer<AVCodecContext>?
  private var scaler: OpaquePointer?
  private var frame = av_frame_alloc()
  private var packet = av_packet_alloc()
  private var streamIndex: Int32 = 0
  private var bytes: [UInt8] = []
  /// Frames decoded so far, kept or not.
  private var frameCount = 0
  /// The first frame's form, for which the scaler is made; all others must have it too.
  private var form: FrameForm?

  static func decode(
    _ path: String, byteLimit: Int, last keptFrameCount: Int = .max, containers: [String] = []
  ) throws(MediaError) -> VideoFile.Contents {
    let decoder = VideoDecoder(
      FFmpegCall("read video \"\(path)\"", code: .damaged), byteLimit: byteLimit, keptFrameCount, containers)
    try decoder.open(MediaLocation(path: path))
    try decoder.readAll()
    return try decoder.contents()
  }

  /// Gives the frames one by one, resized, and their times in seconds: their numbers over the stream's frame rate.
  static func forEachFrame(
    of location: MediaLocation, shorterSide: Int, byteLimit: Int, _ receive: @escaping (RGBFrames, Double) -> Void
  ) throws(MediaError) {
    let decoder = VideoDecoder(
      FFmpegCall("read video \"\(location)\"", code: .damaged), byteLimit: byteLimit, 1, [], shorterSide: shorterSide,
      receive)
    try decoder.open(location)
    try decoder.readAll()
  }

  private init(
    _ call: FFmpegCall, byteLimit: Int, _ keptFrameCount: Int, _ containers: [String], shorterSide: Int? = nil,
    _ receive: ((RGBFrames, Double) -> Void)? = nil
  ) {
    self.call = call
    self.byteLimit = byteLimit
    self.keptFrameCount = keptFrameCount
    self.containers = containers
    self.shorterSide = shorterSide
    self.receive = receive
  }

  private func open(_ location: MediaLocation) throws(MediaError) {
    let open = FFmpegCall(call.attempt, code: .unreadable)
    var options: OpaquePointer?
    defer { av_dict_free(&options) }
    av_dict_set(&options, "protocol_whitelist", location.range == nil ? "file" : "file,subfile", 0)
    if !containers.isEmpty { av_dict_set(&options, "format_whitelist", containers.joined(separator: ","), 0) }
    try open("open the file", avformat_open_input(&format, location.url, nil, &options), hint: "is it a video?")
    let format = try open.unwrap("open the file", format)
    try call("find the streams", avformat_find_stream_info(format, nil))
    var codec: UnsafePointer<AVCodec>?
    streamIndex = try open(
      "find a video stream", av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0))
    let stream = try open.unwrap("find a video stream", format.pointee.streams[Int(streamIndex)])
    context = avcodec_alloc_context3(codec)
    let context = try open.unwrap("allocate the decoder", context)
    try call("describe the stream", avcodec_parameters_to_context(context, stream.pointee.codecpar))
    context.pointee.thread_count = 1
    context.pointee.max_pixels = Int64(byteLimit / 3)
    context.pointee.err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE
    try open("open the decoder", avcodec_open2(context, codec, nil))
  }

  deinit {
    av_packet_free(&packet)
    av_frame_free(&frame)
    sws_freeContext(scaler)
    avcodec_free_context(&context)
    avformat_close_input(&format)
  }

  private func readAll() throws(MediaError) {
    let packet = try call.unwrap("allocate a packet", packet)
    while true {
      let result = av_read_frame(format, packet)
      if result == walt_averror_eof { break }
      try call("read a packet", result)
      defer { av_packet_unref(packet) }
      guard packet.pointee.stream_index == streamIndex else { continue }
      if packet.pointee.flags & AV_PKT_FLAG_CORRUPT != 0 {
        throw call.error("the file ends within a packet", hint: "is it whole?")
      }
      try call("decode a packet", avcodec_send_packet(context, packet))
      try receiveFrames()
    }
    try call("finish decoding", avcodec_send_packet(context, nil))
    try receiveFrames()
    if frameCount == 0 { throw call.error("it holds no frames") }
  }

  private func receiveFrames() throws(MediaError) {
    let frame = try call.unwrap("allocate a frame", frame)
    while true {
      let result = avcodec_receive_frame(context, frame)
      if result == walt_averror_again || result == walt_averror_eof { return }
      try call("decode frame \(frameCount)", result)
      if frame.pointee.decode_error_flags != 0 || frame.pointee.flags & AV_FRAME_FLAG_CORRUPT != 0 {
        throw call.error("frame \(frameCount) is damaged")
      }
      try append(frame)
    }
  }

  private func append(_ frame: UnsafeMutablePointer<AVFrame>) throws(MediaError) {
    let found = FrameForm(frame.pointee)
    // The scaler reads as many pixels, of as many bytes, as the first frame has.
    guard form == nil || form == found else {
      throw call.error("frame \(frameCount) has another size or pixel format than those before it")
    }
    form = found
    let (width, height) = outputSize(width: found.width, height: found.height)
    let frameByteCount = width * height * 3
    guard bytes.count + frameByteCount <= byteLimit else {
      throw MediaError(
        .tooLarge,
        "\(call.attempt): frame \(frameCount) of \(width) × \(height) passes the limit of \(byteLimit) bytes; shorten it"
      )
    }
    if scaler == nil { scaler = try makeScaler(frame, width: Int32(width), height: Int32(height)) }
    if frameCount >= keptFrameCount { bytes.removeFirst(frameByteCount) }
    let offset = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: frameByteCount))
    let scaler = scaler
    let rows = bytes.withUnsafeMutableBufferPointer { buffer -> Int32 in
      guard let start = buffer.baseAddress else { return -1 }
      var target: [UnsafeMutablePointer<UInt8>?] = [start + offset, nil, nil, nil]
      let stride = [Int32(width * 3), 0, 0, 0]
      return withUnsafePointer(to: &frame.pointee.data) { data in
        data.withMemoryRebound(to: UnsafePointer<UInt8>?.self, capacity: 8) { planes in
          withUnsafePointer(to: &frame.pointee.linesize) { lineSizes in
            lineSizes.withMemoryRebound(to: Int32.self, capacity: 8) {
              sws_scale(scaler, planes, $0, 0, frame.pointee.height, &target, stride)
            }
          }
        }
      }
    }
    try call("convert frame \(frameCount)", rows)
    try deliver(width: width, height: height)
    frameCount += 1
  }

  /// Hands the last frame to whoever takes them one by one.
  private func deliver(width: Int, height: Int) throws(MediaError) {
    guard let receive else { return }
    let rate = try frameRate()
    let seconds = Double(frameCount) * Double(rate.den) / Double(max(1, rate.num))
    receive(RGBFrames(width: width, height: height, frameCount: 1, bytes: bytes), seconds)
  }

  /// The frames' own size, or the one of the same aspect with the wanted shorter side.
  private func outputSize(width: Int, height: Int) -> (width: Int, height: Int) {
    guard let shorterSide else { return (width, height) }
    func scaled(_ side: Int) -> Int {
      let shorter = max(1, min(width, height))
      return max(1, (2 * side * shorterSide + shorter) / (2 * shorter))
    }
    return (scaled(width), scaled(height))
  }

  private func frameRate() throws(MediaError) -> AVRational {
    let format = try call.unwrap("describe the file", format)
    let stream = try call.unwrap("describe the stream", format.pointee.streams[Int(streamIndex)])
    return av_guess_frame_rate(format, stream, nil)
  }

  /// Conversion to RGB by the matrix that the stream names; BT.709 for large frames that name none, as players do.
  /// What is made smaller is averaged over areas.
  private func makeScaler(
    _ frame: UnsafeMutablePointer<AVFrame>, width: Int32, height: Int32
  ) throws(MediaError) -> OpaquePointer {
    let format = AVPixelFormat(frame.pointee.format)
    let method = shorterSide == nil ? SWS_BILINEAR : SWS_AREA
    let flags = method | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BITEXACT
    let scaler = try call.unwrap(
      "convert \(Self.name(format)) to RGB",
      sws_getContext(
        frame.pointee.width, frame.pointee.height, format, width, height, AV_PIX_FMT_RGB24, flags, nil, nil, nil))
    var matrix = Int32(frame.pointee.colorspace.rawValue)
    if frame.pointee.colorspace == AVCOL_SPC_UNSPECIFIED {
      matrix = frame.pointee.height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601
    }
    let coefficients = sws_getCoefficients(matrix)
    let full: Int32 = frame.pointee.color_range == AVCOL_RANGE_JPEG ? 1 : 0
    sws_setColorspaceDetails(scaler, coefficients, full, coefficients, 1, 0, 1 << 16, 1 << 16)
    return scaler
  }

  private func contents() throws(MediaError) -> VideoFile.Contents {
    let format = try call.unwrap("describe the file", format)
    let context = try call.unwrap("describe the stream", context)
    let form = try call.unwrap("describe the frames", form)
    let rate = try frameRate()
    return VideoFile.Contents(
      frames: RGBFrames(
        width: form.width, height: form.height, frameCount: min(frameCount, keptFrameCount), bytes: bytes),
      frameRate: .init(Int(rate.num), Int(rate.den)),
      colour: .init(
        primaries: Int(context.pointee.color_primaries.rawValue), transfer: Int(context.pointee.color_trc.rawValue),
        matrix: Int(context.pointee.colorspace.rawValue),
        isFullRange: context.pointee.color_range == AVCOL_RANGE_JPEG),
      metadata: Self.entries(format.pointee.metadata),
      codec: avcodec_get_name(context.pointee.codec_id).map { String(cString: $0) } ?? "",
      pixelFormat: Self.name(context.pointee.pix_fmt))
  }

  private static func entries(_ dictionary: OpaquePointer?) -> [String: String] {
    var entries: [String: String] = [:]
    var entry = av_dict_get(dictionary, "", nil, AV_DICT_IGNORE_SUFFIX)
    while let found = entry {
      entries[String(cString: found.pointee.key)] = String(cString: found.pointee.value)
      entry = av_dict_get(dictionary, "", found, AV_DICT_IGNORE_SUFFIX)
    }
    return entries
  }

  private static func name(_ format: AVPixelFormat) -> String {
    av_get_pix_fmt_name(format).map { String(cString: $0) } ?? "unknown"
  }
}

/// What a scaler is made for: a frame's size and pixel format.
private struct FrameForm: Equatable {
  let width: Int
  let height: Int
  let pixelFormat: Int32

  init(_ frame: AVFrame) {
    width = Int(frame.width)
    height = Int(frame.height)
    pixelFormat = frame.format
  }
}
