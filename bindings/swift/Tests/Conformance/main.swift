// What bindings/conformance.py calls: MODEL CASES.tsv. Swift has no SHA-256 on Linux, so each picture's bytes go into a file
// beside the cases, which conformance.py reads.
import Diffusion
import Foundation

let arguments = CommandLine.arguments
guard arguments.count == 3 else { fatalError("usage: conformance MODEL CASES.tsv") }

let cases = URL(fileURLWithPath: arguments[2])
let pipeline = try await DiffusionPipeline.open(arguments[1])
for line in try String(contentsOf: cases, encoding: .utf8).split(separator: "\n") {
    let field = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    var request = DiffusionRequest(field[1])
    (request.negativePrompt, request.seed, request.steps) = (field[2], UInt64(field[3]), Int(field[4]))
    (request.width, request.height) = (Int(field[5]), Int(field[6]))
    (request.guidance, request.scheduler) = (Float(field[7]), field[8])
    let pixels = try await pipeline.generate(request).image().pixels()
    let file = cases.deletingLastPathComponent().appendingPathComponent("swift-\(field[0]).rgb")
    try Data(pixels).write(to: file)
    print(field[0], file.path)
}
