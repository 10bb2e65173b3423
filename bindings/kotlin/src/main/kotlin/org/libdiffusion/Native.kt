package org.libdiffusion

import java.io.File
import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException

/** What `src/main/c` registers. Text crosses as UTF-8, handles as `long`; failures are thrown. */
internal object Native {
    init {
        // A folder with both libraries, for a JVM; else the system's search, which on Android looks into the app.
        val folder = System.getProperty("org.libdiffusion.folder")
        if (folder != null) {
            System.load(File(folder, System.mapLibraryName("diffusion_jni")).absolutePath)
        } else {
            System.loadLibrary("diffusion_jni") // the loader finds libdiffusion by itself
        }
    }

    /** Whose settings are set. */
    const val OF_REQUEST: Int = 0
    const val OF_OPTIONS: Int = 1

    @JvmStatic external fun setText(of: Int, handle: Long, name: ByteArray, value: ByteArray)

    @JvmStatic external fun setPair(of: Int, handle: Long, name: ByteArray, key: ByteArray, value: ByteArray)

    @JvmStatic external fun setNumbers(of: Int, handle: Long, name: ByteArray, whole: LongArray, real: DoubleArray)

    @JvmStatic external fun setKeyed(of: Int, handle: Long, name: ByteArray, key: ByteArray, whole: LongArray, real: DoubleArray)

    @JvmStatic external fun setList(of: Int, handle: Long, name: ByteArray, values: DoubleArray)

    @JvmStatic external fun constant(name: ByteArray): Int

    @JvmStatic external fun listedName(list: ByteArray, index: Long): ByteArray?

    @JvmStatic external fun statusName(status: Int): ByteArray

    @JvmStatic external fun version(): ByteArray

    @JvmStatic external fun runtimeInfo(): ByteArray

    @JvmStatic external fun runtimeInitialize(library: ByteArray?)

    @JvmStatic external fun runtimeUseApiBase(apiBase: Long)

    @JvmStatic external fun estimateMemory(folder: ByteArray, options: Long): LongArray

    @JvmStatic external fun optionsCreate(): Long

    @JvmStatic external fun optionsUseUserCache(options: Long)

    @JvmStatic external fun optionsDestroy(options: Long)

    @JvmStatic external fun filesCreate(): Long

    @JvmStatic external fun filesAdd(files: Long, name: ByteArray, buffer: ByteBuffer, offset: Long, size: Long)

    @JvmStatic external fun filesDestroy(files: Long)

    @JvmStatic external fun requestCreate(): Long

    @JvmStatic external fun requestDestroy(request: Long)

    @JvmStatic external fun requestValidate(request: Long)

    @JvmStatic external fun requestInitImage(request: Long, image: Long)

    @JvmStatic external fun requestMaskImage(request: Long, image: Long)

    @JvmStatic external fun requestInitResult(request: Long, result: Long)

    @JvmStatic external fun requestInitLatents(request: Long, latents: Long)

    @JvmStatic external fun requestConditioning(request: Long, conditioning: Long)

    @JvmStatic external fun requestEmbedding(request: Long, value: ByteArray, embedding: Long)

    @JvmStatic external fun requestCondition(request: Long, role: ByteArray, image: Long, scale: Float, start: Float, end: Float)

    @JvmStatic external fun requestBox(request: Long, phrase: ByteArray, left: Float, top: Float, right: Float, bottom: Float)

    @JvmStatic external fun pipelineDestroy(pipeline: Long)

    @JvmStatic external fun pipelineInfo(pipeline: Long): ByteArray

    @JvmStatic external fun pipelineFamily(pipeline: Long): ByteArray

    @JvmStatic external fun pipelineDefaultScheduler(pipeline: Long): ByteArray

    @JvmStatic external fun pipelineNote(pipeline: Long, index: Long): ByteArray

    @JvmStatic external fun pipelineDefaults(pipeline: Long): DoubleArray

    @JvmStatic external fun pipelineEncodePrompt(pipeline: Long, request: Long): Long

    @JvmStatic external fun pipelineEmbed(pipeline: Long, request: Long, value: ByteArray): Long

    @JvmStatic external fun pipelineEncodeImage(pipeline: Long, image: Long): Long

    @JvmStatic external fun pipelineDecodeLatents(pipeline: Long, latents: Long, index: Long, format: Int): Long

    @JvmStatic external fun jobOpen(folder: ByteArray, options: Long): Long

    @JvmStatic external fun jobOpenFiles(files: Long, options: Long): Long

    @JvmStatic external fun jobStart(pipeline: Long, request: Long): Long

    @JvmStatic external fun jobLook(job: Long): IntArray

    @JvmStatic external fun jobWait(job: Long, milliseconds: Long): Int

    @JvmStatic external fun jobCancel(job: Long)

