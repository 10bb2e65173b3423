package org.libdiffusion

/**
 * What a pipeline's text encoders made of prompts, for [DiffusionRequest.conditioning] of any number of requests to that
 * pipeline. It never changes; threads may share it. It does not keep the pipeline open.
 */
public class DiffusionConditioning internal constructor(pointer: Long) : AutoCloseable {
    private val handle = Reaper.watch(this, Handle("conditioning", pointer, Native::conditioningDestroy))

    /** A text, once for every text encoder that read it, such as "text_encoder_2". */
    public data class Text(
        val encoder: String,
        val text: String,
        /** Whether it says what the picture should not show. */
        val isNegative: Boolean,
    )

    /** What was read; the places are the indices of the functions below. */
    public val texts: List<Text>
        get() = call { conditioning ->
            List(Native.conditioningCount(conditioning)) {
                val index = it.toLong()
                Text(
                    Native.conditioningEncoder(conditioning, index).text(),
                    Native.conditioningText(conditioning, index).text(),
                    Native.conditioningIsNegative(conditioning, index) == 1,
                )
            }
        }

    /** What the encoder made of a text: tokens by width. */
    public fun states(index: Int): DiffusionEmbedding = DiffusionEmbedding(call { Native.conditioningStates(it, index.toLong()) })

    /** The text as one vector; UNSUPPORTED where its encoder gives none. */
    public fun pooled(index: Int): DiffusionEmbedding = DiffusionEmbedding(call { Native.conditioningPooled(it, index.toLong()) })

    /** The same with other numbers for a text, such as a mix of two prompts. What is null stays. */
    @JvmOverloads
    public fun withStates(index: Int, states: DiffusionEmbedding?, pooled: DiffusionEmbedding? = null): DiffusionConditioning =
        call { conditioning ->
            states.orNone { one ->
                pooled.orNone { DiffusionConditioning(Native.conditioningWithStates(conditioning, index.toLong(), one, it)) }
            }
        }

    override fun close(): Unit = handle.close()

    internal fun <T> call(body: (Long) -> T): T = handle.use(body)
}
