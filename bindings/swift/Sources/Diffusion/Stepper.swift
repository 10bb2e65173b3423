import CDiffusion

/// A generation underway, for a loop of one's own: it draws what `DiffusionPipeline.generate` draws, one denoiser evaluation
/// after the other.
///
/// What computes here blocks its thread. Between two calls the pipeline is free for others, and several steppers may be
/// underway. A stepper is for one thread at a time, so it is not `Sendable`; it keeps the model open until it is let go.
public final class DiffusionStepper {
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        diffusion_stepper_destroy(pointer)
    }

    /// How many evaluations there are; solvers of higher order take several a step.
    public var stepCount: Int { Int(diffusion_stepper_step_count(pointer)) }

    /// How many of them are made.
    public var step: Int { Int(diffusion_stepper_step(pointer)) }

    /// The timestep of the next evaluation, as the scheduler counts it; nil when none is left.
    public var timestep: Double? {
        let timestep = diffusion_stepper_timestep(pointer)
        return timestep < 0 ? nil : timestep
    }

    /// Makes the next evaluation, and says whether there was one left to make: `while try stepper.advance() { ... }`.
    public func advance() throws -> Bool {
        guard step < stepCount else { return false }
        try check(diffusion_stepper_advance(pointer, nil, nil, nil))
        return true
    }

    /// The latents as they are now, pictures by channels by height by width, in the scheduler's scale; a copy.
    public func latents() throws -> DiffusionEmbedding {
        try made { diffusion_stepper_latents(pointer, $0) }
    }

    /// Goes on with other latents, of the shape and in the scale of `latents()`. They are copied.
    public func setLatents(_ latents: DiffusionEmbedding) throws {
        try check(diffusion_stepper_set_latents(pointer, latents.pointer))
    }

    /// What the latest evaluation took the finished latents to be, for a preview by `DiffusionPipeline.decode`. nil where that
    /// is not known: before the first and after the last evaluation, where other latents were set since, and for a few models
    /// always.
    public func cleanLatents() throws -> DiffusionEmbedding? {
        do {
            return try made { diffusion_stepper_clean_latents(pointer, $0) }
        } catch let error as DiffusionError where error.status == .unsupported {
            return nil
        }
    }

    /// Makes pictures of the latents as they are: finished when no evaluation is left, noisy before. May be called again.
    public func finish() throws -> DiffusionResult {
        var result: OpaquePointer?
        try check(diffusion_stepper_finish(pointer, nil, nil, nil, &result))
        return DiffusionResult(result!)
    }
}
