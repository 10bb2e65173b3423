import CDiffusion

/// Numbers that models understand, such as latents, or the states of a text. It never changes; threads may share it.
public final class DiffusionEmbedding: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        diffusion_embedding_destroy(pointer)
    }

    /// An embedding of numbers of one's own, which are copied; the first size of the shape is the rows.
    public convenience init(_ values: [Float], shape: [Int]) throws {
        var made: OpaquePointer?
        try check(diffusion_embedding_create(values, values.count, shape.map(Int64.init), shape.count, &made))
        self.init(made!)
    }

    /// The numbers, row by row.
    public var values: [Float] {
        Array(UnsafeBufferPointer(start: diffusion_embedding_values(pointer), count: diffusion_embedding_count(pointer)))
    }

    public var shape: [Int] {
        UnsafeBufferPointer(start: diffusion_embedding_shape(pointer), count: diffusion_embedding_rank(pointer)).map(Int.init)
    }

    /// The embedding at `at`, 0 to 1, on the straight line to another: for texts' states, and diffusion autoencoders' codes.
    public func lerp(to other: DiffusionEmbedding, at: Float) throws -> DiffusionEmbedding {
        try made { diffusion_embedding_lerp(pointer, other.pointer, at, $0) }
    }

    /// The embedding at `at`, 0 to 1, on the arc to another: for CLIP's embeddings, and for noise.
    public func slerp(to other: DiffusionEmbedding, at: Float) throws -> DiffusionEmbedding {
        try made { diffusion_embedding_slerp(pointer, other.pointer, at, $0) }
    }

    /// The sum of both by their weights: several pictures and texts as one.
    public func mixed(_ weight: Float, with other: DiffusionEmbedding, _ otherWeight: Float) throws -> DiffusionEmbedding {
        try made { diffusion_embedding_weighted_sum(pointer, weight, other.pointer, otherWeight, $0) }
    }

    /// The direction from this text embedding to another, for `turned`.
    public func difference(to after: DiffusionEmbedding) throws -> DiffusionEmbedding {
        try made { diffusion_embedding_difference(pointer, after.pointer, $0) }
    }

    /// This picture's embedding turned towards a difference of texts, usually by 0.25 to 0.5.
    public func turned(by difference: DiffusionEmbedding, at: Float) throws -> DiffusionEmbedding {
        try made { diffusion_embedding_turn(pointer, difference.pointer, at, $0) }
    }
}

/// The embedding that a function of the header makes.
func made(_ call: (UnsafeMutablePointer<OpaquePointer?>) -> Int32) throws -> DiffusionEmbedding {
    var embedding: OpaquePointer?
    try check(call(&embedding))
    return DiffusionEmbedding(embedding!)
}
