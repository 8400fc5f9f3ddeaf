import DurableFiles
import Glibc

/// A model folder that cannot be used: which file, what is wrong.
package struct ModelError: Error, Equatable, Sendable, CustomStringConvertible {
  package let file: String
  package let problem: String

  package var description: String { "read model \"\(file)\": \(problem)" }
}

extension ModelDescription {
  /// Reads `pipeline.json` and the parts' `config.json` (`model.md` section 10) and asks for the weights' sizes.
  ///
  /// Keys that only the engine needs are left to it.
  /// - Parameter name: the name from the configuration.
  package init(name: String, folder: String) throws {
    try self.init(name: name, folder: folder, readingVariants: true)
  }

  private init(name: String, folder: String, readingVariants: Bool) throws {
    let pipeline = try ModelFile(folder + "/pipeline.json")
    guard let parts = pipeline.root["stages"]?.arrayValue, 1...StageName.allCases.count ~= parts.count else {
      throw pipeline.error("stages must be a list of 1…\(StageName.allCases.count) parts")
    }
    let first = try ModelFile(folder + "/" + pipeline.string("model", in: parts[0]) + "/config.json")
    let autoencoderFolder = folder + "/" + (try pipeline.string("autoencoder", in: parts[0]))
    let autoencoder = try ModelFile(autoencoderFolder + "/config.json")
    let multipliers = autoencoder.root["channel_mult"]?.arrayValue?.count ?? 4
    let halvings = autoencoder.root["temporal_down"]?.arrayValue?.count { $0 == .bool(true) } ?? 2
    let latentFrames = try first.integer("frames")
    let predictsFrames = latentFrames > 1 && first.root["frame_pred"]?.boolValue ?? false
    let chunkFrameCount = 1 + (latentFrames - 1) << halvings
    let text = pipeline.root["text"]?.stringValue

    self.name = name
    self.folder = folder
    fps = try pipeline.root["fps"].map { _ in try pipeline.integer("fps") } ?? 8
    maxFrameCount =
      try pipeline.root["max_frames"].map { _ in try pipeline.integer("max_frames") }
      ?? (predictsFrames ? 293 : chunkFrameCount)
    self.chunkFrameCount = chunkFrameCount
    overlapFrameCount = min(1 + 1 << halvings, chunkFrameCount - 1)
    takesText = text != nil
    classCount = first.root["num_classes"]?.integerValue.map(Int.init) ?? 0
    eta = pipeline.root["sampler"]?["eta"]?.doubleValue ?? 0
    stages = try parts.enumerated().map { index, part in
      try Stage(index: index, part: part, pipeline: pipeline, folder: folder, scale: 1 << (multipliers - 1))
    }
    textWeightByteCount = text.map { Self.weightByteCount(folder + "/" + $0) } ?? 0
    autoencoderWeightByteCount = Self.weightByteCount(autoencoderFolder)
    autoencoderChannelCount = try autoencoder.integer("base_channels")
    self.predictsFrames = predictsFrames
    makesImages = try parts.allSatisfy { part in
      try ModelFile(folder + "/" + pipeline.string("model", in: part) + "/config.json").makesImages
    }
    let entries = readingVariants ? pipeline.root["variants"]?.arrayValue ?? [] : []
    variants = try entries.map { try Self.variant($0, of: pipeline, name, folder) }
  }

  /// An entry of `variants`: `{"width", "height", "folder"}`.
  private static func variant(
    _ entry: JSONValue, of pipeline: ModelFile, _ name: String, _ folder: String
  ) throws -> ModelDescription {
    let part = try pipeline.string("folder", in: entry)
    let variant = try ModelDescription(name: name, folder: folder + "/" + part, readingVariants: false)
    let last = variant.stages[variant.stages.count - 1]
    guard entry["width"]?.integerValue == Int64(last.width), entry["height"]?.integerValue == Int64(last.height) else {
      let found = "\(entry["width"]?.text() ?? "?")×\(entry["height"]?.text() ?? "?")"
      throw pipeline.error("variants: \"\(part)\" is said to be \(found), its models make \(last.width)×\(last.height)")
    }
    return variant
  }

  /// Bytes of all safetensors files of a part; 0 where they are not there yet.
  fileprivate static func weightByteCount(_ folder: String) -> Int {
    let names = (try? Folder(folder).names()) ?? []
    return names.filter { $0.hasSuffix(".safetensors") }.reduce(0) { sum, name in
      var status = stat()
      return stat(folder + "/" + name, &status) == 0 ? sum + Int(status.st_size) : sum
    }
  }
}

extension ModelDescription.Stage {
  fileprivate init(index: Int, part: JSONValue, pipeline: ModelFile, folder: String, scale: Int) throws {
    guard let name = StageName(index: index) else { throw pipeline.error("more stages than the cascade has") }
    let partFolder = folder + "/" + (try pipeline.string("model", in: part))
    let config = try ModelFile(partFolder + "/config.json")
    let (frames, height, width) = (
      try config.integer("frames"), try config.integer("height"), try config.integer("width")
    )
    let patch = try config.integer("patch")
    self.name = name
    self.width = width * scale
    self.height = height * scale
    stepCount = (part["steps"] ?? pipeline.root["sampler"]?["steps"])?.integerValue.map(Int.init) ?? 50
    guidanceScale = part["guidance"]?.doubleValue ?? (index == 0 ? 7.5 : 1)
    kSR = index == 0 ? nil : part["k_sr"]?.integerValue.map(Int.init) ?? 100
    tokenCount = frames * (height / patch) * (width / patch)
    hiddenSize = try config.integer("hidden")
    feedForwardSize = try config.integer("ff")
    weightByteCount = ModelDescription.weightByteCount(partFolder)
  }
}

/// One JSON file of a model folder.
private struct ModelFile {
  let path: String
  let root: JSONValue

  init(_ path: String) throws {
    self.path = path
    let bytes = try DurableFile.read(path, limit: 1 << 20)
    do throws(RequestError) {
      root = try JSONDocument(parsing: bytes).root.value
    } catch {
      throw ModelError(file: path, problem: error.description)
    }
  }

  /// A positive number of reasonable size.
  func integer(_ key: String) throws -> Int {
    guard let value = root[key]?.integerValue, 1...1_000_000 ~= value else {
      throw error("\(key) is \(root[key]?.text() ?? "missing"), must be a whole number above 0")
    }
    return Int(value)
  }

  func string(_ key: String, in part: JSONValue) throws -> String {
    guard let text = part[key]?.stringValue, !text.isEmpty, !text.contains("/"), text != ".." else {
      throw error("\(key) is \(part[key]?.text() ?? "missing"), must name a folder beside this file")
    }
    return text
  }

  /// Whether the transformer of this configuration may see images (`model.md` section 3.5).
  var makesImages: Bool {
    let hasText = root["text_dim"]?.integerValue ?? 0 > 0
    return !hasText || root["cross_window"]?.stringValue != "same" || root["frames"]?.integerValue == 1
  }

  func error(_ problem: String) -> ModelError { ModelError(file: path, problem: problem) }
}
