package org.libdiffusion

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.File
import java.io.RandomAccessFile
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import kotlin.concurrent.thread

/** The pieces of a generation: prompts that are read once, latents in and out, a loop of one's own, an estimate. */
class PiecesTest {
    private val house = DiffusionRequest(
        "a red house", negativePrompt = "blurry", guidance = 4f, seed = 2, steps = 3, width = 64, height = 64,
    )
    private val unread = house.copy(prompt = "", negativePrompt = null)
    private val whole: ByteArray by lazy { draw(house) }

    private fun draw(request: DiffusionRequest): ByteArray = pixels(pipeline.generateBlocking(request))

    private fun pixels(result: DiffusionResult): ByteArray = result.use { it.image.toByteArray() }

    private val folder = File(DiffusionTest.demo)

    private fun files(read: (File) -> ByteBuffer): Map<String, ByteBuffer> =
        folder.walk().filter { it.isFile }.associate { it.relativeTo(folder).invariantSeparatorsPath to read(it) }

    private fun refused(status: DiffusionStatus, word: String, call: () -> Unit) {
        val failure = assertThrows(DiffusionException::class.java) { call() }
        assertEquals(status, failure.status, failure.message)
        assertTrue(failure.message!!.contains(word), "\"${failure.message}\" has no \"$word\"")
    }

    @Test
    fun `files in memory draw what the folder draws`() {
        val mapped = files { file ->
            RandomAccessFile(file, "r").use { it.channel.map(FileChannel.MapMode.READ_ONLY, 0, it.length()) }
        }
        runBlocking { DiffusionPipeline.openFiles(mapped, DiffusionTest.options) }.use { opened ->
            assertTrue("memory:" in opened.infoJson)
            assertArrayEquals(whole, pixels(opened.generateBlocking(house)))
        }
        // Arrays, and a part of one; they are copied, and the buffers stay where they are.
        val arrays = files { ByteBuffer.wrap(ByteArray(3) + it.readBytes()).apply { position(3) } }
        val seen = mutableListOf<DiffusionPhase?>()
        DiffusionPipeline.openFilesBlocking(arrays, DiffusionTest.options) { seen += it.phase }.use { opened ->
            for (buffer in arrays.values) {
                assertEquals(3, buffer.position())
                buffer.array().fill(0)
            }
            assertArrayEquals(whole, pixels(opened.generateBlocking(house)))
        }
        assertTrue(seen.isNotEmpty() && seen.all { it == null || it == DiffusionPhase.OPENING }, "$seen")
    }

    @Test
    fun `files in memory are refused`() {
        val one = ByteBuffer.wrap(byteArrayOf(1))
        for (name in listOf("", "/a", "../a", "unet\\model.onnx", "a\u0000b", "unet/model.onnx/a"))
            refused(DiffusionStatus.INVALID_ARGUMENT, "model file") {
                DiffusionPipeline.openFilesBlocking(mapOf("unet/model.onnx" to one, name to one))
            }
        refused(DiffusionStatus.INVALID_UTF8, "surrogate") { DiffusionPipeline.openFilesBlocking(mapOf("\uD83C" to one)) }
        refused(DiffusionStatus.BAD_MODEL, "") { DiffusionPipeline.openFilesBlocking(emptyMap()) }
        val missing = files { ByteBuffer.wrap(it.readBytes()) } - "unet/model.onnx"
        refused(DiffusionStatus.BAD_MODEL, "") { DiffusionPipeline.openFilesBlocking(missing + ("empty" to ByteBuffer.allocate(0))) }
    }

    @Test
    fun `a prompt is read once for many pictures`() {
        val read = pipeline.encodePrompt(house)
        assertEquals(setOf("a red house" to false, "blurry" to true), read.texts.map { it.text to it.isNegative }.toSet())
        assertEquals("text_encoder", read.texts[0].encoder)
        assertArrayEquals(whole, draw(unread.copy(conditioning = read)))
        assertFalse(whole.contentEquals(draw(unread.copy(conditioning = read, seed = 3))))

        val positive = read.texts.indexOfFirst { !it.isNegative }
        val states = read.states(positive)
        assertEquals(2, states.shape.size)
        read.withStates(positive, states).use { assertArrayEquals(whole, draw(unread.copy(conditioning = it))) }
        pipeline.encodePrompt(house.copy(prompt = "a tree in the snow")).use { snow ->
            val mixed = read.withStates(positive, states.lerp(snow.states(positive), 0.5f))
            assertFalse(whole.contentEquals(draw(unread.copy(conditioning = mixed))))
        }
        DiffusionEmbedding.of(floatArrayOf(1f), 1, 1).use { wrong ->
            refused(DiffusionStatus.INVALID_ARGUMENT, "shape") { read.withStates(positive, wrong) }
        }
        refused(DiffusionStatus.INVALID_ARGUMENT, "no text 9") { read.states(9) }
        refused(DiffusionStatus.INVALID_ARGUMENT, "no text") { read.pooled(-1) }
        refused(DiffusionStatus.INVALID_ARGUMENT, "leave one") { house.copy(conditioning = read).validate() }
        open().use { other ->
            refused(DiffusionStatus.INVALID_ARGUMENT, "another pipeline") { other.generateBlocking(unread.copy(conditioning = read)) }
        }
        read.close()
        assertThrows(IllegalStateException::class.java) { read.texts }
    }

