extension TaskSpecification {
  private enum CodingKeys: String, CodingKey {
    case format, task, attempt, kernels, kind, text, sample, decode, origin
    case modelFolder = "model_folder"
  }

  /// The value of `kind`, which says under which key the work stands.
  private enum Kind: String, Codable { case text, sample, decode }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    format = try values.decode(Int.self, forKey: .format)
    guard format == Self.currentFormat else {
      throw DecodingError.dataCorruptedError(
        forKey: .format, in: values,
        debugDescription: "format is \(format), known here: \(Self.currentFormat); use programs of one version")
    }
    task = try values.decode(String.self, forKey: .task)
    attempt = try values.decode(Int.self, forKey: .attempt)
    modelFolder = try values.decode(String.self, forKey: .modelFolder)
    kernels = try values.decodeIfPresent(String.self, forKey: .kernels)
    origin = try values.decodeIfPresent(TaskOrigin.self, forKey: .origin)
    work =
      switch try values.decode(Kind.self, forKey: .kind) {
      case .text: .text(try values.decode(TextWork.self, forKey: .text))
      case .sample: .sample(try values.decode(SampleWork.self, forKey: .sample))
      case .decode: .decode(try values.decode(DecodeWork.self, forKey: .decode))
      }
  }

  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(format, forKey: .format)
    try values.encode(task, forKey: .task)
    try values.encode(attempt, forKey: .attempt)
    try values.encode(modelFolder, forKey: .modelFolder)
    try values.encodeIfPresent(kernels, forKey: .kernels)
    try values.encodeIfPresent(origin, forKey: .origin)
    switch work {
    case .text(let work):
      try values.encode(Kind.text, forKey: .kind)
      try values.encode(work, forKey: .text)
    case .sample(let work):
      try values.encode(Kind.sample, forKey: .kind)
      try values.encode(work, forKey: .sample)
    case .decode(let work):
      try values.encode(Kind.decode, forKey: .kind)
      try values.encode(work, forKey: .decode)
    }
  }
}
