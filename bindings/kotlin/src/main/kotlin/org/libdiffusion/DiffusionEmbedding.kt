package org.libdiffusion

/** Numbers that models understand, such as the code of a picture, or latents. It never changes; threads may share it. */
public class DiffusionEmbedding internal constructor(pointer: Long) : AutoCloseable {
    private val handle = Reaper.watch(this, Handle("embedding", pointer, Native::embeddingDestroy))

    /** The sizes; the first is the rows. */
    public val shape: LongArray get() = call { Native.embeddingShape(it) }

    /** The numbers, row by row, in a new array. */
    public fun toFloatArray(): FloatArray = call { Native.embeddingValues(it) }

    /** The embedding at [at], 0 to 1, on the straight line to another: for diffusion autoencoders' codes, and texts' states. */
    public fun lerp(to: DiffusionEmbedding, at: Float): DiffusionEmbedding = with(to) { a, b -> Native.embeddingLerp(a, b, at) }

    /** The embedding at [at], 0 to 1, on the arc to another: for CLIP's embeddings, and for noise. */
    public fun slerp(to: DiffusionEmbedding, at: Float): DiffusionEmbedding = with(to) { a, b -> Native.embeddingSlerp(a, b, at) }

    /** The sum of both by their weights: several pictures and texts as one. */
    public fun mixed(weight: Float, other: DiffusionEmbedding, otherWeight: Float): DiffusionEmbedding =
        with(other) { a, b -> Native.embeddingSum(a, weight, b, otherWeight) }

    /** The direction from this text embedding to another, for [turned]. */
    public fun difference(after: DiffusionEmbedding): DiffusionEmbedding = with(after, Native::embeddingDifference)

    /** This picture's embedding turned towards a difference of texts, usually by 0.25 to 0.5. */
    public fun turned(difference: DiffusionEmbedding, at: Float): DiffusionEmbedding =
        with(difference) { a, b -> Native.embeddingTurn(a, b, at) }

    override fun close(): Unit = handle.close()

    internal fun <T> call(body: (Long) -> T): T = handle.use(body)

    private fun with(other: DiffusionEmbedding, make: (Long, Long) -> Long) =
        DiffusionEmbedding(call { one -> other.call { make(one, it) } })

    public companion object {
        /** An embedding of numbers of one's own, which are copied; the first size of the shape is the rows. */
        @JvmStatic
        public fun of(values: FloatArray, vararg shape: Long): DiffusionEmbedding = DiffusionEmbedding(Native.embeddingCreate(values, shape))
    }
}

/** A call with an embedding that may be left out, which C knows as NULL. */
internal fun <T> DiffusionEmbedding?.orNone(body: (Long) -> T): T = if (this == null) body(0) else call(body)
