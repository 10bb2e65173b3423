package org.libdiffusion

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import java.nio.ByteBuffer

/** What [DiffusionPipeline.generateAsFlow] emits: progress, and at the end the pictures. */
public sealed interface DiffusionEvent {
    public class Progress internal constructor(public val progress: DiffusionProgress, private val job: DiffusionJob) : DiffusionEvent {
        /** The newest preview of a picture, which the collector closes; null where there is none yet. */
        public fun preview(picture: Int = 0): DiffusionImage? = if (progress.previewNumber == 0L) null else job.preview(picture)
    }

    /** The collector closes the result. */
    public class Finished internal constructor(public val result: DiffusionResult) : DiffusionEvent
}

/**
 * An opened model. Threads and coroutines may share it: their drawings queue.
 *
 * Drawing happens on a thread of the library, so all that suspends here may be called on a UI's dispatcher. What is running
 * when the pipeline is closed goes on.
 */
public class DiffusionPipeline internal constructor(pointer: Long) : AutoCloseable {
    private val handle = Reaper.watch(this, Handle("pipeline", pointer, Native::pipelineDestroy))
    private val defaults = handle.use { Native.pipelineDefaults(it) }

    /**
     * Draws. Cancelling the coroutine cancels the drawing, in the middle of a graph too, and the pipeline stays usable.
     * [onProgress] is called in this coroutine with what is seen in passing, not with every single step.
     */
    public suspend fun generate(request: DiffusionRequest, onProgress: suspend (DiffusionProgress) -> Unit = {}): DiffusionResult =
        start(request).use { job ->
            job.follow(onProgress)
            job.takeResult()
        }

    /** Draws when it is collected, once for each collector. A collector that stops early stops the drawing. */
    public fun generateAsFlow(request: DiffusionRequest): Flow<DiffusionEvent> = flow {
        start(request).use { job ->
            job.follow { emit(DiffusionEvent.Progress(it, job)) }
            // A collector that throws after it took the result, as first() does, keeps it.
            emit(DiffusionEvent.Finished(job.takeResult()))
        }
    }

    /** Draws and blocks. Interrupting the thread stops the drawing. */
    @JvmOverloads
    @Throws(InterruptedException::class)
    public fun generateBlocking(request: DiffusionRequest, listener: DiffusionListener? = null): DiffusionResult =
        start(request).use { job ->
            job.followBlocking(listener)
            job.takeResult()
        }

    /** Starts to draw and returns at once. */
    public fun start(request: DiffusionRequest): DiffusionJob =
        request.withNative { native -> DiffusionJob(handle.use { Native.jobStart(it, native) }) }

    /**
     * Reads the request's prompts once, for [DiffusionRequest.conditioning] of any number of pictures. Of the request those
     * settings count that say how prompts are read; and the steps for prompts that change while they are drawn.
     *
     * Blocks, as do those below: in a coroutine, call it `withContext(Dispatchers.IO)`.
     */
    public fun encodePrompt(request: DiffusionRequest): DiffusionConditioning =
        DiffusionConditioning(request.withNative { native -> handle.use { Native.pipelineEncodePrompt(it, native) } })

    /** Computes one of the embeddings of a model of several stages, such as "image_embeds", of what the request has. */
    public fun embed(value: String, request: DiffusionRequest): DiffusionEmbedding =
        DiffusionEmbedding(request.withNative { native -> handle.use { Native.pipelineEmbed(it, native, value.utf8()) } })

    /** Begins to draw, for a loop of one's own: prompts and pictures are read, the first noise is drawn. */
    public fun begin(request: DiffusionRequest): DiffusionStepper =
        DiffusionStepper(request.withNative { native -> handle.use { Native.stepperBegin(it, native) } })

    /**
     * The latents of a picture: 1, channels, height, width. It is not resized: its sides must be multiples of what a latent
     * stands for, 8 pixels in most models.
     */
    public fun encodeImage(image: DiffusionImage): DiffusionEmbedding =
        DiffusionEmbedding(image.call { native -> handle.use { Native.pipelineEncodeImage(it, native) } })

