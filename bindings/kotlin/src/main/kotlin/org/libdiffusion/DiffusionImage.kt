package org.libdiffusion

import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * A picture. Threads may share it.
 *
 * One of a [DiffusionResult] lives as long as that; [close] then does nothing. All others are to be closed.
 */
public class DiffusionImage internal constructor(private val handle: Handle, private val pointer: Long, private val result: DiffusionResult?) :
    AutoCloseable {
    private constructor(pointer: Long, handle: Handle) : this(handle, pointer, null) {
        Reaper.watch(this, handle)
    }

    private val shape: IntArray = handle.use { Native.imageShape(pointer) }

    public val width: Int get() = shape[0]
    public val height: Int get() = shape[1]

    /** How the library holds it; every function here converts. */
    public val format: PixelFormat get() = PixelFormat.of(shape[2])

    /** The settings that made it, as a JSON object; empty for a picture that was not drawn. */
    public val settingsJson: String get() = call { Native.imageSettings(it) }.text()

    /** The pixels, row by row without gaps. */
    @JvmOverloads
    public fun toByteArray(format: PixelFormat = PixelFormat.RGB8): ByteArray {
        val buffer = toByteBuffer(format)
        return ByteArray(buffer.remaining()).also { buffer.get(it) }
    }

    /** The pixels, row by row without gaps, in a direct buffer of their own in the machine's byte order. */
    @JvmOverloads
    public fun toByteBuffer(format: PixelFormat = PixelFormat.RGB8): ByteBuffer {
        val size = Math.multiplyExact(Math.multiplyExact(width, height), format.bytes)
        return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder()).also { copyTo(it, width * format.bytes, format) }
    }

    /**
     * Writes the pixels into a direct buffer, from its position on, with rows [stride] bytes apart. The position stays. What
     * does not fit is an INVALID_ARGUMENT, and the buffer is then untouched.
     */
    @JvmOverloads
    public fun copyTo(buffer: ByteBuffer, stride: Int = 0, format: PixelFormat = PixelFormat.RGBA8) {
        require(buffer.isDirect && !buffer.isReadOnly) { "the buffer must be a direct one that can be written to" }
        val apart = if (stride == 0) width.toLong() * format.bytes else stride.toLong()
        call { Native.imageCopy(it, buffer, buffer.position().toLong(), buffer.remaining().toLong(), apart, format.code) }
    }

    /**
     * The pixels as 0xAARRGGBB, for `Bitmap.createBitmap(argb, width, height, Bitmap.Config.ARGB_8888)` on Android and
     * `BufferedImage(width, height, TYPE_INT_ARGB).setRGB(0, 0, width, height, argb, 0, width)` elsewhere.
     */
    public fun toArgb(): IntArray {
        val pixels = toByteBuffer(PixelFormat.BGRA8).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer()
        return IntArray(pixels.remaining()).also { pixels.get(it) }
    }

    /** Saves it as .png, .jpg or .jpeg, by the file's ending. A PNG carries the settings that made it. */
    public fun save(file: String): Unit = call { Native.imageSave(it, file.utf8()) }

    /** The bytes of a file; [format] is "png", "jpg" or "jpeg". */
    @JvmOverloads
    public fun encode(format: String = "png"): ByteArray = call { Native.imageEncode(it, format.utf8()) }

    /** A larger picture to draw beyond the borders, and the mask of what is to be drawn; both are the caller's to close. */
    @JvmOverloads
    public fun extend(left: Int = 0, right: Int = 0, top: Int = 0, bottom: Int = 0): Pair<DiffusionImage, DiffusionImage> {
        val (picture, mask) = call {
            Native.imageExtend(it, left.toLong(), right.toLong(), top.toLong(), bottom.toLong())
        }.map(::owned)
        return picture to mask
    }

    override fun close() {
        if (result == null) handle.close()
    }

    internal fun <T> call(body: (Long) -> T): T = handle.use { body(pointer) }

    public companion object {
        internal fun owned(pointer: Long) = DiffusionImage(pointer, Handle("image", pointer, Native::imageDestroy))

        /** A picture of [pixels], which are copied; [stride] 0 means rows without gaps. */
        @JvmStatic
        @JvmOverloads
        public fun of(pixels: ByteArray, width: Int, height: Int, format: PixelFormat = PixelFormat.RGB8, stride: Int = 0): DiffusionImage {
            val apart = if (stride == 0) width.toLong() * format.bytes else stride.toLong()
            return owned(Native.imageCreate(pixels, width.toLong(), height.toLong(), apart, format.code))
        }

        /** A picture of pixels as 0xAARRGGBB, as `Bitmap.getPixels` and `BufferedImage.getRGB` give them. */
        @JvmStatic
        public fun ofArgb(argb: IntArray, width: Int, height: Int): DiffusionImage {
            val bytes = ByteBuffer.allocate(Math.multiplyExact(argb.size, 4)).order(ByteOrder.LITTLE_ENDIAN)
            bytes.asIntBuffer().put(argb)
            return of(bytes.array(), width, height, PixelFormat.BGRA8)
        }

        /** Reads a PNG, JPEG or WebP file. */
        @JvmStatic
        public fun open(file: String): DiffusionImage = owned(Native.imageOpen(file.utf8()))

        /** Reads the bytes of a PNG, JPEG or WebP file. */
        @JvmStatic
        public fun decode(file: ByteArray): DiffusionImage = owned(Native.imageDecode(file))
    }
}
