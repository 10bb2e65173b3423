using System;
using System.Collections.Generic;

namespace LibDiffusion
{
    /// <summary>A text of a Conditioning, once for every text encoder that read it.</summary>
    public struct EncodedText
    {
        /// <summary>Who read it, such as "text_encoder_2".</summary>
        public string Encoder;

        public string Text;

        /// <summary>Whether it says what the picture should not show.</summary>
        public bool IsNegative;
    }

    /// <summary>
    /// What a pipeline's text encoders made of prompts, for Request.Conditioning of any number of requests to that pipeline. It
    /// never changes; threads may share it. It does not keep the pipeline open, and requests keep what they need of it.
    /// </summary>
    public sealed class Conditioning : IDisposable
    {
        internal ConditioningHandle Handle { get; }

        internal Conditioning(ConditioningHandle handle)
        {
            Handle = handle;
        }

        /// <summary>What was read; the places are the indices of the methods below.</summary>
        public IReadOnlyList<EncodedText> Texts
        {
            get
            {
                var texts = new EncodedText[Native.diffusion_conditioning_count(Handle)];
                for (var index = 0; index < texts.Length; index++)
                {
                    texts[index].Encoder = Text.From(Native.diffusion_conditioning_encoder(Handle, index));
                    texts[index].Text = Text.From(Native.diffusion_conditioning_text(Handle, index));
                    texts[index].IsNegative = Native.diffusion_conditioning_is_negative(Handle, index) == 1;
                }
                return texts;
            }
        }

        /// <summary>What the encoder made of a text: [tokens, width].</summary>
        public Embedding GetStates(int index)
        {
            DiffusionException.Check(Native.diffusion_conditioning_states(Handle, index, out var states));
            return new Embedding(states);
        }

        /// <summary>The text as one vector, [1, width]; Status.Unsupported where its encoder gives none.</summary>
        public Embedding GetPooled(int index)
        {
            DiffusionException.Check(Native.diffusion_conditioning_pooled(Handle, index, out var pooled));
            return new Embedding(pooled);
        }

        /// <summary>The same with other numbers for a text, such as a mix of two prompts. What is null stays.</summary>
        public Conditioning WithStates(int index, Embedding states, Embedding pooled = null)
        {
            DiffusionException.Check(Native.diffusion_conditioning_with_states(
                Handle, index, states == null ? EmbeddingHandle.Null : states.Handle,
                pooled == null ? EmbeddingHandle.Null : pooled.Handle, out var changed));
            return new Conditioning(changed);
        }

        public void Dispose() => Handle.Dispose();
    }
}
