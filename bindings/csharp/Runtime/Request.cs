using System;

namespace LibDiffusion
{
    /// <summary>
    /// What to draw: new Request("a red house") { Seed = 2, Steps = 20 }. What is not set is at the model's own default. A
    /// value that cannot be is a DiffusionException where it is set; what only a model can know, where drawing starts.
    /// Settings are written and not read: Result.SettingsJson has them all, with the defaults filled in.
    /// </summary>
    public sealed partial class Request : IDisposable
    {
        internal RequestHandle Handle { get; }

        public Request()
        {
            DiffusionException.Check(Native.diffusion_request_create(out var handle));
            Handle = handle;
        }

        public Request(string prompt) : this()
        {
            Prompt = prompt;
        }

        /// <summary>Puts everything back to its default.</summary>
        public void Reset() => DiffusionException.Check(Native.diffusion_request_reset(Handle));

        /// <summary>Checks everything that can be checked without a model, also what settings say together.</summary>
        public void Validate() => DiffusionException.Check(Native.diffusion_request_validate(Handle));

        public void Dispose() => Handle.Dispose();
    }

    /// <summary>How to open a model: new PipelineOptions { Provider = "cpu", CacheDir = folder }.</summary>
    public sealed partial class PipelineOptions : IDisposable
    {
        internal PipelineOptionsHandle Handle { get; }

        public PipelineOptions()
        {
            DiffusionException.Check(Native.diffusion_pipeline_options_create(out var handle));
            Handle = handle;
        }

        public void Dispose() => Handle.Dispose();
    }
}