    /** The picture of latents: pictures, channels, height, width. */
    @JvmOverloads
    public fun decodeLatents(latents: DiffusionEmbedding, picture: Int = 0, format: PixelFormat = PixelFormat.RGB8): DiffusionImage =
        DiffusionImage.owned(
            latents.call { native -> handle.use { Native.pipelineDecodeLatents(it, native, picture.toLong(), format.code) } },
        )

    /** Everything about the model, as a JSON object. */
    public val infoJson: String get() = handle.use { Native.pipelineInfo(it) }.text()

    /** Such as "stable-diffusion-1". */
    public val family: String get() = handle.use { Native.pipelineFamily(it) }.text()

    /** Sentences about what was recognised in the folder. */
    public val notes: List<String>
        get() = handle.use { pipeline ->
            generateSequence(0L) { it + 1 }.map { Native.pipelineNote(pipeline, it).text() }.takeWhile { it.isNotEmpty() }.toList()
        }

    public val defaultWidth: Int get() = defaults[0].toInt()
    public val defaultHeight: Int get() = defaults[1].toInt()
    public val defaultSteps: Int get() = defaults[2].toInt()
    public val defaultGuidance: Float get() = defaults[3].toFloat()
    public val defaultScheduler: String get() = handle.use { Native.pipelineDefaultScheduler(it) }.text()

    /** Width and height must be multiples of this. */
    public val sizeMultiple: Int get() = defaults[4].toInt()

    override fun close(): Unit = handle.close()

    public companion object {
        /** Opens the model in a folder. Cancelling the coroutine stops it. */
        public suspend fun open(
            folder: String,
            options: DiffusionOptions = DiffusionOptions(),
            onProgress: suspend (DiffusionProgress) -> Unit = {},
        ): DiffusionPipeline = startOpening(folder, options).use { job ->
            job.follow(onProgress)
            job.takePipeline()
        }

        /** Opens the model in a folder and blocks. Interrupting the thread stops it. */
        @JvmStatic
        @JvmOverloads
        @Throws(InterruptedException::class)
        public fun openBlocking(
            folder: String,
            options: DiffusionOptions = DiffusionOptions(),
            listener: DiffusionListener? = null,
        ): DiffusionPipeline = startOpening(folder, options).use { job ->
            job.followBlocking(listener)
            job.takePipeline()
        }

        /**
         * Opens a model whose files lie in memory, such as "unet/model.onnx", by the names that they would have below its folder:
         * what a buffer has from its position to its limit. Nothing is written to the disk. The bytes are copied, those of direct
         * and mapped buffers once.
         */
        public suspend fun openFiles(
            files: Map<String, ByteBuffer>,
            options: DiffusionOptions = DiffusionOptions(),
            onProgress: suspend (DiffusionProgress) -> Unit = {},
        ): DiffusionPipeline = startOpening(files, options).use { job ->
            job.follow(onProgress)
            job.takePipeline()
        }

        /** As [openFiles], and blocks. Interrupting the thread stops it. */
        @JvmStatic
        @JvmOverloads
        @Throws(InterruptedException::class)
        public fun openFilesBlocking(
            files: Map<String, ByteBuffer>,
            options: DiffusionOptions = DiffusionOptions(),
            listener: DiffusionListener? = null,
        ): DiffusionPipeline = startOpening(files, options).use { job ->
            job.followBlocking(listener)
            job.takePipeline()
        }

        private fun startOpening(folder: String, options: DiffusionOptions): DiffusionJob =
            options.withNative { DiffusionJob(Native.jobOpen(folder.utf8(), it)) }

        private fun startOpening(files: Map<String, ByteBuffer>, options: DiffusionOptions): DiffusionJob {
            val copies = Native.filesCreate()
            try {
                for ((name, buffer) in files) {
                    // C sees the memory of direct buffers only.
                    val direct = if (buffer.isDirect) buffer
                    else ByteBuffer.allocateDirect(buffer.remaining()).apply { put(buffer.duplicate()).flip() }
                    Native.filesAdd(copies, name.utf8(), direct, direct.position().toLong(), direct.remaining().toLong())
                }
                return options.withNative { DiffusionJob(Native.jobOpenFiles(copies, it)) }
            } finally {
                Native.filesDestroy(copies)
            }
        }
    }
}
