using System;
using System.Collections;
using System.Collections.Generic;

namespace LibDiffusion
{
    /// <summary>
    /// The pictures of one generation, with the settings that made them. They are disposed of with it; Image.ToBytes() is
    /// for what is to live longer.
    /// </summary>
    public sealed class Result : IReadOnlyList<Image>, IDisposable
    {
        internal ResultHandle Handle { get; }

        private readonly Image[] images;

        internal Result(ResultHandle handle)
        {
            Handle = handle;
            images = new Image[Native.diffusion_result_count(handle)];
        }

        public int Count => images.Length;

        public Image this[int index]
        {
            get
            {
                DiffusionException.Check(Native.diffusion_result_image(Handle, index, out var pointer));
                lock (images)
                {
                    if (images[index] == null || images[index].Handle.IsClosed)
                        images[index] = LibDiffusion.Image.Borrowed(pointer, Handle);
                    return images[index];
                }
            }
        }

        /// <summary>The first picture.</summary>
        public Image Image => this[0];

        /// <summary>The seed that was used, also where none was set.</summary>
        public ulong Seed => Native.diffusion_result_seed(Handle);

        /// <summary>The seed that draws a picture again; see Request.SeedMode.</summary>
        public ulong SeedOf(int index) => Native.diffusion_result_image_seed(Handle, index);

        /// <summary>Whether the safety checker flagged a picture; null where it was not asked.</summary>
        public bool? Flagged(int index = 0)
        {
            var flagged = Native.diffusion_result_flagged(Handle, index);
            return flagged < 0 ? (bool?)null : flagged == 1;
        }

        /// <summary>
        /// What the pictures were decoded from, [pictures, channels, height, width], a copy: for Request.InitLatents, or to decode
        /// again.
        /// </summary>
        public Embedding GetLatents()
        {
            DiffusionException.Check(Native.diffusion_result_latents(Handle, out var latents));
            return new Embedding(latents);
        }

        /// <summary>Every setting with every default filled in, as JSON.</summary>
        public string SettingsJson => Text.From(Native.diffusion_result_settings_json(Handle));

        /// <summary>Where the time went, in milliseconds, as JSON.</summary>
        public string TimingsJson => Text.From(Native.diffusion_result_timings_json(Handle));

        /// <summary>How long it took.</summary>
        public TimeSpan Elapsed => TimeSpan.FromMilliseconds(Native.diffusion_result_total_milliseconds(Handle));

        /// <summary>What may surprise, such as words that did not fit the text encoder.</summary>
        public IReadOnlyList<string> Warnings => Text.List(index => Native.diffusion_result_warning(Handle, index));

        public IEnumerator<Image> GetEnumerator()
        {
            for (var index = 0; index < Count; index++)
                yield return this[index];
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        public void Dispose()
        {
            // Each holds the result's memory, which would otherwise wait for the garbage collector.
            lock (images)
            {
                foreach (var image in images)
                    image?.Dispose();
            }
            Handle.Dispose();
        }
    }
}
