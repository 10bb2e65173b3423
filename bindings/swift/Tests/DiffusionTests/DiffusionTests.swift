import CDiffusion
import Foundation
import XCTest

@testable import Diffusion

/// The demo model, through everything that the binding has.
final class DiffusionTests: XCTestCase {
    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../..").standardizedFileURL
    private static let demo = repository.appendingPathComponent("models/demo").path

    private func open() async throws -> DiffusionPipeline {
        var options = DiffusionOptions()
        options.threads = 1  // a second one would spin where the machine is busy
        return try await DiffusionPipeline.open(Self.demo, options: options)
    }

    private var small: DiffusionRequest {
        var request = DiffusionRequest("a red house \u{1F3E0} in the snow")
        (request.seed, request.steps, request.width, request.height) = (7, 3, 64, 64)
        return request
    }

    /// Minutes of work, so that whoever stops it stops it in the middle.
    private var endless: DiffusionRequest {
        var request = small
        (request.steps, request.count, request.scheduler, request.width, request.height) = (900, 8, "euler", 128, 128)
        return request
    }

    private func json(_ text: String) throws -> [String: Any] {
        try XCTUnwrap(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private func refused(_ status: DiffusionStatus, _ word: String, _ call: () async throws -> Void) async {
        do {
            try await call()
            XCTFail("nothing was refused")
        } catch let error as DiffusionError {
            XCTAssertEqual(error.status, status)
            XCTAssert(error.message.contains(word), error.message)
            XCTAssertEqual(error.localizedDescription, error.message)
        } catch {
            XCTFail("\(error)")
        }
    }

    func testEveryWayOfDrawingDrawsTheSame() async throws {
        let pipeline = try await open()
        XCTAssertEqual(pipeline.family, "stable-diffusion-1")
        XCTAssertEqual(pipeline.defaultWidth, 128)
        XCTAssertEqual(pipeline.defaultHeight, 128)
        XCTAssertEqual(pipeline.defaultSteps, 25)
        XCTAssertEqual(pipeline.defaultGuidance, 3)
        XCTAssert(DiffusionLibrary.schedulers.contains(pipeline.defaultScheduler))
        XCTAssertEqual(try json(pipeline.infoJSON)["family"] as? String, pipeline.family)
        XCTAssert(pipeline.sizeMultiple > 0)

        var last: DiffusionProgress?
        let result = try await pipeline.generate(small) { last = $0 }
        let pixels = try result.image().pixels()
        XCTAssertEqual(pixels.count, 64 * 64 * 3)
        XCTAssertGreaterThan(Set(pixels).count, 16)
        XCTAssertEqual(last?.phase, .decoding)
        XCTAssertEqual(last?.step, last?.steps)
        XCTAssertEqual(result.seed, 7)
        XCTAssertEqual(try json(result.settingsJSON)["prompt"] as? String, small.prompt)
        XCTAssert(result.warnings.isEmpty)
        XCTAssertNotNil(try json(result.timingsJSON)["total"])

        var finished: DiffusionResult?
        for try await event in pipeline.events(small) {
            if case .finished(let result) = event { finished = result }
        }
        XCTAssertEqual(try finished?.image().pixels(), pixels)

        let job = try pipeline.start(small)
        while !job.isDone { try await Task.sleep(nanoseconds: 1_000_000) }
        XCTAssertEqual(try job.takeResult().image().pixels(), pixels)
    }

    func testImages() async throws {
        let pipeline = try await open()
        let image = try await pipeline.generate(small).image()  // keeps its result
        let rgb = try image.pixels()
        let rgba = try image.pixels(.rgba8)
        XCTAssertEqual(rgba.enumerated().filter { $0.offset % 4 != 3 }.map(\.element), rgb)
        XCTAssertEqual(try image.pixels(.bgra8)[0], rgb[2])
        let copy = try DiffusionImage(pixels: rgba, width: 64, height: 64, format: .rgba8)
        XCTAssertEqual(try copy.pixels(), rgb)
        await refused(.invalidArgument, "12288 bytes") { _ = try DiffusionImage(pixels: rgb, width: 64, height: 65) }

        let file = FileManager.default.temporaryDirectory.appendingPathComponent("swift \u{1F3E0}.png").path
        try image.save(file)
        XCTAssertEqual(try DiffusionImage(file: file).pixels(), rgb)
        try FileManager.default.removeItem(atPath: file)
        XCTAssertEqual(try json(image.settingsJSON)["seed"] as? Int, 7)

        var request = small
        (request.initImage, request.mask, request.strength) = (copy, copy, 0.7)
        request.also.append { diffusion_request_set_eta($0, 0.5) }
        request.scheduler = "ddim"
        let drawn = try await pipeline.generate(request)
        XCTAssertEqual(try json(drawn.settingsJSON)["eta"] as? Double, 0.5)
    }

    func testFailuresHaveTheLibrarysSentence() async throws {
        await refused(.io, "no/such/folder") { _ = try await DiffusionPipeline.open("no/such/folder") }
        var request = small
        request.steps = 0
        await refused(.invalidArgument, "steps") { try request.validate() }
        request = small
        request.scheduler = "eular"
        await refused(.invalidArgument, "euler") { try request.validate() }
        request = small
        request.also.append { diffusion_request_set_eta($0, 2) }
        await refused(.invalidArgument, "eta") { try request.validate() }
        request = small
        request.width = 65
        let pipeline = try await open()
        await refused(.invalidArgument, "width") { [request] in _ = try await pipeline.generate(request) }
    }

    func testCancelling() async throws {
        let pipeline = try await open()
        let request = endless
        for milliseconds: UInt64 in [0, 5, 50, 200] {
            let task = Task { try await pipeline.generate(request) }
            try await Task.sleep(nanoseconds: milliseconds * 1_000_000)
            let began = Date()
            task.cancel()
            do {
                _ = try await task.value
                XCTFail("it was not cancelled")
            } catch is CancellationError {
            }
            XCTAssertLessThan(Date().timeIntervalSince(began), 30)
        }
        for try await event in pipeline.events(request) {
            if case .progress(let progress) = event, progress.phase == .denoising { break }
        }
        let queued = try pipeline.start(request)
        queued.cancel()
        await refused(.cancelled, "cancelled") {
            while !queued.isDone { try await Task.sleep(nanoseconds: 1_000_000) }
            _ = try queued.takeResult()
        }
        let began = Date()
        _ = try await pipeline.generate(small)
        XCTAssertLessThan(Date().timeIntervalSince(began), 30)
    }

    func testPreviews() async throws {
        let pipeline = try await open()
        var request = small
        (request.steps, request.width, request.height, request.previews) = (60, 128, 128, "linear")
        let job = try pipeline.start(request)
        while !job.isDone { try await Task.sleep(nanoseconds: 1_000_000) }
        XCTAssertEqual(job.progress.previewNumber, 59)
        XCTAssertEqual(try job.preview().width, 16)
        await refused(.invalidArgument, "no preview") { _ = try job.preview(1) }
    }

    func testTheLibrary() throws {
        XCTAssert(DiffusionLibrary.version.contains("."))
        try DiffusionLibrary.initializeRuntime()
        XCTAssert(try DiffusionLibrary.runtimeInfoJSON().contains("CPUExecutionProvider"))
        XCTAssert(DiffusionLibrary.providers.contains("cpu"))
        XCTAssert(DiffusionLibrary.previewModes.contains("linear"))
    }
}
