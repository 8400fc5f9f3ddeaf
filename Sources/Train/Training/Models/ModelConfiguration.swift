import Foundation
import Layers
import TextEncoding
import VideoAutoencoder
import VideoTransformer
import Weights

/// The configuration of one part of a cascade, of whatever kind its `config.json` says.
package enum ModelConfiguration: Sendable, Hashable {
  case denoiser(TransformerConfiguration)
  case autoencoder(AutoencoderConfiguration)
  case textEncoder(T5Configuration)

  /// - Parameter path: a `config.json`, or a folder that holds one.
  /// - Throws: `WeightsError` naming file and key.
  package init(path: String) throws {
    let file = Self.file(path)
    let type = try ConfigurationObject(contentsOf: file).optionalString("type") ?? "t5"
    switch type {
    case "walt": self = .denoiser(try TransformerConfiguration(contentsOf: file))
    case "walt-ae": self = .autoencoder(try AutoencoderConfiguration(contentsOf: file))
    case "t5": self = .textEncoder(try T5Configuration(contentsOf: file))
    default:
      throw WeightsError(
        .invalidValue,
        "\(file.path): type is \"\(type)\", allowed are \"walt\", \"walt-ae\", \"t5\"; name a pipeline by its folder")
    }
  }

  private static func file(_ path: String) -> URL {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    let url = URL(fileURLWithPath: path)
    return exists && isFolder.boolValue ? url.appending(path: "config.json") : url
  }

  package var specifications: [ParameterSpecification] {
    switch self {
    case .denoiser(let configuration): configuration.specifications
    case .autoencoder(let configuration): configuration.specifications
    case .textEncoder(let configuration): T5Encoder.specifications(configuration)
    }
  }

  /// What `config.json` says.
  package var json: String {
    switch self {
    case .denoiser(let configuration): configuration.json
    case .autoencoder(let configuration): configuration.json
    case .textEncoder(let configuration): configuration.json
    }
  }
}
