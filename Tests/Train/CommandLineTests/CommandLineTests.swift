import DaemonTesting
import Testing

/// `walt-train` as it is called.
@Suite("The command line of walt-train")
struct CommandLineTests {
  @Test(
    "refuses values with which nothing can be done, naming the option",
    arguments: [
      ("run recipe.toml --threads 0", "--threads"), ("run recipe.toml --minutes nan", "--minutes"),
      ("cache recipe.toml --threads 5000", "--threads"), ("benchmark windows --threads 0", "--threads"),
      ("evaluate fvd a b --side 64 --features f --batch 0", "--batch"),
      ("evaluate fid a b --side 64 --features f --count=-1", "--count"),
      ("evaluate inception-score a --side 64 --features f --split 0", "--split"),
      ("evaluate latent-distance a b --side 64 --autoencoder ae --frames 0", "--frames"),
      ("evaluate similarity a b --side 8", "--side"), ("evaluate similarity a b --side 64 --fps nan", "--fps"),
      ("evaluate prediction a --side 64 --autoencoder ae --denoiser d --steps 5000", "--steps"),
      ("sample --steps 0", "--steps"), ("sample --batch 0", "--batch"), ("sample --count=-1", "--count"),
      ("judge --count=-1", "--count"), ("judge --validate --clips 0", "--clips"),
      ("make-data shapes folder --resolution 100", "--resolution"), ("make-data shapes folder --count=-1", "--count"),
    ])
  func refuses(line: String, option: String) throws {
    let end = try TestPrograms.run("walt-train", line.split(separator: " ").map(String.init))
    // EX_USAGE
    #expect(end.code == 64, "\(end.errors)")
    #expect(end.errors.contains(option))
  }

  @Test("takes no options that do nothing", arguments: ["--seed 1", "--batch 4"])
  func knowsItsOptions(option: String) throws {
    let line = "evaluate reconstruction a --side 64 --autoencoder ae " + option
    #expect(try TestPrograms.run("walt-train", line.split(separator: " ").map(String.init)).code == 64)
  }
}
