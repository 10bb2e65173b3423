using System;
using System.Runtime.InteropServices;

namespace LibDiffusion
{
    /// <summary>A picture, rows from top to bottom. It never changes, so threads may share it.</summary>
    public sealed class Image : IDisposable
    {
        internal ImageHandle Handle { get; }

        internal Image(ImageHandle handle)
        {
            Handle = handle;
        }

        /// <summary>A picture that belongs to something else, which it keeps.</summary>
        internal static Image Borrowed(IntPtr pointer, SafeHandle owner)
        {
            var handle = new ImageHandle();
            handle.Borrow(pointer, owner);
            return new Image(handle);
        }

        /// <summary>Reads a PNG, JPEG or WebP file.</summary>
        public static Image Open(string file)
        {
            var path = Text.Bytes(file);
            DiffusionException.Check(Native.diffusion_image_open(path, Text.Length(path), out var handle));
            return new Image(handle);
        }

        /// <summary>Reads the bytes of a PNG, JPEG or WebP file.</summary>
        public static Image Decode(byte[] bytes)
        {
            var pin = GCHandle.Alloc(bytes, GCHandleType.Pinned);
            try
            {
                DiffusionException.Check(
                    Native.diffusion_image_decode(pin.AddrOfPinnedObject(), Arrays.Count(bytes), out var handle));
                return new Image(handle);
            }
            finally
            {
                pin.Free();
            }
        }

        /// <summary>A picture of pixels, which are copied; rows follow each other without gaps.</summary>
        public static Image Create(byte[] pixels, int width, int height, PixelFormat format)
        {
            var pin = GCHandle.Alloc(pixels, GCHandleType.Pinned);
            try
            {
                return Create(
                    pin.AddrOfPinnedObject(), pixels?.LongLength ?? 0, width, height, (long)width * BytesAPixel(format), format);
            }
            finally
            {
                pin.Free();
            }
        }

        /// <summary>
        /// A picture of pixels in memory that stays where it is during the call, such as a NativeArray's; they are copied.
        /// `size` bytes hold rows that are `stride` bytes apart.
        /// </summary>
        public static Image Create(IntPtr pixels, long size, int width, int height, long stride, PixelFormat format)
        {
            DiffusionException.Check(Native.diffusion_image_create(
                pixels, (UIntPtr)(ulong)size, width, height, stride, (int)format, out var handle));
            return new Image(handle);
        }

        public int Width => (int)Native.diffusion_image_width(Handle);

        public int Height => (int)Native.diffusion_image_height(Handle);

        public PixelFormat Format => (PixelFormat)Native.diffusion_image_format(Handle);

        /// <summary>Bytes from one row to the next.</summary>
        public long Stride => (long)Native.diffusion_image_stride(Handle).ToUInt64();

        /// <summary>Bytes of the whole picture.</summary>
        public long ByteLength => (long)Native.diffusion_image_byte_length(Handle).ToUInt64();

        /// <summary>
        /// The first byte, without copying. It lives until this picture is disposed of, so keep it: GC.KeepAlive(image).
        /// </summary>
        public IntPtr Pixels => Native.diffusion_image_pixels(Handle);

        /// <summary>The settings that made it, as JSON; empty for previews, and for pictures that are not the library's.</summary>
        public string SettingsJson => Text.From(Native.diffusion_image_settings_json(Handle));

        public static int BytesAPixel(PixelFormat format)
        {
            switch (format)
            {
                case PixelFormat.Rgb8: return 3;
                case PixelFormat.RgbaF32: return 16;
                default: return 4;
            }
        }

        /// <summary>The pixels in a new array, in this format; `bottomUp` as Unity's and OpenGL's textures want them.</summary>
        public byte[] ToBytes(PixelFormat format, bool bottomUp = false)
        {
            var bytes = new byte[(long)Width * Height * BytesAPixel(format)];
            CopyTo(bytes, format, bottomUp);
            return bytes;
        }

        /// <summary>Copies the pixels into an array of exactly their size, to be used again for the next picture.</summary>
        public void CopyTo(byte[] buffer, PixelFormat format, bool bottomUp = false)
        {
            var pin = GCHandle.Alloc(buffer, GCHandleType.Pinned);
            try
            {
                CopyTo(pin.AddrOfPinnedObject(), Arrays.Count(buffer), (long)Width * BytesAPixel(format), format);
            }
            finally
            {
                pin.Free();
            }
            if (bottomUp)
                TurnOver(buffer, Width * BytesAPixel(format));
        }

        /// <summary>
        /// Copies the pixels to where the host wants them, such as a NativeArray or a locked bitmap: `size` bytes, for rows
        /// that are `stride` bytes apart.
        /// </summary>
        public void CopyTo(IntPtr buffer, long size, long stride, PixelFormat format)
        {
            CopyTo(buffer, (UIntPtr)(ulong)size, stride, format);
        }

        private void CopyTo(IntPtr buffer, UIntPtr size, long stride, PixelFormat format)
        {
            DiffusionException.Check(
                Native.diffusion_image_copy(Handle, buffer, size, Width, Height, stride, (int)format));
        }

        private static void TurnOver(byte[] rows, int row)
        {
            var kept = new byte[row];
            for (int top = 0, bottom = rows.Length - row; top < bottom; top += row, bottom -= row)
            {
                Buffer.BlockCopy(rows, top, kept, 0, row);
                Buffer.BlockCopy(rows, bottom, rows, top, row);
                Buffer.BlockCopy(kept, 0, rows, bottom, row);
            }
        }

        /// <summary>Saves it as .png, .jpg or .jpeg, by the path's ending. A PNG carries the settings.</summary>
        public void Save(string file)
        {
            var path = Text.Bytes(file);
            DiffusionException.Check(Native.diffusion_image_save(Handle, path, Text.Length(path)));
        }

        /// <summary>The bytes of a file: "png" or "jpg".</summary>
        public byte[] Encode(string format = "png")
        {
            var name = Text.Bytes(format);
            DiffusionException.Check(Native.diffusion_image_encode(Handle, name, Text.Length(name), out var buffer));
            using (buffer)
            {
                var bytes = new byte[Native.diffusion_buffer_size(buffer).ToUInt64()];
                Marshal.Copy(Native.diffusion_buffer_data(buffer), bytes, 0, bytes.Length);
                return bytes;
            }
        }

        /// <summary>A larger canvas to draw beyond the borders, and the mask of what is new.</summary>
        public Image Extend(int left, int right, int top, int bottom, out Image mask)
        {
            DiffusionException.Check(Native.diffusion_image_extend(
                Handle, left, right, top, bottom, out var picture, out var covered));
            mask = new Image(covered);
            return new Image(picture);
        }

        public void Dispose() => Handle.Dispose();
    }
}
