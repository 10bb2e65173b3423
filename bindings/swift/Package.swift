// swift-tools-version:5.9
// The library is looked for where the linker looks, and in $LIBDIFFUSION_FOLDER: see README.md.
import PackageDescription

let folder = Context.environment["LIBDIFFUSION_FOLDER"]
let linking: [LinkerSetting] = folder.map { [.unsafeFlags(["-L\($0)", "-Xlinker", "-rpath", "-Xlinker", $0])] } ?? []

let package = Package(
    name: "Diffusion",
    platforms: [.macOS(.v12), .iOS(.v15)],
    products: [.library(name: "Diffusion", targets: ["Diffusion"])],
    targets: [
        .systemLibrary(name: "CDiffusion"),
        .target(name: "Diffusion", dependencies: ["CDiffusion"], linkerSettings: linking),
        .executableTarget(name: "draw", dependencies: ["Diffusion"], path: "Sources/Draw", linkerSettings: linking),
        .executableTarget(name: "conformance", dependencies: ["Diffusion"], path: "Tests/Conformance", linkerSettings: linking),
        .testTarget(name: "DiffusionTests", dependencies: ["Diffusion"], linkerSettings: linking),
    ]
)
