import DurableFiles
import Foundation
import MediaIO

extension MediaListing {
  /// What a member's JSON may say.
  private struct Description: Decodable {
    let text: String?
    let caption: String?
    let label: Int?
  }

  /// Entries of a WebDataset shard: members whose names are equal up to the first dot of their last part belong
  /// together: a video or picture, `txt` (its text), `cls` (its class) and `json` (`text` or `caption`, `label`).
  mutating func addShard(_ path: String) throws {
    let archive = try TarArchive(path: path)
    var samples: [(key: String, members: [TarArchive.Member])] = []
    for member in archive.members {
      let key = Self.key(of: member.name)
      if samples.last?.key == key {
        samples[samples.count - 1].members.append(member)
      } else {
        samples.append((key, [member]))
      }
    }
    for sample in samples { add(sample.members, of: archive) }
    if let problem = archive.problem { skipped.append(Skipped(file: path, reason: problem)) }
  }

  private mutating func add(_ members: [TarArchive.Member], of archive: TarArchive) {
    func contents(_ ending: String) -> [UInt8]? {
      members.first { ($0.name as NSString).pathExtension == ending }.map { archive.bytes(of: $0) }
    }
    func text(_ ending: String) -> String? {
      contents(ending).map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines) }
    }
    for member in members {
      guard let medium = Self.medium(of: member.name) else { continue }
      let description = contents("json").flatMap { try? JSONDecoder().decode(Description.self, from: Data($0)) }
      let location = MediaLocation(
        path: archive.path, range: member.range, name: "\(archive.path)/\(member.name)")
      let label = text("cls").flatMap { Int($0) } ?? description?.label
      if let label, label < 0 {
        skipped.append(Skipped(file: location.name, reason: "its class is \(label); classes count from 0"))
        continue
      }
      entries.append(
        Entry(
          location: location, medium: medium, text: text("txt") ?? description?.text ?? description?.caption,
          label: label, seconds: nil))
    }
  }

  private static func key(of name: String) -> String {
    let (folder, file) = ((name as NSString).deletingLastPathComponent, (name as NSString).lastPathComponent)
    return folder + "/" + file.prefix { $0 != "." }
  }
}
