import CDiffusion
import Foundation
import XCTest

@testable import Diffusion

/// The pieces of a generation: prompts that are read once, latents in and out, a loop of one's own, an estimate.
final class PiecesTests: XCTestCase {
    private static let demo = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../../models/demo").standardizedFileURL.path

    private func open() async throws -> DiffusionPipeline {
        var options = DiffusionOptions()
        options.threads = 1  // a second one would spin where the machine is busy
        return try await DiffusionPipeline.open(Self.demo, options: options)
    }

    private var house: DiffusionRequest {
        var request = DiffusionRequest("a red house")
        (request.negativePrompt, request.guidance, request.seed, request.steps) = ("blurry", 4, 2, 3)
        (request.width, request.height) = (64, 64)
        return request
    }

    private func read(_ conditioning: DiffusionConditioning) -> DiffusionRequest {
        var request = house
        (request.prompt, request.negativePrompt, request.conditioning) = ("", nil, conditioning)
        return request
    }

    private func draw(_ pipeline: DiffusionPipeline, _ request: DiffusionRequest) async throws -> [UInt8] {
        try await pipeline.generate(request).image().pixels()
    }

    private func refused<Value>(_ status: DiffusionStatus, _ word: String, _ call: () throws -> Value) {
        XCTAssertThrowsError(try call()) { error in
            XCTAssertEqual((error as? DiffusionError)?.status, status)
            XCTAssert("\(error)".contains(word), "\(error)")
        }
    }

    func testAPromptIsReadOnceForManyPictures() async throws {
        let pipeline = try await open()
        let whole = try await draw(pipeline, house)
        let conditioning = try pipeline.encodePrompt(house)
        XCTAssertEqual(conditioning.texts.first { !$0.isNegative }, .init(encoder: "text_encoder", text: "a red house", isNegative: false))
        XCTAssertEqual(conditioning.texts.filter(\.isNegative).map(\.text), ["blurry"])
        var same = try await draw(pipeline, read(conditioning))
        XCTAssertEqual(same, whole)

        let positive = try XCTUnwrap(conditioning.texts.firstIndex { !$0.isNegative })
        let states = try conditioning.states(positive)
        same = try await draw(pipeline, read(conditioning.with(positive, states: states)))
        XCTAssertEqual(same, whole)
        var tree = house
        tree.prompt = "a tree in the snow"
        let others = try pipeline.encodePrompt(tree).states(positive)
        let mixed = try conditioning.with(positive, states: states.lerp(to: others, at: 0.5))
        let other = try await draw(pipeline, read(mixed))
        XCTAssertNotEqual(other, whole)
        refused(.invalidArgument, "no text 9") { try conditioning.states(9) }
        refused(.invalidArgument, "no text") { try conditioning.pooled(-1) }
        refused(.invalidArgument, "shape") { try conditioning.with(positive, states: DiffusionEmbedding([1], shape: [1, 1])) }
        var both = house
        both.conditioning = conditioning
        refused(.invalidArgument, "leave one") { try both.validate() }
        let stranger = try await open()
        refused(.invalidArgument, "another pipeline") { try stranger.begin(read(conditioning)) }
    }

    func testLatentsComeOutAndGoIn() async throws {
        let pipeline = try await open()
        let result = try await pipeline.generate(house)
        let latents = try result.latents()
        XCTAssertEqual(latents.shape.count, 4)
        XCTAssertEqual(try pipeline.decode(latents).pixels(), try result.image().pixels())
        refused(.invalidArgument, "there are 1") { try pipeline.decode(latents, picture: 1) }
        XCTAssertEqual(try pipeline.encode(result.image()).shape, latents.shape)
        refused(.invalidArgument, "width is 33") {
            try pipeline.encode(DiffusionImage(pixels: [UInt8](repeating: 0, count: 33 * 64 * 3), width: 33, height: 64))
        }
        var request = house
        request.strength = 0.5
        request.initLatents = latents
        let again = try await draw(pipeline, request)
        request.initLatents = try DiffusionEmbedding(latents.values, shape: latents.shape)
        let copied = try await draw(pipeline, request)
        XCTAssertEqual(again, copied)
        request.initLatents = nil
        request.also.append { diffusion_request_set_init_result($0, result.pointer) }
        let wanted = try await draw(pipeline, request)
        XCTAssertEqual(again, wanted)
    }

