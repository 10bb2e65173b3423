package org.libdiffusion

/** The library as a whole: its version, ONNX Runtime, and the names that settings may have. */
public object Diffusion {
    /** The version of the library, such as "0.1.0". */
    public val version: String get() = Native.version().text()

    /** ONNX Runtime's version, place and providers as a JSON object; loads it when that has not happened yet. */
    public val runtimeInfoJson: String get() = Native.runtimeInfo().text()

    /** Loads ONNX Runtime from a library, or a folder that holds one; null searches. Optional: opening a model does it. */
    @JvmStatic
    public fun initializeRuntime(library: String? = null): Unit = Native.runtimeInitialize(library?.utf8())

    /**
     * Uses the ONNX Runtime that the program has loaded itself: the address that its OrtGetApiBase() returned. Must come before
     * everything else that loads one; its library must stay loaded.
     */
    @JvmStatic
    public fun useApiBase(address: Long): Unit = Native.runtimeUseApiBase(address)

    /** What opening a model with these options takes, as the CPU holds it. Only the graphs' heads are read. */
    @JvmStatic
    @JvmOverloads
    public fun estimateMemory(folder: String, options: DiffusionOptions = DiffusionOptions()): MemoryEstimate {
        val (opening, open) = options.withNative { Native.estimateMemory(folder.utf8(), it) }
        return MemoryEstimate(opening, open)
    }

    public val schedulers: List<String> get() = names("scheduler")
    public val sigmaSchedules: List<String> get() = names("sigma_schedule")
    public val rngs: List<String> get() = names("rng")
    public val seedModes: List<String> get() = names("seed_mode")
    public val promptSyntaxes: List<String> get() = names("prompt_syntax")
    public val providers: List<String> get() = names("provider")
    public val precisions: List<String> get() = names("precision")
    public val fallbacks: List<String> get() = names("fallback")
    public val memoryModes: List<String> get() = names("memory_mode")
    public val seamlessWays: List<String> get() = names("seamless")
    public val tilings: List<String> get() = names("tiling")
    public val safeties: List<String> get() = names("safety")
    public val previewModes: List<String> get() = names("preview_mode")
    public val upscales: List<String> get() = names("upscale")

    private fun names(list: String): List<String> {
        val name = list.utf8()
        return generateSequence(0L) { it + 1 }.map { Native.listedName(name, it)?.text() }.takeWhile { it != null }.filterNotNull().toList()
    }
}

/** A weak hint of how many bytes a model takes. Drawing takes more, which grows with the size of the pictures. */
public data class MemoryEstimate(
    /** At most, while it is opened. */
    val opening: Long,
    /** Once it is open. */
    val open: Long,
)

/** A number of the header, which only the header knows. */
private fun constant(name: String): Int = Native.constant(name.encodeToByteArray())

/** What a call came to; see `diffusion_status` in diffusion.h. */
public enum class DiffusionStatus {
    OK, NULL_POINTER, INVALID_ARGUMENT, INVALID_UTF8, IO, BAD_MODEL, UNSUPPORTED, RUNTIME_MISSING, PROVIDER_UNAVAILABLE,
    OUT_OF_MEMORY, CANCELLED, BUSY, NUMERIC, GRAPH_FAILED, INTERNAL,

    /** A status of a later version of the library: [DiffusionException.code] has its number. */
    UNKNOWN,
    ;

    /** Its number in C; -1 for [UNKNOWN]. */
    public val code: Int = constant("STATUS_$name")

    internal companion object {
        fun of(code: Int): DiffusionStatus = entries.find { it.code == code } ?: UNKNOWN
    }
}

/** What failed, as the library's own sentence: what, where, and what is allowed. */
public class DiffusionException private constructor(
    public val status: DiffusionStatus,
    /** The status as C has it. */
    public val code: Int,
    message: String,
) : RuntimeException(message) {
    internal constructor(status: DiffusionStatus, message: String) : this(status, status.code, message)

    /** Called from C. */
    @Suppress("unused")
    internal constructor(code: Int, message: ByteArray) : this(DiffusionStatus.of(code), code, message.text())
}

/** The parts of the work. */
public enum class DiffusionPhase {
    OPENING, ENCODING_TEXT, ENCODING_IMAGE, DENOISING, DECODING,

    /** Work of a kind that a later version knows. */
    OTHER,
    ;

    private val code: Int = constant("PHASE_$name")

    internal companion object {
        fun of(code: Int): DiffusionPhase = entries.find { it.code == code } ?: OTHER
    }
}

/** How a pixel lies in memory. */
public enum class PixelFormat(
    /** Bytes of a pixel. */
    public val bytes: Int,
) {
    /** 3 bytes: red, green, blue. */
    RGB8(3),

    /** 4 bytes: red, green, blue, alpha: Android's `Bitmap.copyPixelsFromBuffer` with `ARGB_8888`. */
    RGBA8(4),

    /** 4 bytes: blue, green, red, alpha. */
    BGRA8(4),

    /** 4 floats in the machine's byte order: red, green, blue, alpha, from 0 to 1. */
    RGBA_F32(16),
    ;

    internal val code: Int = constant("PIXEL_FORMAT_$name")

    internal companion object {
        fun of(code: Int): PixelFormat = entries.first { it.code == code }
    }
}
