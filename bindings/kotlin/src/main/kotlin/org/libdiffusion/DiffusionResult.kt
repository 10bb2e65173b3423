package org.libdiffusion

/** The pictures of one generation. Threads may share it; its pictures live until it is closed. */
public class DiffusionResult internal constructor(pointer: Long) : AutoCloseable {
    private val handle = Reaper.watch(this, Handle("result", pointer, Native::resultDestroy))

    public val images: List<DiffusionImage> = call { result ->
        List(Native.resultCount(result)) { DiffusionImage(handle, Native.resultImage(result, it.toLong()), this) }
    }

    /** The first picture. */
    public val image: DiffusionImage get() = images[0]

    /** The seed that was used, also where the request had none. */
    public val seed: Long get() = call { Native.resultSeed(it) }

    /** The seed that draws one picture again. */
    public fun seed(picture: Int): Long = call { Native.resultImageSeed(it, picture.toLong()) }

    /** Whether the safety checker flagged a picture; null where it was not asked. */
    public fun flagged(picture: Int = 0): Boolean? = when (call { Native.resultFlagged(it, picture.toLong()) }) {
        0 -> false
        1 -> true
        else -> null
    }

    /**
     * A copy of what the pictures were decoded from, pictures by channels by height by width: for
     * [DiffusionRequest.initLatents], or to decode again.
     */
    public fun latents(): DiffusionEmbedding = DiffusionEmbedding(call { Native.resultLatents(it) })

    /** The settings with every default filled in, as a JSON object. */
    public val settingsJson: String get() = call { Native.resultSettings(it) }.text()

    /** Where the time went, as a JSON object in milliseconds. */
    public val timingsJson: String get() = call { Native.resultTimings(it) }.text()

    /** Sentences such as those about words that did not fit the text encoder. */
    public val warnings: List<String>
        get() = call { result -> List(Native.resultWarningCount(result)) { Native.resultWarning(result, it.toLong()).text() } }

    override fun close(): Unit = handle.close()

    internal fun <T> call(body: (Long) -> T): T = handle.use(body)
}