    @JvmStatic external fun jobMilliseconds(job: Long): Double

    @JvmStatic external fun jobPreviewNumber(job: Long): Long

    @JvmStatic external fun jobPreview(job: Long, index: Long): Long

    @JvmStatic external fun jobTakeResult(job: Long): Long

    @JvmStatic external fun jobTakePipeline(job: Long): Long

    @JvmStatic external fun jobDestroy(job: Long)

    @JvmStatic external fun resultDestroy(result: Long)

    @JvmStatic external fun resultCount(result: Long): Int

    @JvmStatic external fun resultImage(result: Long, index: Long): Long

    @JvmStatic external fun resultFlagged(result: Long, index: Long): Int

    @JvmStatic external fun resultImageSeed(result: Long, index: Long): Long

    @JvmStatic external fun resultSeed(result: Long): Long

    @JvmStatic external fun resultLatents(result: Long): Long

    @JvmStatic external fun resultSettings(result: Long): ByteArray

    @JvmStatic external fun resultTimings(result: Long): ByteArray

    @JvmStatic external fun resultWarningCount(result: Long): Int

    @JvmStatic external fun resultWarning(result: Long, index: Long): ByteArray

    @JvmStatic external fun imageCreate(pixels: ByteArray, width: Long, height: Long, stride: Long, format: Int): Long

    @JvmStatic external fun imageOpen(file: ByteArray): Long

    @JvmStatic external fun imageDecode(file: ByteArray): Long

    @JvmStatic external fun imageExtend(image: Long, left: Long, right: Long, top: Long, bottom: Long): LongArray

    @JvmStatic external fun imageDestroy(image: Long)

    @JvmStatic external fun imageShape(image: Long): IntArray

    @JvmStatic external fun imageSettings(image: Long): ByteArray

    @JvmStatic external fun imageCopy(image: Long, buffer: ByteBuffer, offset: Long, size: Long, stride: Long, format: Int)

    @JvmStatic external fun imageSave(image: Long, file: ByteArray)

    @JvmStatic external fun imageEncode(image: Long, format: ByteArray): ByteArray

    @JvmStatic external fun embeddingCreate(values: FloatArray, shape: LongArray): Long

    @JvmStatic external fun embeddingDestroy(embedding: Long)

    @JvmStatic external fun embeddingValues(embedding: Long): FloatArray

    @JvmStatic external fun embeddingShape(embedding: Long): LongArray

    @JvmStatic external fun embeddingLerp(from: Long, to: Long, at: Float): Long

    @JvmStatic external fun embeddingSlerp(from: Long, to: Long, at: Float): Long

    @JvmStatic external fun embeddingSum(one: Long, weight: Float, other: Long, otherWeight: Float): Long

    @JvmStatic external fun embeddingDifference(before: Long, after: Long): Long

    @JvmStatic external fun embeddingTurn(picture: Long, difference: Long, at: Float): Long

    @JvmStatic external fun conditioningDestroy(conditioning: Long)

    @JvmStatic external fun conditioningCount(conditioning: Long): Int

    @JvmStatic external fun conditioningEncoder(conditioning: Long, index: Long): ByteArray

    @JvmStatic external fun conditioningText(conditioning: Long, index: Long): ByteArray

    @JvmStatic external fun conditioningIsNegative(conditioning: Long, index: Long): Int

    @JvmStatic external fun conditioningStates(conditioning: Long, index: Long): Long

    @JvmStatic external fun conditioningPooled(conditioning: Long, index: Long): Long

    @JvmStatic external fun conditioningWithStates(conditioning: Long, index: Long, states: Long, pooled: Long): Long

    @JvmStatic external fun stepperBegin(pipeline: Long, request: Long): Long

    @JvmStatic external fun stepperDestroy(stepper: Long)

    @JvmStatic external fun stepperStepCount(stepper: Long): Int

    @JvmStatic external fun stepperStep(stepper: Long): Int

    @JvmStatic external fun stepperTimestep(stepper: Long): Double

    @JvmStatic external fun stepperAdvance(stepper: Long)

    @JvmStatic external fun stepperLatents(stepper: Long): Long

    @JvmStatic external fun stepperCleanLatents(stepper: Long): Long

    @JvmStatic external fun stepperSetLatents(stepper: Long, latents: Long)

    @JvmStatic external fun stepperFinish(stepper: Long): Long
}

/** The text as UTF-8. A lone surrogate, which no UTF-8 has, is refused and not turned into a question mark. */
internal fun String.utf8(): ByteArray = try {
    encodeToByteArray(throwOnInvalidSequence = true)
} catch (_: CharacterCodingException) {
    throw DiffusionException(DiffusionStatus.INVALID_UTF8, "a text has a lone surrogate, which is no character: it must be valid UTF-16")
}

internal fun ByteArray.text(): String = decodeToString()
