using System;
using System.Runtime.InteropServices;

namespace LibDiffusion
{
    /// <summary>Numbers that models understand, such as the code of a picture, or latents. It never changes.</summary>
    public sealed class Embedding : IDisposable
    {
        internal EmbeddingHandle Handle { get; }

        internal Embedding(EmbeddingHandle handle)
        {
            Handle = handle;
        }

        /// <summary>An embedding of numbers of one's own, which are copied; the first size of the shape is the rows.</summary>
        public static Embedding Create(float[] values, params long[] shape)
        {
            DiffusionException.Check(Native.diffusion_embedding_create(
                values, Arrays.Count(values), shape, Arrays.Count(shape), out var handle));
            return new Embedding(handle);
        }

        /// <summary>The numbers, row by row, in a new array.</summary>
        public float[] ToArray()
        {
            var values = new float[Native.diffusion_embedding_count(Handle).ToUInt64()];
            Marshal.Copy(Native.diffusion_embedding_values(Handle), values, 0, values.Length);
            return values;
        }

        public long[] Shape
        {
            get
            {
                var shape = new long[Native.diffusion_embedding_rank(Handle).ToUInt64()];
                Marshal.Copy(Native.diffusion_embedding_shape(Handle), shape, 0, shape.Length);
                return shape;
            }
        }

        /// <summary>The embedding at `at`, 0 to 1, on the straight line to another: for diffusion autoencoders' codes.</summary>
        public Embedding Lerp(Embedding to, float at)
        {
            DiffusionException.Check(Native.diffusion_embedding_lerp(Handle, to.Handle, at, out var handle));
            return new Embedding(handle);
        }

        /// <summary>The embedding at `at`, 0 to 1, on the arc to another: for CLIP's embeddings, and for noise.</summary>
        public Embedding Slerp(Embedding to, float at)
        {
            DiffusionException.Check(Native.diffusion_embedding_slerp(Handle, to.Handle, at, out var handle));
            return new Embedding(handle);
        }

        /// <summary>The sum of both by their weights: several pictures and texts as one.</summary>
        public Embedding Mixed(float weight, Embedding other, float otherWeight)
        {
            DiffusionException.Check(
                Native.diffusion_embedding_weighted_sum(Handle, weight, other.Handle, otherWeight, out var handle));
            return new Embedding(handle);
        }

        /// <summary>The direction from this text embedding to another, for Turned().</summary>
        public Embedding Difference(Embedding after)
        {
            DiffusionException.Check(Native.diffusion_embedding_difference(Handle, after.Handle, out var handle));
            return new Embedding(handle);
        }

        /// <summary>This picture's embedding turned towards a difference of texts, usually by 0.25 to 0.5.</summary>
        public Embedding Turned(Embedding difference, float at)
        {
            DiffusionException.Check(Native.diffusion_embedding_turn(Handle, difference.Handle, at, out var handle));
            return new Embedding(handle);
        }

        public void Dispose() => Handle.Dispose();
    }
}
