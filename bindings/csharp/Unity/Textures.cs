using Unity.Collections;
using Unity.Collections.LowLevel.Unsafe;
using UnityEngine;

namespace LibDiffusion.Unity
{
    /// <summary>Pictures as textures and back. All of it is for the main thread.</summary>
    public static class Textures
    {
        /// <summary>
        /// Shows the picture in a texture, which is made anew only where there is none of its size; the old one is destroyed.
        /// Unity's rows go from bottom to top.
        /// </summary>
        public static void ShowIn(this Image image, ref Texture2D texture)
        {
            if (texture == null || texture.width != image.Width || texture.height != image.Height
                || texture.format != TextureFormat.RGBA32)
            {
                if (texture != null)
                    Object.Destroy(texture);
                texture = new Texture2D(image.Width, image.Height, TextureFormat.RGBA32, mipChain: false)
                {
                    name = "libdiffusion",
                    wrapMode = TextureWrapMode.Clamp,
                };
            }
            texture.LoadRawTextureData(image.ToBytes(PixelFormat.Rgba8, bottomUp: true));
            texture.Apply(updateMipmaps: false);
        }

        /// <summary>Writes the pixels into memory of the job system, rows from top to bottom, for a shader or a job.</summary>
        public static unsafe void CopyTo(this Image image, NativeArray<byte> pixels, PixelFormat format)
        {
            image.CopyTo(
                (System.IntPtr)pixels.GetUnsafePtr(), pixels.Length, (long)image.Width * Image.BytesAPixel(format), format);
        }

        /// <summary>A picture to start from. The texture must be readable (Read/Write in its import settings).</summary>
        public static Image ToImage(this Texture2D texture)
        {
            var from = texture.GetPixels32();
            var bytes = new byte[from.Length * 4];
            for (var y = 0; y < texture.height; y++)
            {
                for (var x = 0; x < texture.width; x++)
                {
                    var colour = from[(texture.height - 1 - y) * texture.width + x];
                    var at = (y * texture.width + x) * 4;
                    bytes[at] = colour.r;
                    bytes[at + 1] = colour.g;
                    bytes[at + 2] = colour.b;
                    bytes[at + 3] = colour.a;
                }
            }
            return Image.Create(bytes, texture.width, texture.height, PixelFormat.Rgba8);
        }
    }
}
