package org.libdiffusion

/**
 * What to draw: a value, which threads may share and [copy] changes. What is null is left to the model.
 *
 * The common settings are here by name. Every other one of the header's `diffusion_request_set_…` functions that takes
 * texts or numbers goes into [settings] by that name: a `String`, a number or a Boolean, a `List` of the numbers of a
 * function that takes several (`"hires_size" to listOf(768, 512)`), a `DoubleArray` for a function that takes a list
 * (`"custom_sigmas"`), a `Map` for a function of something that has a name (`"stage_steps" to mapOf("prior" to 10)`). A name
 * or a value that is not allowed fails with the sentence that says what is.
 */
public data class DiffusionRequest @JvmOverloads constructor(
    val prompt: String = "",
    val negativePrompt: String? = null,
    /** All 64 bits count, as an unsigned number. Null: a random one, which [DiffusionResult.seed] tells. */
    val seed: Long? = null,
    val steps: Int? = null,
    val guidance: Float? = null,
    /** One of [Diffusion.schedulers], or a class name of diffusers. */
    val scheduler: String? = null,
    val width: Int? = null,
    val height: Int? = null,
    /** How many pictures. */
    val count: Int? = null,
    /** The picture to start from. It must be open when drawing starts, and may be closed afterwards. */
    val initImage: DiffusionImage? = null,
    /** How much of it is redrawn, above 0 up to 1. */
    val strength: Float? = null,
    /** What is drawn anew: white is, black stays. */
    val mask: DiffusionImage? = null,
    /** Another generation's latents to start from. */
    val initResult: DiffusionResult? = null,
    /** Latents to start from: of [DiffusionPipeline.encodeImage], of a result, or one's own. */
    val initLatents: DiffusionEmbedding? = null,
    /** Prompts that were read already, in place of [prompt] and [negativePrompt]. */
    val conditioning: DiffusionConditioning? = null,
    /** Other pictures to keep to. */
    val conditions: List<Condition> = emptyList(),
    /** Things that belong into a part of the picture. */
    val boxes: List<Box> = emptyList(),
    val previews: Previews? = null,
    /** In place of what a model of several stages would compute, by the value's name, such as "image_embeds". */
    val embeddings: Map<String, DiffusionEmbedding> = emptyMap(),
    val settings: Map<String, Any> = emptyMap(),
) {
    /** A picture in one of the model's roles, such as "controlnet"; it counts by [scale] from [start] to [end] of the run. */
    public data class Condition @JvmOverloads constructor(
        val role: String,
        val image: DiffusionImage,
        val scale: Float = 1f,
        val start: Float = 0f,
        val end: Float = 1f,
    )

    /** A thing, and its part of the picture: 0 to 1 from the left upper corner. */
    public data class Box(val phrase: String, val left: Float, val top: Float, val right: Float, val bottom: Float)

    /** Pictures of what is not finished: one of [Diffusion.previewModes], after every [interval] denoiser evaluations. */
    public data class Previews @JvmOverloads constructor(val mode: String = "linear", val interval: Int = 1)

    /** Checks all that can be checked without a model. */
    public fun validate(): Unit = withNative { Native.requestValidate(it) }

    /** The request as the library has it, for as long as the call takes; the library copies it. */
    internal fun <T> withNative(call: (Long) -> T): T {
        val request = Native.requestCreate()
        try {
            val setter = Setter(Native.OF_REQUEST, request)
            setter.set("prompt", prompt)
            setter.set("negative_prompt", negativePrompt)
            setter.set("seed", seed)
            setter.set("steps", steps)
            setter.set("guidance", guidance)
            setter.set("scheduler", scheduler)
            setter.set("width", width)
            setter.set("height", height)
            setter.set("count", count)
            setter.set("strength", strength)
            initImage?.call { Native.requestInitImage(request, it) }
            mask?.call { Native.requestMaskImage(request, it) }
            initResult?.call { Native.requestInitResult(request, it) }
            initLatents?.call { Native.requestInitLatents(request, it) }
            conditioning?.call { Native.requestConditioning(request, it) }
            for ((name, embedding) in embeddings) embedding.call { Native.requestEmbedding(request, name.utf8(), it) }
            for ((role, image, scale, start, end) in conditions) {
                image.call { Native.requestCondition(request, role.utf8(), it, scale, start, end) }
            }
            for ((phrase, left, top, right, bottom) in boxes) Native.requestBox(request, phrase.utf8(), left, top, right, bottom)
            previews?.let { setter.set("previews", mapOf(it.mode to it.interval)) }
            settings.forEach(setter::set)
            return call(request)
        } finally {
            Native.requestDestroy(request)
        }
    }
}

