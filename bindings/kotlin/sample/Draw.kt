// Text in, picture out: MODEL_FOLDER PROMPT FILE.png
import kotlinx.coroutines.runBlocking
import org.libdiffusion.DiffusionPipeline
import org.libdiffusion.DiffusionRequest

fun main(arguments: Array<String>): Unit = runBlocking {
    val (model, prompt, file) = arguments
    DiffusionPipeline.open(model).use { pipeline ->
        val request = DiffusionRequest(prompt, seed = 42)
        pipeline.generate(request) { System.err.println("${it.phase ?: "queued"} ${it.step}/${it.steps}") }.use { result ->
            result.image.save(file)
            println("$file: ${result.image.width} x ${result.image.height} pixels")
        }
    }
}
