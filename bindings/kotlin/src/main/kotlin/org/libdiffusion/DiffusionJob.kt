package org.libdiffusion

import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.delay
import kotlinx.coroutines.withContext

/** How far the work is. */
public data class DiffusionProgress(
    /** What is being done; null while it waits for its turn. */
    val phase: DiffusionPhase?,
    /** How many parts of the phase are finished. */
    val step: Int,
    /** How many it has. */
    val steps: Int,
    /** How many drawings come before this one. */
    val queuePosition: Int,
    /** How many previews there were so far; another number than last time means a new one at [DiffusionJob.preview]. */
    val previewNumber: Long,
)

/**
 * Work on a thread of the library, for hosts that look at it from time to time, as game loops do. Every function may be
 * called from any thread, and none but [await] waits. Coroutines have [DiffusionPipeline.generate] instead.
 *
 * Closing cancels what is not done.
 */
public class DiffusionJob internal constructor(pointer: Long) : AutoCloseable {
    private val handle = Reaper.watch(this, Handle("job", pointer, Native::jobDestroy))

    /** Where it is on its way. */
    public enum class State {
        QUEUED, RUNNING, FINISHED, FAILED, CANCELLED,

        /** A state that a later version knows: still at work. */
        OTHER,
        ;

        private val code: Int = Native.constant("JOB_STATE_$name".encodeToByteArray())

        /** Whether nothing more will happen. */
        public val isDone: Boolean get() = this == FINISHED || this == FAILED || this == CANCELLED

        internal companion object {
            fun of(code: Int): State = entries.find { it.code == code } ?: OTHER
        }
    }

    public val state: State get() = look().first

    public val progress: DiffusionProgress get() = look().second

    /** For how long it has been running. */
    public val milliseconds: Double get() = handle.use { Native.jobMilliseconds(it) }

    /** Waits for the end, or for so many milliseconds; a negative number waits for as long as it takes. Blocks. */
    @JvmOverloads
    public fun await(milliseconds: Long = -1): State = State.of(handle.use { Native.jobWait(it, milliseconds) })

    /** Stops it as soon as possible, in the middle of a graph too. Never waits. */
    public fun cancel(): Unit = handle.use { Native.jobCancel(it) }

    /** The newest preview of a picture of the request; the caller closes it. */
    @JvmOverloads
    public fun preview(picture: Int = 0): DiffusionImage = DiffusionImage.owned(handle.use { Native.jobPreview(it, picture.toLong()) })

    /** The pictures, once; or what went wrong, as an exception. BUSY as long as the job is not done. */
    public fun takeResult(): DiffusionResult = DiffusionResult(handle.use { Native.jobTakeResult(it) })

    internal fun takePipeline() = DiffusionPipeline(handle.use { Native.jobTakePipeline(it) })

    override fun close(): Unit = handle.close()

    private fun look(): Pair<State, DiffusionProgress> = handle.use {
        val (state, phase, step, steps, position) = Native.jobLook(it)
        val known = if (phase < 0) null else DiffusionPhase.of(phase)
        State.of(state) to DiffusionProgress(known, step, steps, position, Native.jobPreviewNumber(it))
    }

    /**
     * Reports every progress that is seen until the job is done, without holding a thread. If the coroutine is cancelled,
     * so is the job, and when this returns its pipeline is free for others.
     */
    internal suspend fun follow(report: suspend (DiffusionProgress) -> Unit) {
        var reported: DiffusionProgress? = null
        try {
            while (true) {
                val (state, progress) = look()
                if (progress != reported) {
                    reported = progress
                    report(progress)
                }
                if (state.isDone) return
                delay(LOOK_MILLISECONDS)
            }
        } finally {
            cancel()
            withContext(NonCancellable) { while (!state.isDone) delay(LOOK_MILLISECONDS) }
        }
    }

    /** The same for a thread, whose interruption is its cancellation. */
    internal fun followBlocking(report: DiffusionListener?) {
        var reported: DiffusionProgress? = null
        try {
            while (true) {
                val (state, progress) = look()
                if (progress != reported) {
                    reported = progress
                    report?.onProgress(progress)
                }
                if (state.isDone) return
                if (Thread.interrupted()) throw InterruptedException("the drawing was interrupted")
                await(LOOK_MILLISECONDS)
            }
        } finally {
            cancel()
            await()
        }
    }

    private companion object {
        /** As often as a screen is drawn; a look costs microseconds. */
        const val LOOK_MILLISECONDS = 16L
    }
}

/** Is told how far a blocking call is, on the thread that made it. An exception stops the work. */
public fun interface DiffusionListener {
    public fun onProgress(progress: DiffusionProgress)
}
