import CDiffusion

/// The parts of the work.
public enum DiffusionPhase: Sendable {
    case opening, encodingText, encodingImage, denoising, decoding
    /// Work of a kind that a later version knows.
    case other

    init(_ code: Int32) {
        switch code {
        case number(DIFFUSION_PHASE_OPENING): self = .opening
        case number(DIFFUSION_PHASE_ENCODING_TEXT): self = .encodingText
        case number(DIFFUSION_PHASE_ENCODING_IMAGE): self = .encodingImage
        case number(DIFFUSION_PHASE_DENOISING): self = .denoising
        case number(DIFFUSION_PHASE_DECODING): self = .decoding
        default: self = .other
        }
    }
}

/// How far the work is.
public struct DiffusionProgress: Equatable, Sendable {
    /// What is being done; nil while it waits for its turn.
    public let phase: DiffusionPhase?
    /// How many parts of the phase are finished.
    public let step: Int
    /// How many it has.
    public let steps: Int
    /// How many drawings come before this one.
    public let queuePosition: Int
    /// How many previews there were so far; another number than last time means a new one at `DiffusionJob.preview`.
    public let previewNumber: UInt64
}

/// Work on a thread of the library, for hosts that look at it from time to time, as game loops do. Every function may be
/// called from any thread, and none waits. `async` code has `DiffusionPipeline.generate` instead.
///
/// Letting it go cancels what is not done.
public final class DiffusionJob: @unchecked Sendable {
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        diffusion_job_destroy(pointer)
    }

    /// Whether nothing more will happen: it is finished, it failed, or it was cancelled.
    public var isDone: Bool { [.finished, .failed, .cancelled].contains(state) }

    public var progress: DiffusionProgress {
        var phase: Int32 = -1
        var step: UInt32 = 0
        var steps: UInt32 = 0
        // It fails for NULL only.
        _ = diffusion_job_progress(pointer, &phase, &step, &steps)
        return DiffusionProgress(
            phase: phase < 0 ? nil : DiffusionPhase(phase), step: Int(step), steps: Int(steps),
            queuePosition: Int(diffusion_job_queue_position(pointer)), previewNumber: diffusion_job_preview_number(pointer))
    }

    /// Stops it as soon as possible, in the middle of a graph too.
    public func cancel() {
        _ = diffusion_job_cancel(pointer)
    }

    /// The newest preview of a picture of the request.
    public func preview(_ picture: Int = 0) throws -> DiffusionImage {
        var image: OpaquePointer?
        try check(diffusion_job_preview(pointer, Int64(picture), &image))
        return DiffusionImage(owned: image!)
    }

    /// The pictures, once; or what went wrong. `busy` as long as the job is not done.
    public func takeResult() throws -> DiffusionResult {
        var result: OpaquePointer?
        try check(diffusion_job_take_result(pointer, &result))
        return DiffusionResult(result!)
    }

    func takePipeline() throws -> DiffusionPipeline {
        var pipeline: OpaquePointer?
        try check(diffusion_job_take_pipeline(pointer, &pipeline))
        return DiffusionPipeline(pipeline!)
    }

    private enum State { case finished, failed, cancelled, atWork }

    private var state: State {
        switch diffusion_job_poll(pointer) {
        case number(DIFFUSION_JOB_STATE_FINISHED): return .finished
        case number(DIFFUSION_JOB_STATE_FAILED): return .failed
        case number(DIFFUSION_JOB_STATE_CANCELLED): return .cancelled
        default: return .atWork
        }
    }

    /// Reports every progress that is seen until the job is done, without holding a thread. If the task is cancelled, so is
    /// the job, and when this throws its pipeline is free for others.
    func follow(_ report: ((DiffusionProgress) -> Void)?) async throws {
        await withTaskCancellationHandler {
            var reported: DiffusionProgress?
            var done = false
            while !done {
                done = isDone  // before the progress, so that a finished job's last one is reported
                let now = progress
                if now != reported {
                    reported = now
                    report?(now)
                }
                if !done { await Self.pause() }
            }
        } onCancel: {
            cancel()
        }
        if state == .cancelled { try Task.checkCancellation() }
    }

    /// As long as a screen shows a picture; a look costs microseconds.
    private static func pause() async {
        let nanoseconds: UInt64 = 16_000_000
        if Task.isCancelled {
            // A cancelled task does not sleep.
            await Task.detached { try? await Task.sleep(nanoseconds: nanoseconds) }.value
        } else {
            try? await Task.sleep(nanoseconds: nanoseconds)
        }
    }
}
