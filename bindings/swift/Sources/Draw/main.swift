// Text in, picture out: draw MODEL_FOLDER PROMPT FILE.png
import Diffusion

let arguments = CommandLine.arguments
guard arguments.count == 4 else { fatalError("usage: draw MODEL_FOLDER PROMPT FILE.png") }

let pipeline = try await DiffusionPipeline.open(arguments[1])
var request = DiffusionRequest(arguments[2])
request.seed = 42
for try await event in pipeline.events(request) {
    switch event {
    case .progress(let progress):
        print("\(progress.phase.map { "\($0)" } ?? "queued") \(progress.step)/\(progress.steps)")
    case .finished(let result):
        let image = try result.image()
        try image.save(arguments[3])
        print("\(arguments[3]): \(image.width) x \(image.height) pixels")
    }
}
