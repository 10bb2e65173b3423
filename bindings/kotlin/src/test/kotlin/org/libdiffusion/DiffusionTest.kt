package org.libdiffusion

import com.google.gson.JsonParser
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.File
import java.nio.ByteBuffer
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime

/** The demo model, through everything that the binding has. */
class DiffusionTest {
    private val small = DiffusionRequest("a red house in the snow", seed = 7, steps = 3, width = 64, height = 64)

    /** Minutes of work, so that whoever stops it stops it in the middle; the limits below are for machines under load. */
    private val endless = small.copy(steps = 900, count = 8, scheduler = "euler", width = 128, height = 128)

    private fun refused(status: DiffusionStatus, vararg words: String, call: () -> Unit) {
        val failure = assertThrows(DiffusionException::class.java) { call() }
        assertEquals(status, failure.status, failure.message)
        for (word in words) assertTrue(failure.message!!.contains(word), "\"${failure.message}\" has no \"$word\"")
    }

    @Test
    fun `numbers are those of the header`() {
        assertEquals((0..14).toList(), DiffusionStatus.entries.dropLast(1).map { it.code })
        for (status in DiffusionStatus.entries.dropLast(1)) {
            val word = status.name.lowercase().split('_').first().replace("io", "input/output").replace("runtime", "runtime missing")
            assertTrue(Native.statusName(status.code).text().lowercase().contains(word), status.name)
        }
        for (phase in DiffusionPhase.entries.dropLast(1)) assertEquals(phase, DiffusionPhase.of(phase.ordinal))
        for (format in PixelFormat.entries) assertEquals(format.ordinal, format.code)
        for (state in DiffusionJob.State.entries.dropLast(1)) assertEquals(state, DiffusionJob.State.of(state.ordinal))
        assertEquals(DiffusionStatus.UNKNOWN, DiffusionStatus.of(-1))
        assertEquals(DiffusionStatus.UNKNOWN, DiffusionStatus.of(99))
    }

    @Test
    fun `names are listed`() {
        assertTrue("euler" in Diffusion.schedulers && "cpu" in Diffusion.providers && "linear" in Diffusion.previewModes)
        assertTrue(
            listOf(
                Diffusion.sigmaSchedules, Diffusion.rngs, Diffusion.seedModes, Diffusion.promptSyntaxes, Diffusion.precisions,
                Diffusion.fallbacks, Diffusion.memoryModes, Diffusion.seamlessWays, Diffusion.tilings, Diffusion.safeties,
                Diffusion.upscales,
            ).all { it.isNotEmpty() },
        )
        assertTrue(Regex("""\d+\.\d+\.\d+""").matches(Diffusion.version))
        assertTrue("CPUExecutionProvider" in JsonParser.parseString(Diffusion.runtimeInfoJson).asJsonObject["providers"].toString())
    }

    @Test
    fun `the model says what it is`() {
        assertEquals("stable-diffusion-1", pipeline.family)
        assertEquals(128 to 128, pipeline.defaultWidth to pipeline.defaultHeight)
        assertEquals(25, pipeline.defaultSteps)
        assertEquals(3f, pipeline.defaultGuidance)
        assertTrue(pipeline.defaultScheduler in Diffusion.schedulers)
        assertTrue(pipeline.sizeMultiple > 0 && pipeline.notes.isNotEmpty())
        assertEquals("stable-diffusion-1", JsonParser.parseString(pipeline.infoJson).asJsonObject["family"].asString)
    }

    @Test
    fun `every way of drawing draws the same`() = runBlocking {
        val seen = mutableListOf<DiffusionProgress>()
        val pixels = pipeline.generate(small) { seen += it }.use { it.image.toByteArray() }
        assertEquals(64 * 64 * 3, pixels.size)
        assertTrue(pixels.toSet().size > 16, "the picture is not flat")
        assertEquals(DiffusionPhase.DECODING, seen.last().phase)
        assertEquals(seen.last().steps, seen.last().step)

        val events = pipeline.generateAsFlow(small).toList()
        val finished = events.last() as DiffusionEvent.Finished
        assertArrayEquals(pixels, finished.result.use { it.image.toByteArray() })
        assertTrue(events.dropLast(1).all { it is DiffusionEvent.Progress })

        // A result that a collector takes and stops by is its own.
        val first = pipeline.generateAsFlow(small).filterIsInstance<DiffusionEvent.Finished>().first()
        assertArrayEquals(pixels, first.result.use { it.image.toByteArray() })

        assertArrayEquals(pixels, pipeline.generateBlocking(small) { assertTrue(it.step <= it.steps) }.use { it.image.toByteArray() })
        pipeline.start(small).use { job ->
            assertEquals(DiffusionJob.State.FINISHED, job.await())
            assertArrayEquals(pixels, job.takeResult().use { it.image.toByteArray() })
            assertTrue(job.milliseconds > 0)
            refused(DiffusionStatus.INVALID_ARGUMENT) { job.takeResult() }
        }
        val both = List(2) { async(Dispatchers.Default) { pipeline.generate(small).use { it.image.toByteArray() } } }
        both.forEach { assertArrayEquals(pixels, it.await()) }
    }

