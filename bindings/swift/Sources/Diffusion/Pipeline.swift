import CDiffusion

#if canImport(Foundation)
import Foundation
#endif

/// What `DiffusionPipeline.events` gives: progress, and at the end the pictures.
public enum DiffusionEvent: Sendable {
    case progress(DiffusionProgress)
    case finished(DiffusionResult)
}

/// An opened model. Threads and tasks may share it: their drawings queue.
///
/// Drawing happens on a thread of the library. What is running when the pipeline is let go goes on.
public final class DiffusionPipeline: @unchecked Sendable {
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        diffusion_pipeline_destroy(pointer)
    }

    /// Opens the model in a folder. Cancelling the task stops it.
    public static func open(
        _ folder: String, options: DiffusionOptions = DiffusionOptions(), onProgress: ((DiffusionProgress) -> Void)? = nil
    ) async throws -> DiffusionPipeline {
        var started: OpaquePointer?
        try options.withNative { native in
            try check(withText(folder) { diffusion_pipeline_open_start($0, $1, native, &started) })
        }
        let job = DiffusionJob(started!)
        try await job.follow(onProgress)
        return try job.takePipeline()
    }

    #if canImport(Foundation)
    /// Opens a model whose files lie in memory, such as "unet/model.onnx", by the names that they would have below its folder.
    /// Nothing is written to the disk. The bytes are copied before anything is awaited. Cancelling the task stops it.
    public static func open(
        files: [String: Data], options: DiffusionOptions = DiffusionOptions(), onProgress: ((DiffusionProgress) -> Void)? = nil
    ) async throws -> DiffusionPipeline {
        let job = try startOpening(files, options)
        try await job.follow(onProgress)
        return try job.takePipeline()
    }

    private static func startOpening(_ files: [String: Data], _ options: DiffusionOptions) throws -> DiffusionJob {
        var copies: OpaquePointer?
        try check(diffusion_model_files_create(&copies))
        defer { diffusion_model_files_destroy(copies) }
        for (name, data) in files {
            try check(data.withUnsafeBytes { bytes in
                withText(name) {
                    diffusion_model_files_add_copy(
                        copies, $0, $1, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
                }
            })
        }
        var started: OpaquePointer?
        try options.withNative { native in
            try check(diffusion_pipeline_open_files_start(copies, native, &started))
        }
        return DiffusionJob(started!)
    }
    #endif

    /// Draws. Cancelling the task cancels the drawing, in the middle of a graph too, and throws `CancellationError`; the
    /// pipeline stays usable. `onProgress` is told what is seen in passing, not every single step.
    public func generate(
        _ request: DiffusionRequest, onProgress: ((DiffusionProgress) -> Void)? = nil
    ) async throws -> DiffusionResult {
        let job = try start(request)
        try await job.follow(onProgress)
        return try job.takeResult()
    }

    /// Draws from now on. A loop that ends early stops the drawing.
    public func events(_ request: DiffusionRequest) -> AsyncThrowingStream<DiffusionEvent, Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    let result = try await generate(request) { continuation.yield(.progress($0)) }
                    continuation.yield(.finished(result))
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// Starts to draw and returns at once.
    public func start(_ request: DiffusionRequest) throws -> DiffusionJob {
        try request.withNative { native in
            var job: OpaquePointer?
            try check(diffusion_job_start(pointer, native, &job))
            return DiffusionJob(job!)
        }
    }

    /// Reads the request's prompts once, for `DiffusionRequest.conditioning` of any number of pictures. Of the request those
    /// settings count that say how prompts are read; and the steps for prompts that change while they are drawn. Blocks, as do
    /// those below.
    public func encodePrompt(_ request: DiffusionRequest) throws -> DiffusionConditioning {
        try request.withNative { native in
            var conditioning: OpaquePointer?
            try check(diffusion_pipeline_encode_prompt(pointer, native, nil, nil, nil, &conditioning))
            return DiffusionConditioning(conditioning!)
        }
    }

    /// Begins to draw, for a loop of one's own: prompts and pictures are read, the first noise is drawn.
    public func begin(_ request: DiffusionRequest) throws -> DiffusionStepper {
        try request.withNative { native in
            var stepper: OpaquePointer?
            try check(diffusion_stepper_begin(pointer, native, nil, nil, nil, &stepper))
            return DiffusionStepper(stepper!)
        }
    }

    /// Computes one of the embeddings of a model of several stages, such as "image_embeds", of what the request has.
    public func embed(_ value: String, _ request: DiffusionRequest) throws -> DiffusionEmbedding {
        try request.withNative { native in
            try made { out in
                withText(value) { diffusion_pipeline_embed(pointer, native, $0, $1, nil, nil, nil, out) }
            }
        }
    }

    /// The latents of a picture: 1, channels, height, width. It is not resized: its sides must be multiples of what a latent
    /// stands for, 8 pixels in most models.
    public func encode(_ image: DiffusionImage) throws -> DiffusionEmbedding {
        try made { diffusion_pipeline_encode_image(pointer, image.pointer, nil, $0) }
    }

    /// The picture of latents, pictures by channels by height by width.
    public func decode(
        _ latents: DiffusionEmbedding, picture: Int = 0, format: DiffusionPixelFormat = .rgb8
    ) throws -> DiffusionImage {
        var image: OpaquePointer?
        try check(diffusion_pipeline_decode_latents(pointer, latents.pointer, Int64(picture), format.code, nil, &image))
        return DiffusionImage(owned: image!)
    }

    /// Everything about the model, as a JSON object.
    public var infoJSON: String { String(cString: diffusion_pipeline_info_json(pointer)) }

    /// Such as "stable-diffusion-1".
    public var family: String { String(cString: diffusion_pipeline_family(pointer)) }

    public var defaultWidth: Int { Int(diffusion_pipeline_default_width(pointer)) }
    public var defaultHeight: Int { Int(diffusion_pipeline_default_height(pointer)) }
    public var defaultSteps: Int { Int(diffusion_pipeline_default_steps(pointer)) }
    public var defaultGuidance: Float { diffusion_pipeline_default_guidance(pointer) }
    public var defaultScheduler: String { String(cString: diffusion_pipeline_default_scheduler(pointer)) }

    /// Width and height must be multiples of this.
    public var sizeMultiple: Int { Int(diffusion_pipeline_size_multiple(pointer)) }
}
