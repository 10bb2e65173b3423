package org.libdiffusion

import java.io.File
import java.security.MessageDigest

/** What bindings/conformance.py calls: MODEL CASES.tsv; prints each case's name and the SHA-256 of its pixels. */
fun main(arguments: Array<String>) {
    val (model, cases) = arguments
    DiffusionPipeline.openBlocking(model).use { pipeline ->
        for (case in File(cases).readLines().map { it.split('\t') }) {
            val pixels = pipeline.generateBlocking(request(case)).use { it.image.toByteArray() }
            val hash = MessageDigest.getInstance("SHA-256").digest(pixels)
            println(case[0] + " " + hash.joinToString("") { "%02x".format(it) })
        }
    }
}

private fun request(case: List<String>) = DiffusionRequest(
    prompt = case[1], negativePrompt = case[2], seed = case[3].toULong().toLong(), steps = case[4].toInt(),
    width = case[5].toInt(), height = case[6].toInt(), guidance = case[7].toFloat(), scheduler = case[8],
)
