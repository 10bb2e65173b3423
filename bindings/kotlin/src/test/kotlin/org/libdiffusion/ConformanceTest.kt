package org.libdiffusion

import com.google.gson.JsonObject
import com.google.gson.JsonParser
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.Test
import java.io.File
import java.security.MessageDigest

/** Every binding draws, byte for byte, what a C program draws on this machine: the cases are in bindings/conformance.json. */
class ConformanceTest {
    @Test
    fun `pixels equal those of the C program`() {
        val program = File(System.getProperty("conformance.program"))
        val file = File(System.getProperty("conformance.cases"))
        assumeTrue(program.canExecute() && file.isFile, "SKIPPED: $program or $file is not there")
        val process = ProcessBuilder(program.path, DiffusionTest.demo, file.path).redirectError(ProcessBuilder.Redirect.INHERIT).start()
        val lines = process.inputStream.bufferedReader().readLines().filter { it.isNotBlank() }
        assertEquals(0, process.waitFor())
        val cases = JsonParser.parseString(file.readText()).asJsonObject["cases"].asJsonArray.map { it.asJsonObject }
        assertTrue(cases.isNotEmpty())
        // As tests/c does, the C program opens the model with two threads, and so does DiffusionTest.
        DiffusionPipeline.openBlocking(DiffusionTest.demo, DiffusionTest.options).use { pipeline ->
            val ours = cases.map { case -> case["name"].asString + " " + pipeline.generateBlocking(request(case)).use { sha256(it.image.toByteArray()) } }
            assertEquals(lines.map { it.trim().split(Regex("\\s+")).joinToString(" ") }, ours)
        }
    }

    private fun request(case: JsonObject): DiffusionRequest {
        fun <T> get(name: String, read: com.google.gson.JsonElement.() -> T): T? = case[name]?.takeUnless { it.isJsonNull }?.read()
        return DiffusionRequest(
            prompt = get("prompt") { asString } ?: "",
            negativePrompt = get("negative_prompt") { asString },
            seed = get("seed") { asBigInteger.toLong() },
            steps = get("steps") { asInt },
            width = get("width") { asInt },
            height = get("height") { asInt },
            guidance = get("guidance") { asFloat },
            scheduler = get("scheduler") { asString },
        )
    }

    private fun sha256(bytes: ByteArray) = MessageDigest.getInstance("SHA-256").digest(bytes).joinToString("") { "%02x".format(it) }
}
