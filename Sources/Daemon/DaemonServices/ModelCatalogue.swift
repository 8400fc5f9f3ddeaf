import ControlProtocol
import DurableFiles
import Foundation
import JobModel
import Synchronization

/// The configured models, read as far as the control plane needs.
///
/// A model that cannot be read is tried again at every `refresh`: its files may be on their way.
package final class ModelCatalogue: Sendable {
  package enum Entry: Sendable {
    case usable(ModelDescription)
    /// Why it is not.
    case broken(String)
  }

  /// In the configuration's order.
  private let models: [DaemonConfiguration.Model]
  private let entries: Mutex<[String: Entry]>
  /// What the folders of models looked like with which no worker could work.
  private let distrusted = Mutex<[String: [String]]>([:])

  package init(_ models: [DaemonConfiguration.Model]) {
    precondition(!models.isEmpty, "a service has a model")
    self.models = models
    entries = Mutex([:])
    refresh()
  }

  /// Reads the models that are not usable yet.
  ///
  /// - Returns: whether one has become usable.
  @discardableResult
  package func refresh() -> Bool {
    var isNew = false
    for model in models {
      if case .usable = entries.withLock({ $0[model.name] }) { continue }
      if let stamp = distrusted.withLock({ $0[model.name] }), stamp == Folder.stamps(below: model.folder) { continue }
      let entry: Entry
      do {
        entry = .usable(try ModelDescription(name: model.name, folder: model.folder))
        isNew = true
      } catch {
        entry = .broken("\(error)")
      }
      entries.withLock { $0[model.name] = entry }
    }
    return isNew
  }

  /// A worker could not load the model: it is not used again before its files are others.
  package func distrust(_ name: String, problem: String) {
    guard let model = models.first(where: { $0.name == name }) else { return }
    distrusted.withLock { $0[name] = Folder.stamps(below: model.folder) }
    entries.withLock { $0[name] = .broken(problem) }
  }

  /// The model that requests get that name none.
  package var standard: String { models[0].name }

  package func entry(_ name: String) -> Entry? { entries.withLock { $0[name] } }

  /// The same for one of a model's sizes.
  ///
  /// - Parameter variant: its folder inside the model's; nil for the model itself.
  package func entry(_ name: String, variant: String?) -> Entry? {
    guard case .usable(let model) = entry(name) else { return entry(name) }
    guard let sized = model.variant(variant) else { return .broken("it has no variant \"\(variant ?? "")\" any more") }
    return .usable(sized)
  }

  package func folder(_ name: String, variant: String?) -> String? {
    models.first { $0.name == name }.map { model in variant.map { "\(model.folder)/\($0)" } ?? model.folder }
  }

  package var names: [String] { models.map(\.name) }

  package var status: [ModelStatus] {
    models.map { model in
      var problem: String?
      if case .broken(let text) = entry(model.name) { problem = text }
      return ModelStatus(name: model.name, folder: model.folder, problem: problem)
    }
  }
}
