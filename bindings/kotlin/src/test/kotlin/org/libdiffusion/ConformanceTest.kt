package org.libdiffusion

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.Test
import java.io.File
import java.security.MessageDigest

/** Every binding draws, byte for byte, what bindings/conformance.c draws on this machine. */
class ConformanceTest {
    @Test
    fun `pixels equal those of the C program`() {
        val folder = File(System.getProperty("conformance"))
        val expected = File(folder, "expected.txt")
        if (!expected.isFile) println("SKIPPED: $expected is not there, so nothing was compared with the C program")
        assumeTrue(expected.isFile)
        val cases = File(folder, "cases.tsv").readLines().map { it.split('\t') }
        assertTrue(cases.isNotEmpty())
        DiffusionPipeline.openBlocking(DiffusionTest.demo).use { pipeline ->
            val ours = cases.map { case -> case[0] + " " + pipeline.generateBlocking(request(case)).use { sha256(it.image.toByteArray()) } }
            assertEquals(expected.readLines(), ours)
        }
    }

    private fun request(case: List<String>) = DiffusionRequest(
        prompt = case[1], negativePrompt = case[2], seed = case[3].toULong().toLong(), steps = case[4].toInt(),
        width = case[5].toInt(), height = case[6].toInt(), guidance = case[7].toFloat(), scheduler = case[8],
    )

    private fun sha256(bytes: ByteArray) = MessageDigest.getInstance("SHA-256").digest(bytes).joinToString("") { "%02x".format(it) }
}
