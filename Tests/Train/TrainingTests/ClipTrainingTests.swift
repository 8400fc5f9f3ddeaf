import Datasets
import DurableFiles
import Foundation
import Kernels
import MediaIO
import Tensors
import Testing
import VideoAutoencoder

@testable import Training

/// Training on videos of a folder, which the tests make.
struct ClipTrainingTests {
  private let device = ComputeDevice(threadCount: 2)

  /// A folder with data to train on (three videos, a picture, a damaged video), data to measure with, and models.
  private func withFolder(_ recipe: String, _ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.path + "/clip-training-\(UUID().uuidString)"
    for part in ["train", "held", "ae", "base"] { try DurableFile.makeFolder(folder + "/" + part) }
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try ShapesFolder(scenes: SceneSource(seed: 5), resolution: 32).write(count: 4, to: folder + "/train")
    try ShapesFolder(scenes: SceneSource(seed: 6), resolution: 32).write(count: 1, to: folder + "/held")
    try DurableFile.replace(folder + "/train/broken.mp4", with: "not a video")
    let metadata = folder + "/train/metadata.jsonl"
    let lines = String(decoding: try DurableFile.read(metadata), as: UTF8.self)
    try DurableFile.replace(metadata, with: lines + "{\"file_name\": \"broken.mp4\"}\n")
    try DurableFile.replace(
      folder + "/ae/config.json",
      with: """
        {"type":"walt-ae","in_channels":3,"latent_channels":4,"base_channels":8,"channel_mult":[1,1,1,1],\
        "res_blocks":1,"mid_blocks":1,"temporal_down":[false,true,true],"groups":1,"time_pad":"zero","kl":false}
        """)
    try DurableFile.replace(folder + "/base/config.json", with: Self.denoiserConfiguration(frames: 5))
    try DurableFile.replace(folder + "/recipe.toml", with: recipe)
    try body(folder)
  }

  private static func denoiserConfiguration(frames: Int) -> String {
    """
    {"type":"walt","frames":\(frames),"height":4,"width":4,"channels":4,"patch":1,"layers":2,"hidden":16,"heads":2,\
    "ff":32,"spatial_window":[4,4],"st_window":[4,4],"adaln":"lora","rank":2,"num_classes":0,"text_dim":0,\
    "text_pool":true,"cross_window":"spatial","self_cond":true,"frame_pred":true,"lr_channels":0}
    """
  }

  /// Leaves the data sets in `folder` nothing but pictures.
  private func writePictures(in folder: String) throws {
    for (name, seed) in [("train", UInt64(5)), ("held", 6)] {
      let path = folder + "/" + name
      try FileManager.default.removeItem(atPath: path)
      try DurableFile.makeFolder(path)
      for index in 0..<3 {
        let scene = SceneSource(seed: seed)[index]
        try PNGFile.write(
          RGBFrames(scene.render(resolution: 32, times: Medium.image.times)), to: "\(path)/\(index).png")
      }
    }
  }

  private static let data = """
    [data]
    train = "train"
    held = "held"
    """
  private static let autoencoder = """
    kind = "autoencoder"
    model = "ae"
    steps = 4
    log_every = 1
    measure_every = 4
    statistics_scenes = 2
    \(data)
    [[crops]]
    frames = 5
    side = 16
    count = 2
    resolutions = [16, 32]
    [[crops]]
    frames = 1
    side = 16
    count = 1
    resolutions = [32]
    """
  private static let denoiser = """
    kind = "denoiser"
    model = "base"
    autoencoder = "ae"
    resolution = 32
    steps = 3
    log_every = 1
    measure_every = 3
    \(data)
    [mixture]
    items = 4
    image_stacks = 1
    """

  /// Trains to the end, in sittings of one step or in one, and gives the weights' file.
  private func trained(_ folder: String, _ model: String, work: String, limit: Duration?) throws -> [UInt8] {
    var options = RunOptions(workFolder: folder + "/" + work)
    options.limit = limit
    let session = try TrainingSession(
      Recipe(file: folder + "/recipe.toml"), on: device, options: options, cacheFolder: folder + "/cache")
    while try !session.run(until: StopRequest()) {}
    return try DurableFile.read(folder + "/\(model)/model.safetensors")
  }

  @Test(
    "an autoencoder trains on a folder; stopped after every step it ends with the same file; damaged files are listed")
  func trainsAutoencoders() throws {
    try withFolder(Self.autoencoder) { folder in
      let whole = try trained(folder, "ae", work: "whole", limit: nil)
      #expect(try trained(folder, "ae", work: "pieces", limit: .zero) == whole)
      let skipped = String(decoding: try DurableFile.read(folder + "/whole/recipe/skipped.json"), as: UTF8.self)
      #expect(skipped.contains("broken.mp4"))
      let figures = RunLog(path: folder + "/whole/recipe/log.jsonl").records().compactMap(\.figures).last
      #expect(figures?.keys.contains("psnr video 32") == true)
      #expect(DurableFile.exists(folder + "/whole/recipe/sheet-4.png"))
    }
  }