    @Test
    fun `every character of a prompt arrives`() {
        val prompt = "a red house \uD83C\uDFE0 \uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67 in the snow, ein h\u00FCbsches, \u96EA\u306E\u5BB6"
        val request = small.copy(prompt = prompt, negativePrompt = "\uD83C\uDF19 night")
        pipeline.generateBlocking(request).use {
            val settings = JsonParser.parseString(it.settingsJson).asJsonObject
            assertEquals(prompt, settings["prompt"].asString)
            assertEquals("\uD83C\uDF19 night", settings["negative_prompt"].asString)
            assertEquals(7, it.seed)
        }
        refused(DiffusionStatus.INVALID_UTF8, "surrogate") { DiffusionRequest("half an emoji: \uD83C").validate() }
    }

    @Test
    fun `a failure has the library's sentence and status`() = runBlocking {
        refused(DiffusionStatus.IO, "no/such/folder") { DiffusionPipeline.openBlocking("no/such/folder") }
        assertThrows(DiffusionException::class.java) { runBlocking { DiffusionPipeline.open("no/such/folder") } }
        refused(DiffusionStatus.INVALID_ARGUMENT, "steps", "1000") { small.copy(steps = 0).validate() }
        refused(DiffusionStatus.INVALID_ARGUMENT, "scheduler", "euler") { small.copy(scheduler = "eular").validate() }
        refused(DiffusionStatus.INVALID_ARGUMENT, "width") { pipeline.generateBlocking(small.copy(width = 65)) }
        refused(DiffusionStatus.INVALID_ARGUMENT, "eular", "hires_scale") { small.copy(settings = mapOf("eular" to 1)).validate() }
        refused(DiffusionStatus.INVALID_ARGUMENT, "clip_skip") { small.copy(settings = mapOf("clip_skip" to 1.5)).validate() }
        refused(DiffusionStatus.INVALID_ARGUMENT, "clip_skip") { small.copy(settings = mapOf("clip_skip" to "one")).validate() }
        refused(DiffusionStatus.INVALID_ARGUMENT, "stage_steps") { small.copy(settings = mapOf("stage_steps" to 3)).validate() }
        refused(DiffusionStatus.INVALID_ARGUMENT, "stage_steps") { small.copy(settings = mapOf("stage_steps" to mapOf("prior" to 0.5))).validate() }
        refused(DiffusionStatus.INVALID_ARGUMENT, "steps", "1000") { small.copy(settings = mapOf("stage_steps" to mapOf("prior" to 1001))).validate() }
        refused(DiffusionStatus.INVALID_ARGUMENT, "syntax") { small.copy(settings = mapOf("syntax" to 3)).validate() }
        refused(DiffusionStatus.INVALID_ARGUMENT, "hires_size", "ii") { small.copy(settings = mapOf("hires_size" to listOf(1))).validate() }
        refused(DiffusionStatus.INVALID_ARGUMENT, "custom_sigmas") { small.copy(settings = mapOf("custom_sigmas" to 1)).validate() }
        refused(DiffusionStatus.INVALID_ARGUMENT, "Object") { small.copy(settings = mapOf("eta" to Object())).validate() }
        refused(DiffusionStatus.INVALID_ARGUMENT, "paste back") { small.copy(settings = mapOf("paste_back" to 1L + (1L shl 32))).validate() }
        refused(DiffusionStatus.INVALID_ARGUMENT, "threads") { DiffusionPipeline.openBlocking(demo, DiffusionOptions(threads = -1)) }
        refused(DiffusionStatus.INVALID_ARGUMENT, "there is no preview") { pipeline.start(small).use { it.preview() } }
    }