/** How to open a model: what is null keeps the library's default; see `diffusion_pipeline_options_set_…` in diffusion.h. */
public data class DiffusionOptions @JvmOverloads constructor(
    /** ONNX Runtime's library or the folder that holds it. */
    val ortLibrary: String? = null,
    /** One of [Diffusion.providers]. */
    val provider: String? = null,
    val precision: String? = null,
    val fallback: String? = null,
    val memory: String? = null,
    val threads: Int? = null,
    val deviceId: Int? = null,
    /** Where prepared graphs are kept; on Android `context.cacheDir.path`. */
    val cacheDir: String? = null,
    /** Keeps them where this system keeps a user's caches. */
    val userCache: Boolean = false,
    /** The most bytes of the cache. */
    val cacheLimit: Long? = null,
    val preparation: Boolean? = null,
    /** How many drawings may wait behind the one that runs; one more is BUSY. */
    val jobQueue: Int? = null,
    /** A provider for one graph: role to name. */
    val graphProviders: Map<String, String> = emptyMap(),
    /** Options of providers: key to value. */
    val providerOptions: Map<String, String> = emptyMap(),
    /** Words that prompts may use: file to token; an empty token is the file's own. */
    val embeddings: Map<String, String> = emptyMap(),
    /** ControlNets and adapters that lie elsewhere than the model. */
    val conditionGraphs: List<String> = emptyList(),
) {
    internal fun <T> withNative(call: (Long) -> T): T {
        val options = Native.optionsCreate()
        try {
            val setter = Setter(Native.OF_OPTIONS, options)
            setter.set("ort_library", ortLibrary)
            setter.set("provider", provider)
            setter.set("precision", precision)
            setter.set("fallback", fallback)
            setter.set("memory", memory)
            setter.set("threads", threads)
            setter.set("device_id", deviceId)
            setter.set("cache_dir", cacheDir)
            if (userCache) Native.optionsUseUserCache(options)
            setter.set("cache_limit", cacheLimit)
            setter.set("preparation", preparation)
            setter.set("job_queue", jobQueue)
            setter.set("graph_provider", graphProviders)
            setter.set("provider_option", providerOptions)
            setter.set("embedding", embeddings)
            conditionGraphs.forEach { setter.set("condition_graph", it) }
            return call(options)
        } finally {
            Native.optionsDestroy(options)
        }
    }
}

/** Sets what has a name. */
private class Setter(private val of: Int, private val handle: Long) {
    fun set(name: String, value: Any?) {
        when (value) {
            null -> Unit
            is String -> Native.setText(of, handle, name.utf8(), value.utf8())
            is DoubleArray -> Native.setList(of, handle, name.utf8(), value)
            is Map<*, *> -> for ((key, one) in value) keyed(name, key.toString(), one)
            else -> numbers(name, value) { whole, real -> Native.setNumbers(of, handle, name.utf8(), whole, real) }
        }
    }

    private fun keyed(name: String, key: String, value: Any?) {
        if (value is String) {
            Native.setPair(of, handle, name.utf8(), key.utf8(), value.utf8())
        } else {
            numbers(name, value) { whole, real -> Native.setKeyed(of, handle, name.utf8(), key.utf8(), whole, real) }
        }
    }

    /** One number or a list of them, each as a whole number and as a fraction: C takes the one that it wants. */
    private fun numbers(name: String, value: Any?, call: (LongArray, DoubleArray) -> Unit) {
        val values = value as? List<*> ?: listOf(value)
        val numbers = values.map {
            when (it) {
                is Number -> it
                is Boolean -> if (it) 1 else 0
                else -> throw DiffusionException(
                    DiffusionStatus.INVALID_ARGUMENT,
                    "the setting \"$name\" is ${it?.javaClass?.simpleName}: it must be a String, a number, a Boolean, a List of numbers, a DoubleArray " +
                        "or a Map to one of these",
                )
            }
        }
        call(LongArray(numbers.size) { numbers[it].toLong() }, DoubleArray(numbers.size) { numbers[it].toDouble() })
    }
}
