import DurableFiles
import Foundation
import Testing

@testable import Training

struct TextEncoderTaskTests {
  private static let configuration = """
    {"type":"t5","vocab_size":128,"d_model":8,"d_kv":4,"d_ff":16,"num_layers":1,"num_heads":2,"num_buckets":32,\
    "max_distance":128}
    """
  private static let recipe = """
    kind = "text-encoder"
    model = "model"
    steps = 1
    pieces = 100
    tokenizer_captions = 100
    captions_per_step = 2
    """

  @Test("what a crash left of a tokenizer in the making is no tokenizer: it is made anew and appears whole")
  func makesTheTokenizerWhole() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/text-encoder-\(UUID().uuidString)"
    for part in ["model", "work"] { try DurableFile.makeFolder(folder + "/" + part) }
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try DurableFile.replace(folder + "/model/config.json", with: Self.configuration)
    try DurableFile.replace(folder + "/recipe.toml", with: Self.recipe)
    try DurableFile.replace(folder + "/work/spiece.model.tmp", with: "half of it")
    let recipe = try Recipe(file: folder + "/recipe.toml")
    guard case .textEncoder(let model) = recipe.model else { throw TrainingError(.recipe, "not a text encoder") }
    let task = try TextEncoderTask(model, run: recipe.run, workFolder: folder + "/work")
    #expect(try task.batchMaker()(0).ids.count == 2)
    #expect(!DurableFile.exists(folder + "/work/spiece.model.tmp"))
    let first = try DurableFile.read(folder + "/work/spiece.model")
    _ = try TextEncoderTask(model, run: recipe.run, workFolder: folder + "/work")
    #expect(try DurableFile.read(folder + "/work/spiece.model") == first)
  }
}