  @Test("a denoiser trains on a folder's latents; stopped after every step it ends with the same file")
  func trainsDenoisers() throws {
    try withFolder(Self.autoencoder) { folder in
      _ = try trained(folder, "ae", work: "ae-work", limit: nil)
      try DurableFile.replace(folder + "/recipe.toml", with: Self.denoiser)
      let whole = try trained(folder, "base", work: "whole", limit: nil)
      #expect(try trained(folder, "base", work: "pieces", limit: .zero) == whole)
    }
  }

  private static let autoencoderOfPictures = """
    kind = "autoencoder"
    model = "ae"
    steps = 2
    measure_every = 2
    statistics_scenes = 2
    \(data)
    [[crops]]
    frames = 1
    side = 16
    count = 2
    resolutions = [32]
    """

  @Test(
    "pictures alone train an autoencoder, and a denoiser of images or of stacks of images",
    arguments: [(1, 0), (5, 2)])
  func trainsOnPictures(frames: Int, stacks: Int) throws {
    try withFolder(Self.autoencoderOfPictures) { folder in
      try writePictures(in: folder)
      _ = try trained(folder, "ae", work: "ae-work", limit: nil)
      let figures = RunLog(path: folder + "/ae-work/recipe/log.jsonl").records().compactMap(\.figures).last
      #expect(figures.map { Set($0.keys) } == ["psnr image 32"])
      #expect(DurableFile.exists(folder + "/ae-work/recipe/sheet-2.png"))
      let recipe = Self.denoiser.replacing("items = 4", with: "items = 2")
        .replacing("image_stacks = 1", with: "image_stacks = \(stacks)")
      try DurableFile.replace(folder + "/recipe.toml", with: recipe)
      try DurableFile.replace(folder + "/base/config.json", with: Self.denoiserConfiguration(frames: frames))
      #expect(try !trained(folder, "base", work: "base-work", limit: nil).isEmpty)
      #expect(DurableFile.exists(folder + "/base-work/recipe/sheet-3.png"))
    }
  }

  @Test("clips that an autoencoder cannot encode, and denoisers of other latents, are refused")
  func refusesMeasurements() throws {
    try withFolder(Self.autoencoder) { folder in
      let other = folder + "/other"
      try ModelConfiguration(path: folder + "/ae").writeInitialModel(to: folder + "/new-ae", as: .float32, seed: 1)
      try ModelConfiguration(path: folder + "/base").writeInitialModel(to: folder + "/new-base", as: .float32, seed: 1)
      try ModelConfiguration.autoencoder(
        AutoencoderConfiguration(
          baseChannels: 4, channelMultipliers: [1, 1, 1, 1], residualBlocks: 1, middleBlocks: 0,
          temporalDown: [false, true, true], groups: 1, latentChannels: 3)
      ).writeInitialModel(to: other, as: .float32, seed: 1)
      #expect {
        try ReconstructionMeasurement(autoencoderFolder: folder + "/new-ae", resolution: 60, on: device)
      } throws: {
        ($0 as? TrainingError)?.code == .model
      }
      #expect {
        try PredictionMeasurement(
          denoiserFolder: folder + "/new-base", autoencoderFolder: other, steps: 2, on: device)
      } throws: {
        ($0 as? TrainingError)?.code == .model
      }
      _ = try PredictionMeasurement(
        denoiserFolder: folder + "/new-base", autoencoderFolder: folder + "/new-ae", steps: 2, on: device)
    }
  }

  @Test("reconstructions are measured beside H.264 with no more bytes, predictions beside the last frame")
  func measures() throws {
    try withFolder(Self.autoencoder) { folder in
      _ = try trained(folder, "ae", work: "ae-work", limit: nil)
      try DurableFile.replace(folder + "/recipe.toml", with: Self.denoiser)
      _ = try trained(folder, "base", work: "base-work", limit: nil)
      let media = try MediaSet(
        MediaListing(path: folder + "/held"),
        MediaSet.Options(shorterSides: [32], framesPerSecond: nil, cacheFolder: folder + "/cache/frames"))
      let reconstruction = try ReconstructionMeasurement(
        autoencoderFolder: folder + "/ae", resolution: 32, on: device)
      let report = try #require(reconstruction.reports(media, limit: 8).first)
      #expect(report.windows == 1 && report.byteCount == 5 * 4 * 4 * 4)
      #expect(report.autoencoder.psnr > 0 && report.h264.psnr > 0 && report.h264.ssim <= 1)
      let prediction = try PredictionMeasurement(
        denoiserFolder: folder + "/base", autoencoderFolder: folder + "/ae", steps: 2, on: device)
      #expect(prediction.resolution == 32)
      let predicted = try prediction.report(media, limit: 8)
      #expect(predicted.windows == 1 && predicted.model.psnr > 0)
      // The object moves, the background does not.
      #expect(predicted.lastFrameRepeated.psnr > 10 && predicted.lastFrameRepeated.psnr < 100)
    }
  }
}
