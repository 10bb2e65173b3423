package org.libdiffusion

/**
 * A generation underway, for a loop of one's own: it draws what [DiffusionPipeline.generate] draws, one denoiser evaluation
 * after the other.
 *
 * All that computes here blocks: in a coroutine, call it `withContext(Dispatchers.IO)`. Between two calls the pipeline is free
 * for others, and several steppers may be underway. Threads that share one take turns. It keeps the model open until it is
 * closed.
 */
public class DiffusionStepper internal constructor(pointer: Long) : AutoCloseable {
    private val handle = Reaper.watch(this, Handle("stepper", pointer, Native::stepperDestroy))
    private val turn = Any()

    /** How many evaluations there are; solvers of higher order take several a step. */
    public val stepCount: Int = handle.use { Native.stepperStepCount(it) }

    /** How many of them are made. */
    public val step: Int get() = call { Native.stepperStep(it) }

    /** The timestep of the next evaluation, as the scheduler counts it; null when none is left. */
    public val timestep: Double? get() = call { Native.stepperTimestep(it) }.takeIf { it >= 0 }

    /** Makes the next evaluation; INVALID_ARGUMENT when none is left. */
    public fun advance(): Unit = call { Native.stepperAdvance(it) }

    /** Makes the evaluations that are left, one in each turn of a loop, which is told how many are made. */
    public fun steps(): Sequence<Int> = sequence {
        while (step < stepCount) {
            advance()
            yield(step)
        }
    }

    /** A copy of the latents as they are now: pictures, channels, height, width, in the scheduler's scale. */
    public fun latents(): DiffusionEmbedding = DiffusionEmbedding(call { Native.stepperLatents(it) })

    /** Goes on with other latents, of the shape and in the scale of [latents]. They are copied. */
    public fun setLatents(latents: DiffusionEmbedding): Unit = latents.call { given -> call { Native.stepperSetLatents(it, given) } }

    /**
     * What the latest evaluation took the finished latents to be, for a preview by [DiffusionPipeline.decodeLatents]. Null where
     * that is not known: before the first and after the last evaluation, where other latents were set since, and for a few
     * models always.
     */
    public fun cleanLatents(): DiffusionEmbedding? = call { Native.stepperCleanLatents(it) }.takeIf { it != 0L }?.let(::DiffusionEmbedding)

    /** Makes pictures of the latents as they are: finished when no evaluation is left, noisy before. May come again. */
    public fun finish(): DiffusionResult = DiffusionResult(call { Native.stepperFinish(it) })

    override fun close(): Unit = handle.close()

    // One call at a time: C does not look after that itself.
    private fun <T> call(body: (Long) -> T): T = synchronized(turn) { handle.use(body) }
}
