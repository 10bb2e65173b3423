import CDiffusion

/// What a pipeline's text encoders made of prompts, for `DiffusionRequest.conditioning` of any number of requests to that
/// pipeline. It never changes; threads may share it. It does not keep the pipeline open.
public final class DiffusionConditioning: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        diffusion_conditioning_destroy(pointer)
    }

    /// A text, once for every text encoder that read it, such as "text_encoder_2".
    public struct Text: Equatable, Sendable {
        public let encoder: String
        public let text: String
        /// Whether it says what the picture should not show.
        public let isNegative: Bool
    }

    /// What was read; the places are the indices of the functions below.
    public var texts: [Text] {
        (0..<Int64(diffusion_conditioning_count(pointer))).map {
            Text(
                encoder: String(cString: diffusion_conditioning_encoder(pointer, $0)),
                text: String(cString: diffusion_conditioning_text(pointer, $0)),
                isNegative: diffusion_conditioning_is_negative(pointer, $0) == 1)
        }
    }

    /// What the encoder made of a text: tokens by width.
    public func states(_ index: Int) throws -> DiffusionEmbedding {
        try made { diffusion_conditioning_states(pointer, Int64(index), $0) }
    }

    /// The text as one vector; `unsupported` where its encoder gives none.
    public func pooled(_ index: Int) throws -> DiffusionEmbedding {
        try made { diffusion_conditioning_pooled(pointer, Int64(index), $0) }
    }

    /// The same with other numbers for a text, such as a mix of two prompts. What is nil stays.
    public func with(
        _ index: Int, states: DiffusionEmbedding?, pooled: DiffusionEmbedding? = nil
    ) throws -> DiffusionConditioning {
        var changed: OpaquePointer?
        try check(diffusion_conditioning_with_states(pointer, Int64(index), states?.pointer, pooled?.pointer, &changed))
        return DiffusionConditioning(changed!)
    }
}
