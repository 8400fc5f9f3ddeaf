/// A request that must be refused.
package struct HostileRequest: Sendable {
  /// Unique; fit for a file name.
  package let name: String
  package let bytes: [UInt8]
}

/// Malformed and hostile requests, each wrong in a way of its own. All of them are refused, whatever the model.
package enum HostileRequests {
  package static let all: [HostileRequest] = {
    let groups: [(String, [[UInt8]])] = [
      ("cut", cutOff), ("text", texts.map { Array($0.utf8) }), ("number", numbers), ("escape", escapes),
      ("encoding", encodings), ("control", controls), ("type", wrongTypes), ("range", outOfRange),
      ("key", unknownKeys), ("size", tooLarge),
    ]
    return groups.flatMap { group, cases in
      cases.enumerated().map { HostileRequest(name: "\(group)-\($0)", bytes: $1) }
    }
  }()

  /// A good request that uses much of the language.
  package static let good =
    #"{"prompt": "a {size} r\u00f6d \"circle\" \ud83d\ude00", "vary": {"size": ["big", 2]}, "steps": [6, 6], "#
    + #""guidance_scale": 2.5e0, "output": {"frames": false}, "labels": {"a": [null, true, -1.5]}, "seed": 7}"#

  /// The good request, ending too early.
  private static let cutOff: [[UInt8]] = stride(from: 0, to: good.utf8.count, by: 4).map { Array(good.utf8.prefix($0)) }

  /// Not JSON, or not one value of it.
  private static let texts: [String] = [
    " ", "\n\n", "null", "true", "42", "\"prompt\"", "[]", "[{\"prompt\": \"a\"}]", "{", "}", "{}{}", "{} {}", "{},",
    "[", "]", "{]", "[}", "{\"prompt\"}", "{\"prompt\":}", "{\"prompt\" \"a\"}", "{\"prompt\"= \"a\"}",
    "{\"prompt\": \"a\",}", "{,\"prompt\": \"a\"}", "{\"prompt\": \"a\",,\"seed\": 1}",
    "{\"prompt\": \"a\" \"seed\": 1}",
    "{prompt: \"a\"}", "{'prompt': 'a'}", "{\"prompt\": 'a'}", "{\"prompt\": a}", "{\"prompt\": \"a\"} // no",
    "/* no */ {\"prompt\": \"a\"}", "# no\n{\"prompt\": \"a\"}", "{\"prompt\": \"a\"\n\"seed\": 1}",
    "{\"prompt\": \"a\", \"prompt\": \"b\"}", "{\"prompt\": \"a\", \"labels\": {\"x\": 1, \"x\": 2}}",
    "{\"prompt\": \"a\", \"pr\\u006fmpt\": \"b\"}", "{\"prompt\": True}", "{\"prompt\": tru}", "{\"prompt\": nul}",
    "{\"prompt\": nulll}", "{\"prompt\": undefined}", "{\"prompt\": \"a\", \"steps\": [1,]}",
    "{\"prompt\": \"a\", \"steps\": [,1]}", "{\"prompt\": \"a\", \"steps\": [1 2]}", "{\"prompt\": \"a\nb\"}",
    "{\"prompt\": \"a\tb\"}", "{\"prompt\": \"a}", "{\"prompt: \"a\"}", "\u{FEFF}{\"prompt\": \"a\"}", "<xml/>",
    "--- prompt: a", "prompt = \"a\"", "{\"prompt\": \"a\"}\u{0}", "\u{0}", "{\"prompt\"\u{A0}: \"a\"}",
    "{\u{2028}\"prompt\": \"a\"}", "({\"prompt\": \"a\"})", "{\"prompt\": `a`}", "{\"prompt\": \"a\" + \"b\"}",
    "{\"\": 1}", "{\"prompt\": \"\"}", "{\"prompt\": \" \\n\\t\"}", "{\"prompt\": \"\\u3000\"}",
  ]

  private static let numbers: [[UInt8]] = filling(
    #"{"prompt": "a", "seed": %}"#,
    [
      "01", "-01", "+1", ".5", "1.", "-", "--1", "1e", "1e+", "1E-", "0x10", "0b1", "1_000", "1,5", "NaN", "-NaN",
      "Infinity", "-Infinity", "1e5e5", "1.2.3", "१", "１", "1 2", "1f", "1L", "0.0.", "1e1.5", "∞",
      String(repeating: "9", count: 65), "-" + String(repeating: "1", count: 100), "1e999999999", "-1e400", "1e-400",
    ])

  private static let escapes: [[UInt8]] = filling(
    #"{"prompt": "a%"}"#,
    [
      #"\"#, #"\x41"#, #"\'"#, #"\0"#, #"\a"#, #"\v"#, #"\U00000041"#, #"\u"#, #"\u1"#, #"\u12"#, #"\u123"#, #"\uGGGG"#,
      #"\u-123"#, #"\u+123"#, #"\u 123"#, #"\u{41}"#, #"\u0000"#, #"\ud800"#, #"\udbff"#, #"\udc00"#, #"\udfff"#,
      #"\ud800\u0041"#, #"\ud800\ud800"#, #"\udc00\ud800"#, #"\ud83d\"#, #"\ud83d\u"#, #"\ud83d\ude"#, #"\N"#, #"\ "#,
      #"\é"#,
    ])

  /// Bytes that are no UTF-8, in a value, in a key and outside.
  private static let encodings: [[UInt8]] = {
    let wrong: [[UInt8]] = [
      [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xE2, 0x82],
      [0xE2, 0x28, 0xA1], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x9F, 0x98],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFE], [0xFF],
      [0xFF, 0xFE], [0xFE, 0xFF],
    ]
    let whole = Array(good.utf8)
    let inValue = wrong.map { around($0, #"{"prompt": "a"#, #""}"#) }
    let inKey = wrong.map { around($0, #"{"pro"#, #"mpt": "a"}"#) }
    let before: [[UInt8]] = wrong.suffix(4).map { $0 + whole }
    let wide: [[UInt8]] = [whole.flatMap { [$0, 0] }, whole.flatMap { [0, $0] }]
    return inValue + inKey + before + wide
  }()

  /// Every control character as it is, inside a string.
  private static let controls: [[UInt8]] = (UInt8(0)..<32).map { around([$0], #"{"prompt": "a"#, #"b"}"#) }

  private static let wrongTypes: [[UInt8]] = {
    let kinds: [(keys: [String], values: [String])] = [
      (
        [
          "prompt", "negative_prompt", "model", "image", "video", "first_frame", "aspect", "stages",
          "guidance_schedule", "sampler", "profile", "account", "deadline", "custom_id",
        ], ["null", "true", "1", "[]", "{}", "[\"a\"]"]
      ),
      (
        ["class_label", "samples", "frames", "seconds", "width", "height", "seed", "eta", "priority"],
        ["null", "false", "\"1\"", "[]", "{}", "[1]"]
      ), (["steps", "guidance_scale", "k_sr"], ["null", "true", "\"1\"", "[]", "{}", "[null]", "[\"1\"]", "[[1]]"]),
      (["labels", "vary", "output"], ["null", "true", "1", "\"a\"", "[]", "[{}]"]),
    ]
    return kinds.flatMap { keys, values in
      keys.flatMap { filling(($0 == "prompt" ? "{" : #"{"prompt": "a", "#) + "\"\($0)\": %}", values) }
    }
  }()

  private static let outOfRange: [[UInt8]] = filling(
    #"{"prompt": "a", %}"#,
    [
      #""class_label": -1"#, #""class_label": 2147483648"#, #""samples": 0"#, #""samples": -5"#, #""samples": 10001"#,
      #""samples": 1e30"#, #""samples": 1.5"#, #""frames": 0"#, #""frames": -1"#, #""frames": 1000001"#,
      #""frames": 9223372036854775808"#, #""frames": 2.5"#, #""seconds": 0"#, #""seconds": -1"#, #""seconds": 1e9"#,
      #""frames": 5, "seconds": 1"#, #""width": 0, "height": 5"#, #""width": 64"#, #""height": 64"#,
      #""width": 65537, "height": 1"#, #""width": 64, "height": 64, "aspect": "1:1""#, #""stages": "sr3""#,
      #""stages": "BASE""#, #""stages": "base ""#, #""output": {"video": "avi"}"#, #""output": {"videos": "mp4"}"#,
      #""output": {"video": "none", "poster": false}"#, #""output": {"poster": 1}"#, #""seed": -1"#,
      #""seed": 9223372036854775808"#, #""seed": 9223372036854775807, "samples": 2"#, #""seed": 0.5"#, #""steps": 0"#,
      #""steps": 1001"#, #""steps": [1, 2, 3, 4]"#, #""steps": [1, 0]"#, #""guidance_scale": -1"#,
      #""guidance_scale": 1e9"#, #""guidance_schedule": "linear""#, #""k_sr": -1"#, #""k_sr": 1000"#, #""eta": 1.01"#,
      #""eta": -0.01"#, #""sampler": "euler""#, #""profile": "ultra""#, #""priority": 101"#, #""priority": -1"#,
      #""account": """#, #""account": "\#(String(repeating: "a", count: 65))""#, #""deadline": "tomorrow""#,
      #""deadline": "2026-13-01T00:00:00Z""#, #""custom_id": """#,
      #""custom_id": "\#(String(repeating: "i", count: 257))""#, #""image": "/etc/passwd""#, #""image": "../a.png""#,
      #""image": "a/../../b.png""#, #""image": "./a.png""#, #""image": "a//b.png""#, #""image": "..""#,
      #""image": "a/\#(String(repeating: "b", count: 1024))""#, #""video": "/dev/zero""#, #""video": "a/..""#,
      #""image": "a.png", "video": "b.mp4""#, #""first_frame": "make""#,
      #""first_frame": "generate", "image": "a.png""#,
      #""vary": {"x": ["1"]}"#, #""vary": {"prompt": []}"#, #""vary": {"": ["a"]}"#,
    ])

  private static let unknownKeys: [[UInt8]] = filling(
    #"{"prompt": "a", "%": 1}"#,
    [
      "promt", "Prompt", "prompt ", " prompt", "PROMPT", "__proto__", "constructor", "$ref", "../prompt", "a/b", "a~b",
      "sede", "step", "guidance", "negativePrompt", "комната", "提示", "\\u0070romp", "\\n", "😀", "NaN", "0", "-1",
      String(repeating: "k", count: 5000),
    ])

  private static let tooLarge: [[UInt8]] = {
    func nested(_ open: String, _ close: String, _ count: Int) -> [UInt8] {
      let (front, back) = (String(repeating: open, count: count), String(repeating: close, count: count))
      return Array(#"{"prompt": "a", "labels": {"x": \#(front)0\#(back)}}"#.utf8)
    }
    let lists = (0..<33).map { "\"v\($0)\": [\"a\"]" }.joined(separator: ", ")
    let places = (0..<33).map { "{v\($0)}" }.joined()
    let hundred = (0..<100).map(String.init).joined(separator: ",")
    let explosion = ["a", "b", "c", "d", "e"].map { #""\#($0)": [\#(hundred)]"# }.joined(separator: ",")
    let zeros = Array(repeating: "0", count: 20_001).joined(separator: ",")
    let deep: [[UInt8]] = [
      nested("[", "]", 32), nested("[", "]", 10_000), nested(#"{"a":"#, "}", 5_000),
      [UInt8](repeating: UInt8(ascii: "["), count: 500_000), Array(String(repeating: #"{"a":"#, count: 100_000).utf8),
      [UInt8](repeating: UInt8(ascii: " "), count: (1 << 20) + 1), [UInt8](repeating: 0, count: 1 << 20),
    ]
    let long = String(repeating: "a", count: 16_000)
    let many: [String] = [
      #"{"prompt": "a", "labels": {"x": [\#(zeros)]}}"#, #"{"prompt": "\#(long)\#(long)"}"#,
      #"{"prompt": "a", "negative_prompt": "\#(String(repeating: "é", count: 8_193))"}"#,
      #"{"prompt": "\#(places)", "vary": {\#(lists)}}"#, #"{"prompt": "{a}{b}{c}{d}{e}", "vary": {\#(explosion)}}"#,
      #"{"prompt": "{a}", "vary": {"a": ["x"]}, "samples": 10000, "seed": 9223372036854775000}"#,
      #"{"prompt": "\#(long)", "samples": 10000}"#,
    ]
    return deep + many.map { Array($0.utf8) }
  }()

  /// `template` with each of `texts` in the place of its `%`.
  private static func filling(_ template: String, _ texts: [String]) -> [[UInt8]] {
    texts.map { Array(template.replacing("%", with: $0).utf8) }
  }

  private static func around(_ bytes: [UInt8], _ before: String, _ after: String) -> [UInt8] {
    Array(before.utf8) + bytes + Array(after.utf8)
  }
}
