import Layers

extension TransformerConfiguration {
  /// Every weight of the model, in the order of model.md section 10.1.
  package var specifications: [ParameterSpecification] {
    TokenEmbedding.specifications(self) + ConditioningVector.specifications(self) + TextProjection.specifications(self)
      + LayerModulation.sharedSpecifications(self)
      + (0..<layers).flatMap { TransformerLayer.specifications(self, layer: $0) }
      + OutputHead.specifications(self)
  }
}
