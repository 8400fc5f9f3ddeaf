// swift-tools-version: 6.2
// The floors of the house, lowest first; a floor imports only those below it (Tests/LayeringTests).
import Foundation
import PackageDescription

let settings: [SwiftSetting] = [.swiftLanguageMode(.v6)]

/// A target in `Sources/FLOOR/NAME`.
func target(_ floor: String, _ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: "Sources/\(floor)/\(name)", swiftSettings: settings)
}

/// A program in `Sources/Programs/NAME`: arguments, then one call.
func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies + [argumentParser], path: "Sources/Programs/\(name)",
    swiftSettings: settings)
}

/// The tests of one target, in `Tests/FLOOR/NAMETests`.
func tests(_ floor: String, _ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies,
    path: "Tests/\(floor)/\(name)Tests", resources: testResources("Tests/\(floor)/\(name)Tests"),
    swiftSettings: settings)
}

func testResources(_ path: String) -> [Resource] {
  exists("\(path)/Fixtures") ? [.copy("Fixtures")] : []
}

func exists(_ path: String) -> Bool {
  FileManager.default.fileExists(atPath: Context.packageDirectory + "/" + path)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let tomlKit = Target.Dependency.product(name: "TOMLKit", package: "TOMLKit")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let flyingFox = Target.Dependency.product(name: "FlyingFox", package: "FlyingFox")
let flyingSocks = Target.Dependency.product(name: "FlyingSocks", package: "FlyingFox")

let base: [Target] = [
  .systemLibrary(
    name: "CCrypto", path: "Sources/Base/CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
  .systemLibrary(
    name: "CSystemd", path: "Sources/Base/CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
  target("Base", "CPlatform"),
  target("Base", "DurableFiles", ["CCrypto", "CPlatform"]),
  target("Base", "Spelling"),
  target("Base", "Settings", ["Spelling", tomlKit]),
  target("Base", "Systemd", ["CSystemd", logging]),
]

let engine: [Target] = [
  .systemLibrary(
    name: "COpenBLAS", path: "Sources/Engine/COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
  .systemLibrary(
    name: "CPNGLibrary", path: "Sources/Engine/CPNGLibrary", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
  .systemLibrary(
    name: "CFFmpeg", path: "Sources/Engine/CFFmpeg", pkgConfig: "libavformat libavcodec libavutil libswscale",
    providers: [.apt(["libavformat-dev", "libavcodec-dev", "libavutil-dev", "libswscale-dev"])]),
  .systemLibrary(
    name: "CSentencePieceLibrary", path: "Sources/Engine/CSentencePieceLibrary", pkgConfig: "sentencepiece",
    providers: [.apt(["libsentencepiece-dev"])]),
  target("Engine", "CKernels"),
  target("Engine", "CPNG", ["CPNGLibrary"]),
  target("Engine", "CSentencePiece", ["CSentencePieceLibrary"]),
  target("Engine", "Tensors"),
  target("Engine", "Kernels", ["CKernels", "Tensors"]),
  target("Engine", "Weights", ["Tensors", "DurableFiles", "Spelling"]),
  target("Engine", "Autograd", ["Kernels", "Tensors", "Weights"]),
  target("Engine", "Layers", ["Autograd", "Tensors", "Weights"]),
  target("Engine", "Diffusion", ["Tensors"]),
  target("Engine", "TextEncoding", ["CSentencePiece", "Layers", "Autograd", "Tensors", "Weights"]),
  target("Engine", "VideoAutoencoder", ["Layers", "Autograd", "Kernels", "Tensors", "Weights"]),
  target("Engine", "VideoTransformer", ["Layers", "Autograd", "Kernels", "Tensors", "Weights"]),
  target("Engine", "MediaIO", ["CFFmpeg", "CPNG", "DurableFiles"]),
  target(
    "Engine", "VideoPipeline",
    [
      "Autograd", "Diffusion", "DurableFiles", "Kernels", "Tensors", "TextEncoding", "VideoAutoencoder",
      "VideoTransformer",
      "Weights",
    ]),
]

let jobs: [Target] = [
  target("Jobs", "JobModel", ["DurableFiles", "Spelling"]),
  target("Jobs", "Spool", ["JobModel", "DurableFiles", "CPlatform", logging]),
  target("Jobs", "JobStore", ["JobModel", "DurableFiles", grdb]),
  target("Jobs", "Scheduling", ["JobModel"]),
  target("Jobs", "WorkerProtocol", ["JobModel", "DurableFiles"]),
  target("Jobs", "Doctor", ["JobModel", "JobStore", "Spool", "WorkerProtocol", "DurableFiles"]),
  target("Jobs", "WorkerLauncher", ["WorkerProtocol", "DurableFiles", "CPlatform", logging]),
  target("Jobs", "ControlProtocol", ["JobModel", "Settings"]),
]

let train: [Target] = [
  target("Train", "Datasets", ["DurableFiles", "MediaIO", "Tensors", "Weights"]),
  target(
    "Train", "Evaluation", ["COpenBLAS", "Datasets", "DurableFiles", "Kernels", "MediaIO", "Tensors", "Weights"]),
  target(
    "Train", "Training",
    [
      "Autograd", "Datasets", "Diffusion", "DurableFiles", "Evaluation", "Kernels", "Layers", "MediaIO", "Settings",
      "Tensors",
      "TextEncoding", "VideoAutoencoder", "VideoTransformer", "VideoPipeline", "Weights",
    ]),
]

let services: [Target] = [
  target(
    "Daemon", "DaemonServices",
    [
      "ControlProtocol", "DurableFiles", "JobModel", "JobStore", "Scheduling", "Settings", "Spool", "Systemd",
      "WorkerLauncher", "WorkerProtocol", flyingFox, flyingSocks, logging, serviceLifecycle,
    ]),
  target(
    "Worker", "WorkerRuntime",
    [
      "Autograd", "DurableFiles", "Kernels", "MediaIO", "Tensors", "VideoPipeline", "Weights", "WorkerProtocol",
      logging,
      "JobModel",
    ]),
  target(
    "Worker", "FixtureEvaluation",
    [
      "Autograd", "Diffusion", "DurableFiles", "Kernels", "Layers", "Tensors", "TextEncoding", "VideoAutoencoder",
      "VideoPipeline", "VideoTransformer", "Weights",
    ]),
  target(
    "Control", "ControlCommands",
    ["ControlProtocol", "JobModel", "Doctor", "DurableFiles", "Settings", "Spool", argumentParser]),
]

let programs: [Target] = [
  program("waltd", ["DaemonServices", "JobModel"]),
  program("walt-worker", ["WorkerRuntime", "FixtureEvaluation", "Kernels", logging]),
  program("waltctl", ["ControlCommands"]),
  program(
    "walt-train",
    [
      "Training", "Evaluation", "Datasets", "Kernels", "MediaIO", "Tensors", "VideoAutoencoder", "VideoPipeline",
      "VideoTransformer",
    ]),
]

let testTargets: [Target] = [
  .testTarget(name: "LayeringTests", path: "Tests/LayeringTests", swiftSettings: settings),
  tests("Base", "DurableFiles", ["CPlatform"]), tests("Base", "Settings"), tests("Base", "Systemd", [logging]),
  tests("Engine", "Tensors"), tests("Engine", "Kernels", ["COpenBLAS", "Tensors"]),
  tests("Engine", "Autograd", ["Kernels", "Tensors", "Weights"]),
  tests("Engine", "Weights", ["Tensors"]), tests("Engine", "Layers", ["Autograd", "Kernels", "Tensors", "Weights"]),
  tests("Engine", "Diffusion", ["Tensors", "Weights"]),
  tests("Engine", "TextEncoding", ["Autograd", "Kernels", "Tensors", "Weights"]),
  tests("Engine", "VideoAutoencoder", ["Autograd", "Kernels", "Tensors", "Weights", "Diffusion"]),
  tests("Engine", "VideoTransformer", ["Autograd", "Kernels", "Tensors", "Weights", "Diffusion"]),
  tests("Engine", "MediaIO", ["DurableFiles"]),
  tests("Engine", "VideoPipeline", ["Autograd", "Kernels", "Tensors", "Weights", "Diffusion", "TextEncoding"]),
  tests("Jobs", "JobModel", ["DurableFiles"]), tests("Jobs", "Spool", ["JobModel", "DurableFiles"]),
  tests("Jobs", "JobStore", ["JobModel", "DurableFiles"]), tests("Jobs", "Scheduling", ["JobModel", "DurableFiles"]),
  tests("Jobs", "WorkerProtocol"), tests("Jobs", "WorkerLauncher", ["WorkerProtocol", logging]),
  tests("Jobs", "ControlProtocol", ["JobModel", "Settings"]),
  tests("Train", "Datasets", ["DurableFiles", "MediaIO", "Tensors"]),
  tests("Train", "Evaluation", ["Datasets", "DurableFiles", "Kernels", "MediaIO", "Tensors", "Weights"]),
  tests(
    "Train", "Training",
    [
      "Autograd", "Kernels", "Tensors", "Weights", "Layers", "Datasets", "Diffusion", "DurableFiles", "MediaIO",
      "Settings", "VideoAutoencoder", "VideoPipeline", "VideoTransformer",
    ]),
  // The real walt-train, as far as its arguments.
  .testTarget(
    name: "CommandLineTests", dependencies: ["DaemonTesting"], path: "Tests/Train/CommandLineTests",
    swiftSettings: settings),
  tests(
    "Daemon", "DaemonServices",
    [
      "JobModel", "Scheduling", "JobStore", "Settings", "WorkerProtocol", "WorkerLauncher", "DurableFiles", "Spool",
      "ControlProtocol", "ControlCommands", "DaemonTesting", logging, serviceLifecycle,
    ]),
  tests(
    "Worker", "WorkerRuntime",
    ["WorkerProtocol", "DurableFiles", "JobModel", "MediaIO", "TextEncoding", "Weights", logging]),
  tests("Worker", "FixtureEvaluation", ["Kernels", "Tensors", "Weights"]),
  tests(
    "Control", "ControlCommands", ["ControlProtocol", "DaemonTesting", "DurableFiles", "JobModel", argumentParser]),
  // The real programs together, on a tiny model.
  .testTarget(
    name: "EndToEndTests",
    dependencies: [
      "DaemonTesting", "ControlCommands", "ControlProtocol", "Diffusion", "DurableFiles", "JobModel", "Layers",
      "MediaIO", "TextEncoding", "VideoTransformer", "Weights",
    ],
    path: "Tests/Programs/EndToEndTests", swiftSettings: settings),
  // The service under faults; the long form is `make soak`.
  .testTarget(
    name: "FaultTests",
    dependencies: [
      "ControlCommands", "ControlProtocol", "DaemonTesting", "DurableFiles", "FaultShim", "JobModel", "JobStore",
      "WorkerLauncher", "WorkerProtocol",
    ],
    path: "Tests/Programs/FaultTests", swiftSettings: settings),
]

// A worker without a model, for the tests of the daemon.
let testSupport: [Target] = [
  .executableTarget(
    name: "scripted-worker", dependencies: ["WorkerProtocol", "DurableFiles"], path: "Tests/Support/scripted-worker",
    swiftSettings: settings),
  // Preloaded into programs under test: kills at a named call, drops fsync, moves the clock.
  .target(name: "FaultShim", path: "Tests/Support/FaultShim"),
  .executableTarget(
    name: "queue-benchmark",
    dependencies: ["DaemonTesting", "ControlCommands", "ControlProtocol", "DurableFiles", "JobModel", grdb],
    path: "Tests/Support/queue-benchmark", swiftSettings: settings),
  // walt's side of `make benchmark`; PyTorch's lies beside it.
  .executableTarget(
    name: "engine-benchmark",
    dependencies: [
      "Autograd", "COpenBLAS", "Diffusion", "Kernels", "Tensors", "Training", "VideoAutoencoder", "VideoPipeline",
      "VideoTransformer", "Weights",
    ],
    path: "Tests/Benchmark/engine-benchmark", swiftSettings: settings),
  .target(
    name: "DaemonTesting",
    dependencies: ["ControlCommands", "ControlProtocol", "DurableFiles", "JobModel", "WorkerLauncher"],
    path: "Tests/Support/DaemonTesting", swiftSettings: settings),
]

let package = Package(
  name: "walt",
  products: [.library(name: "FaultShim", type: .dynamic, targets: ["FaultShim"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.0"),
  ],
  targets: base + engine + jobs + train + services + programs + testSupport + testTargets
)