    func testALoopOfOnesOwnDrawsTheSame() async throws {
        let pipeline = try await open()
        let whole = try await draw(pipeline, house)
        let stepper = try await open().begin(house)  // it keeps its model open
        XCTAssertNil(try stepper.cleanLatents())
        var steps = 0
        while try stepper.advance() {
            steps += 1
            XCTAssertEqual(stepper.step, steps)
            if let clean = try stepper.cleanLatents() {
                XCTAssertEqual(try pipeline.decode(clean).width, 64)
            } else {
                XCTAssertEqual(steps, stepper.stepCount)
                XCTAssertNil(stepper.timestep)
            }
            try stepper.setLatents(stepper.latents())  // the host's hands change nothing
        }
        XCTAssertEqual(steps, stepper.stepCount)
        for _ in 0..<2 {
            XCTAssertEqual(try stepper.finish().image().pixels(), whole)
        }
        let latents = try stepper.latents()
        try stepper.setLatents(latents.mixed(0.5, with: latents, 0))
        XCTAssertNotEqual(try stepper.finish().image().pixels(), whole)
        refused(.invalidArgument, "shape") { try stepper.setLatents(DiffusionEmbedding([1], shape: [1, 1])) }
        var enlarged = house
        enlarged.also.append { diffusion_request_set_hires_scale($0, 2) }
        refused(.unsupported, "second pass") { try pipeline.begin(enlarged) }
    }

    func testNumbersOfOnesOwn() async throws {
        let one = try DiffusionEmbedding([1, 0, 0, 2], shape: [2, 2])
        let other = try DiffusionEmbedding([0, 1, 2, 0], shape: [2, 2])
        XCTAssertEqual(one.shape, [2, 2])
        XCTAssertEqual(try one.lerp(to: other, at: 0.25).values, [0.75, 0.25, 0.5, 1.5])
        XCTAssertEqual(try one.slerp(to: other, at: 0.5).values[0], 0.70710678, accuracy: 1e-5)
        XCTAssertEqual(try one.mixed(2, with: other, 1).values, [2, 1, 2, 4])
        XCTAssertEqual(try one.turned(by: one.difference(to: other), at: 0.5).shape, [2, 2])
        refused(.numeric, "NaN") { try DiffusionEmbedding([.nan], shape: [1]) }
        var request = house
        request.embeddings = ["x_T": one]
        try request.validate()
        let pipeline = try await open()
        refused(.unsupported, "no embeddings") { try pipeline.embed("x_T", house) }
    }

    func testFilesInMemory() async throws {
        let folder = URL(fileURLWithPath: Self.demo)
        var files: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: Self.demo) {
            files[name] = try? Data(contentsOf: folder.appendingPathComponent(name))  // nothing for a folder
        }
        var options = DiffusionOptions()
        options.threads = 1
        let whole = try await draw(try await open(), house)
        let pipeline = try await DiffusionPipeline.open(files: files, options: options)
        XCTAssert(pipeline.infoJSON.contains("memory:"))
        let pixels = try await draw(pipeline, house)
        XCTAssertEqual(pixels, whole)

        func opening(_ files: [String: Data]) async -> DiffusionError? {
            do {
                _ = try await DiffusionPipeline.open(files: files, options: options)
                return nil
            } catch {
                return error as? DiffusionError
            }
        }
        for name in ["", "/a", "../a", "unet\\model.onnx", "a\0b", "unet/model.onnx/a"] {
            let error = await opening(["unet/model.onnx": Data([1]), name: Data([1])])
            XCTAssertEqual(error?.status, .invalidArgument, name)
            XCTAssert(error?.message.contains("model file") == true, name)
        }
        files["unet/model.onnx"] = nil
        files["empty"] = Data()
        for incomplete in [files, [:]] {
            let error = await opening(incomplete)
            XCTAssertEqual(error?.status, .badModel)
        }
    }

    func testAnEstimate() throws {
        let estimate = try DiffusionLibrary.estimateMemory(Self.demo)
        XCTAssert(estimate.opening > estimate.open && estimate.open > 1_000_000)
        var options = DiffusionOptions()
        options.memory = "low"
        XCTAssertLessThan(try DiffusionLibrary.estimateMemory(Self.demo, options: options).open, estimate.open)
        refused(.io, "/no/such") { try DiffusionLibrary.estimateMemory("/no/such") }
        refused(.nullPointer, "api_base") { try DiffusionLibrary.useAPIBase(nil) }
    }
}
