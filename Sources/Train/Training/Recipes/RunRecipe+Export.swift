import Layers
import Tensors
import Weights

extension RunRecipe {
  /// Writes weights into a model folder, in 16 bits, with the name of the recipe that they follow from.
  func export(_ store: ParameterStore, to folder: String) throws {
    let document = store.document(as: .float16, metadata: ["recipe": name, "recipe_sha256": digest])
    try document.write(to: folder + "/model.safetensors")
  }
}