    @Test
    fun `latents come out and go in`() {
        pipeline.generateBlocking(house).use { result ->
            result.latents().use { latents ->
                assertEquals(4, latents.shape.size)
                pipeline.decodeLatents(latents).use { assertArrayEquals(whole, it.toByteArray()) }
                pipeline.decodeLatents(latents, format = PixelFormat.RGBA_F32).use { assertEquals(PixelFormat.RGBA_F32, it.format) }
                refused(DiffusionStatus.INVALID_ARGUMENT, "there are 1") { pipeline.decodeLatents(latents, 1) }
                pipeline.encodeImage(result.image).use { assertArrayEquals(latents.shape, it.shape) }

                val wanted = draw(house.copy(initResult = result, strength = 0.5f))
                assertArrayEquals(wanted, draw(house.copy(initLatents = latents, strength = 0.5f)))
                val copy = DiffusionEmbedding.of(latents.toFloatArray(), *latents.shape)
                assertArrayEquals(wanted, draw(house.copy(initLatents = copy, strength = 0.5f)))
            }
        }
        DiffusionImage.of(ByteArray(33 * 64 * 3), 33, 64).use {
            refused(DiffusionStatus.INVALID_ARGUMENT, "width is 33") { pipeline.encodeImage(it) }
        }
    }

    @Test
    fun `a loop of one's own draws the same`() {
        val own = open()
        val stepper = own.begin(house)
        own.close() // the stepper keeps the model open
        assertEquals(0, stepper.step)
        assertNull(stepper.cleanLatents())
        for (step in stepper.steps()) {
            assertEquals(step, stepper.step)
            if (step < stepper.stepCount) {
                assertTrue(stepper.timestep!! >= 0)
                assertNotNull(stepper.cleanLatents()?.use { pipeline.decodeLatents(it) })
            }
            stepper.latents().use { stepper.setLatents(it) } // the host's hands change nothing
            assertNull(stepper.cleanLatents())
        }
        assertNull(stepper.timestep)
        refused(DiffusionStatus.INVALID_ARGUMENT, "all") { stepper.advance() }
        repeat(2) { assertArrayEquals(whole, pixels(stepper.finish())) }
        stepper.latents().use { latents ->
            stepper.setLatents(latents.mixed(0.5f, latents, 0f))
            assertFalse(whole.contentEquals(pixels(stepper.finish())), "other latents, another picture")
        }
        DiffusionEmbedding.of(floatArrayOf(1f), 1, 1).use { refused(DiffusionStatus.INVALID_ARGUMENT, "shape") { stepper.setLatents(it) } }
        stepper.close()
        assertThrows(IllegalStateException::class.java) { stepper.advance() }
        refused(DiffusionStatus.UNSUPPORTED, "second pass") { pipeline.begin(house.copy(settings = mapOf("hires_scale" to 2))) }
    }

    @Test
    fun `threads that share a stepper take turns`() {
        pipeline.begin(house).use { stepper ->
            List(stepper.stepCount) { thread { stepper.advance() } }.forEach { it.join() }
            assertEquals(stepper.stepCount, stepper.step)
            assertArrayEquals(whole, pixels(stepper.finish()))
        }
    }

    @Test
    fun `numbers of one's own`() {
        val one = DiffusionEmbedding.of(floatArrayOf(1f, 0f, 0f, 2f), 2, 2)
        val other = DiffusionEmbedding.of(floatArrayOf(0f, 1f, 2f, 0f), 2, 2)
        assertArrayEquals(longArrayOf(2, 2), one.shape)
        assertArrayEquals(floatArrayOf(0.75f, 0.25f, 0.5f, 1.5f), one.lerp(other, 0.25f).toFloatArray())
        assertEquals(0.70710678f, one.slerp(other, 0.5f).toFloatArray()[0], 1e-5f)
        assertArrayEquals(floatArrayOf(2f, 1f, 2f, 4f), one.mixed(2f, other, 1f).toFloatArray())
        assertArrayEquals(longArrayOf(2, 2), one.turned(one.difference(other), 0.5f).shape)
        refused(DiffusionStatus.NUMERIC, "NaN") { DiffusionEmbedding.of(floatArrayOf(Float.NaN), 1) }
        refused(DiffusionStatus.INVALID_ARGUMENT, "shape") { DiffusionEmbedding.of(floatArrayOf(1f), 1, 1, 1, 1, 1, 1, 1, 1, 1) }
        house.copy(embeddings = mapOf("x_T" to one)).validate()
        refused(DiffusionStatus.UNSUPPORTED, "no embeddings") { pipeline.embed("x_T", house) }
    }

    @Test
    fun `an estimate`() {
        val estimate = Diffusion.estimateMemory(demo)
        assertTrue(estimate.opening > estimate.open && estimate.open > 1_000_000, "$estimate")
        assertTrue(Diffusion.estimateMemory(demo, DiffusionOptions(memory = "low")).open < estimate.open)
        refused(DiffusionStatus.IO, "/no/such") { Diffusion.estimateMemory("/no/such") }
        refused(DiffusionStatus.NULL_POINTER, "api_base") { Diffusion.useApiBase(0) }
    }

    private companion object {
        val demo = DiffusionTest.demo
        private val opened = lazy { open() }
        val pipeline: DiffusionPipeline by opened

        fun open() = DiffusionPipeline.openBlocking(demo, DiffusionTest.options)

        @JvmStatic
        @AfterAll
        fun close() {
            if (opened.isInitialized()) pipeline.close()
        }
    }
}
