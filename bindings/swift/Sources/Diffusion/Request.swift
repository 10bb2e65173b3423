import CDiffusion

/// What to draw: a value. What is nil is left to the model.
///
/// The common settings are here by name. For every other one call the C function in `also`, which sees the request as the
/// library has it (`import CDiffusion`):
///
///     request.also.append { diffusion_request_set_hires_scale($0, 2) }
public struct DiffusionRequest: Sendable {
    public var prompt = ""
    public var negativePrompt: String?
    /// nil: a random one, which `DiffusionResult.seed` tells.
    public var seed: UInt64?
    public var steps: Int?
    public var guidance: Float?
    /// One of `DiffusionLibrary.schedulers`, or a class name of diffusers.
    public var scheduler: String?
    public var width: Int?
    public var height: Int?
    /// How many pictures.
    public var count: Int?
    /// The picture to start from.
    public var initImage: DiffusionImage?
    /// Latents to start from, in place of a picture: of `DiffusionPipeline.encode`, of a result, or one's own.
    public var initLatents: DiffusionEmbedding?
    /// Prompts that were read already, in place of `prompt` and `negativePrompt`.
    public var conditioning: DiffusionConditioning?
    /// In place of what a model of several stages would compute, by the value's name, such as "image_embeds".
    public var embeddings: [String: DiffusionEmbedding] = [:]
    /// How much is redrawn of the picture or the latents, above 0 up to 1.
    public var strength: Float?
    /// What is drawn anew: white is, black stays.
    public var mask: DiffusionImage?
    /// One of `DiffusionLibrary.previewModes`; `DiffusionJob.preview` then has what is not finished.
    public var previews: String?
    /// What else to set, by the functions of the header. Each returns its status.
    public var also: [@Sendable (OpaquePointer) -> Int32] = []

    public init(_ prompt: String = "") {
        self.prompt = prompt
    }

    /// Checks all that can be checked without a model.
    public func validate() throws {
        try withNative { try check(diffusion_request_validate($0)) }
    }

    /// The request as the library has it, for as long as the call takes; the library copies it.
    func withNative<Value>(_ call: (OpaquePointer) throws -> Value) throws -> Value {
        var made: OpaquePointer?
        try check(diffusion_request_create(&made))
        defer { diffusion_request_destroy(made) }
        let request = made!
        try check(withText(prompt) { diffusion_request_set_prompt(request, $0, $1) })
        try check(withText(negativePrompt) { diffusion_request_set_negative_prompt(request, $0, $1) })
        try check(withText(scheduler) { diffusion_request_set_scheduler(request, $0, $1) })
        try check(withText(previews) { diffusion_request_set_previews(request, $0, $1, 1) })
        if let seed { try check(diffusion_request_set_seed(request, seed)) }
        if let steps { try check(diffusion_request_set_steps(request, Int64(steps))) }
        if let guidance { try check(diffusion_request_set_guidance(request, guidance)) }
        if let width { try check(diffusion_request_set_width(request, Int64(width))) }
        if let height { try check(diffusion_request_set_height(request, Int64(height))) }
        if let count { try check(diffusion_request_set_count(request, Int64(count))) }
        if let initImage { try check(diffusion_request_set_init_image(request, initImage.pointer)) }
        if let strength { try check(diffusion_request_set_strength(request, strength)) }
        if let mask { try check(diffusion_request_set_mask_image(request, mask.pointer)) }
        if let initLatents { try check(diffusion_request_set_init_latents(request, initLatents.pointer)) }
        if let conditioning { try check(diffusion_request_set_conditioning(request, conditioning.pointer)) }
        for (name, one) in embeddings {
            try check(withText(name) { diffusion_request_set_embedding(request, $0, $1, one.pointer) })
        }
        for set in also { try check(set(request)) }
        return try call(request)
    }
}

/// How to open a model: what is nil keeps the library's default. `also` is as in `DiffusionRequest`.
public struct DiffusionOptions: Sendable {
    /// ONNX Runtime's library or the folder that holds it. In an app on iOS: the path of its framework's binary.
    public var ortLibrary: String?
    /// One of `DiffusionLibrary.providers`.
    public var provider: String?
    public var memory: String?
    public var threads: Int?
    /// Where prepared graphs are kept.
    public var cacheFolder: String?
    public var also: [@Sendable (OpaquePointer) -> Int32] = []

    public init() {}

    func withNative<Value>(_ call: (OpaquePointer) throws -> Value) throws -> Value {
        var made: OpaquePointer?
        try check(diffusion_pipeline_options_create(&made))
        defer { diffusion_pipeline_options_destroy(made) }
        let options = made!
        try check(withText(ortLibrary) { diffusion_pipeline_options_set_ort_library(options, $0, $1) })
        try check(withText(cacheFolder) { diffusion_pipeline_options_set_cache_dir(options, $0, $1) })
        if let provider { try check(withText(provider) { diffusion_pipeline_options_set_provider(options, $0, $1) }) }
        if let memory { try check(withText(memory) { diffusion_pipeline_options_set_memory(options, $0, $1) }) }
        if let threads { try check(diffusion_pipeline_options_set_threads(options, Int64(threads))) }
        for set in also { try check(set(options)) }
        return try call(options)
    }
}