    @Test
    fun `every kind of setting arrives`() {
        val settings = mapOf(
            "syntax" to "webui", "clip_skip" to 1, "eta" to 0.5, "paste_back" to false, "guess_mode" to 0,
            "variation" to listOf(9L, 0.25), "guidance_interval" to listOf(0.1, 0.9f), "reuse" to listOf(0.05, 1, 1),
            "guidance_projection" to listOf(0, 15, -0.5), "hires_size" to listOf(0, 0), "hires_scale" to 0,
            "guidance_scales" to doubleArrayOf(1.0, 2.0, 3.0), "original_size" to listOf(64, 64),
            "stage_steps" to mapOf("prior" to 10, "decoder" to 5), "stage_scheduler" to mapOf("prior" to "ddim"),
            "edit" to mapOf("snow" to 0.5),
        )
        small.copy(settings = settings).validate()
        pipeline.generateBlocking(small.copy(seed = -1, scheduler = "ddim", settings = mapOf("eta" to 0.5, "clip_skip" to 1))).use {
            val read = JsonParser.parseString(it.settingsJson).asJsonObject
            assertEquals(0.5, read["eta"].asDouble)
            assertEquals(1, read["clip_skip"].asInt)
            assertEquals("ddim", read["scheduler"].asString)
            assertEquals(-1L, it.seed, "all 64 bits")
            assertNull(it.flagged())
        }
        pipeline.generateBlocking(small.copy(count = 2, settings = mapOf("seed_mode" to "one-per-picture"))).use {
            assertEquals(2, it.images.size)
            assertEquals(8, it.seed(1))
            assertTrue(it.timingsJson.startsWith("{") && it.warnings.isEmpty())
        }
        pipeline.generateBlocking(small.copy(prompt = "a house " + "by a house ".repeat(60))).use {
            assertTrue(it.warnings.single().isNotEmpty())
        }
    }

    @Test
    fun `cancelling the coroutine cancels the drawing`() = runBlocking {
        for (moment in 0 until 4) {
            var reports = 0
            val drawing = launch(Dispatchers.Default) {
                pipeline.generate(endless) { if (++reports == moment) throw CancellationException("by the listener") }
            }
            while (reports == 0 && drawing.isActive) Thread.sleep(1)
            assertTrue(measureTime { drawing.cancelAndJoin() } < 30.seconds)
        }
        assertThrows(TimeoutCancellationException::class.java) {
            runBlocking { withTimeout(200.milliseconds) { pipeline.generate(endless) } }
        }
        // A collector that has seen enough.
        val event = pipeline.generateAsFlow(endless).first { it is DiffusionEvent.Progress && it.progress.phase == DiffusionPhase.DENOISING }
        assertTrue(event is DiffusionEvent.Progress)
        // An opening, too.
        assertThrows(TimeoutCancellationException::class.java) { runBlocking { withTimeout(1.milliseconds) { DiffusionPipeline.open(demo) } } }
        // Nothing waits behind what was cancelled.
        assertTrue(measureTime { pipeline.generate(small).close() } < 30.seconds)
    }

    @Test
    fun `interrupting the thread stops a blocking call`() {
        var interrupted = false
        val worker = thread {
            try {
                pipeline.generateBlocking(endless)
            } catch (_: InterruptedException) {
                interrupted = true
            }
        }
        Thread.sleep(100)
        worker.interrupt()
        worker.join(30_000)
        assertTrue(interrupted && !worker.isAlive)
    }

    @Test
    fun `a job is cancelled from any thread and by closing it`() {
        pipeline.start(endless).use { running ->
            val queued = pipeline.start(small)
            assertEquals(DiffusionJob.State.QUEUED, queued.state)
            assertEquals(1, queued.progress.queuePosition)
            assertNull(queued.progress.phase)
            queued.cancel()
            assertEquals(DiffusionJob.State.CANCELLED, queued.await(0))
            refused(DiffusionStatus.CANCELLED) { queued.takeResult() }
            queued.close()
            queued.close()
            assertThrows(IllegalStateException::class.java) { queued.state }
            refused(DiffusionStatus.BUSY) { running.takeResult() }
            thread { running.cancel() }.join()
            assertEquals(DiffusionJob.State.CANCELLED, running.await(30_000))
        }
        pipeline.start(endless).close()
        pipeline.generateBlocking(small).close()
    }

    @Test
    fun `a closed pipeline draws what it began`() {
        val other = DiffusionPipeline.openBlocking(demo, options)
        val job = other.start(small)
        other.close()
        assertThrows(IllegalStateException::class.java) { other.start(small) }
        assertEquals(DiffusionJob.State.FINISHED, job.await())
        val result = job.takeResult()
        job.close()
        val image = result.image
        image.close() // it is the result's
        assertEquals(64, image.width)
        assertTrue(image.toByteArray().isNotEmpty())
        result.close()
        assertThrows(IllegalStateException::class.java) { image.toByteArray() }
    }

    @Test
    fun `pixels come in every form`() {
        pipeline.generateBlocking(small.copy(height = 32)).use { result ->
            val image = result.image
            val rgb = image.toByteArray()
            val argb = image.toArgb()
            assertEquals(64 to 32, image.width to image.height)
            for (at in argb.indices) {
                val colour = (0..2).fold(0xFF) { sum, part -> (sum shl 8) or (rgb[3 * at + part].toInt() and 0xFF) }
                assertEquals(colour, argb[at])
            }
            assertArrayEquals(image.toByteArray(PixelFormat.RGBA8).filterIndexed { at, _ -> at % 4 != 3 }.toByteArray(), rgb)
            val floats = image.toByteBuffer(PixelFormat.RGBA_F32).asFloatBuffer()
            assertEquals(rgb[0].toInt() and 0xFF, Math.round(floats[0] * 255))

            // Into a larger buffer, with a stride, from its position on.
            val buffer = ByteBuffer.allocateDirect(10 + 300 * 32)
            buffer.position(10)
            image.copyTo(buffer, 300, PixelFormat.BGRA8)
            assertEquals(10, buffer.position())
            assertEquals(rgb[2], buffer[10])
            assertEquals(rgb[64 * 3 + 2], buffer[310])
            assertEquals(0, buffer[9])
            refused(DiffusionStatus.INVALID_ARGUMENT) { image.copyTo(ByteBuffer.allocateDirect(64 * 32 * 4 - 1)) }
            assertThrows(IllegalArgumentException::class.java) { image.copyTo(ByteBuffer.allocate(64 * 32 * 4)) }

            DiffusionImage.ofArgb(argb, 64, 32).use { assertArrayEquals(rgb, it.toByteArray()) }
            DiffusionImage.of(rgb, 64, 32).use { assertArrayEquals(argb, it.toArgb()) }
            refused(DiffusionStatus.INVALID_ARGUMENT) { DiffusionImage.of(rgb, 64, 33) }

            val png = image.encode("png")
            DiffusionImage.decode(png).use { assertArrayEquals(rgb, it.toByteArray()) }
            val file = File(scratch, "kotlin-\uD83C\uDFE0.png")
            image.save(file.path)
            assertArrayEquals(png, file.readBytes())
            DiffusionImage.open(file.path).use { assertArrayEquals(rgb, it.toByteArray()) }
            assertTrue(file.delete())
            assertEquals(7, JsonParser.parseString(image.settingsJson).asJsonObject["seed"].asInt)

            val (picture, mask) = image.extend(right = 64)
            assertEquals(128 to 32, picture.width to picture.height)
            val drawn = small.copy(width = null, height = null, initImage = picture, mask = mask, strength = 1f, settings = mapOf("paste_back" to true))
            pipeline.generateBlocking(drawn).use { wide ->
                assertEquals(128 to 32, wide.image.width to wide.image.height)
                assertArrayEquals(rgb.copyOf(30), wide.image.toByteArray().copyOf(30))
            }
            picture.close()
            mask.close()
            assertThrows(IllegalStateException::class.java) { pipeline.start(drawn) }
            pipeline.generateBlocking(small.copy(height = 32, initResult = result, strength = 0.7f)).close()
        }
    }

    @Test
    fun `previews are seen`() = runBlocking {
        var seen = 0
        var last = 0L
        pipeline.generateAsFlow(small.copy(steps = 60, width = 128, height = 128, previews = DiffusionRequest.Previews("linear"))).collect { event ->
            when (event) {
                is DiffusionEvent.Progress -> if (event.progress.previewNumber != last) {
                    last = event.progress.previewNumber
                    event.preview()!!.use { assertEquals(16 to 16, it.width to it.height) }
                    seen++
                }
                is DiffusionEvent.Finished -> event.result.close()
            }
        }
        assertTrue(seen > 0 && last == 59L, "$seen previews, the last is $last")
        assertNotEquals(0, Diffusion.previewModes.size)
    }

    @Test
    fun `what is not closed is given back`() {
        val before = Reaper.count
        repeat(200) { DiffusionImage.ofArgb(IntArray(256 * 256), 256, 256) }
        for (attempt in 0 until 100) {
            System.gc()
            if (Reaper.count <= before) return
            Thread.sleep(20)
        }
        assertFalse(true, "${Reaper.count - before} images were never collected")
    }

    companion object {
        val demo: String = System.getProperty("demo")
        val scratch = File(System.getProperty("scratch"))
        val options = DiffusionOptions(threads = 1) // a second one would spin where the machine is busy
        private val opened = lazy { DiffusionPipeline.openBlocking(demo, options) }
        val pipeline: DiffusionPipeline by opened

        @JvmStatic
        @AfterAll
        fun close() {
            if (opened.isInitialized()) pipeline.close()
        }
    }
}
