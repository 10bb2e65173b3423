using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace LibDiffusion
{
    /// <summary>A weak hint of how many bytes a model takes. Drawing takes more, which grows with the size of the pictures.</summary>
    public struct MemoryEstimate
    {
        /// <summary>At most, while it is opened.</summary>
        public long Opening;

        /// <summary>Once it is open.</summary>
        public long Open;
    }

    /// <summary>What there is: versions, names, ONNX Runtime, the log.</summary>
    public static class Library
    {
        /// <summary>The version of the library that is running.</summary>
        public static string Version => Text.From(Native.diffusion_version_string());

        public static IReadOnlyList<string> Schedulers => Text.List(Native.diffusion_scheduler_name);

        public static IReadOnlyList<string> SigmaSchedules => Text.List(Native.diffusion_sigma_schedule_name);

        public static IReadOnlyList<string> Rngs => Text.List(Native.diffusion_rng_name);

        public static IReadOnlyList<string> SeedModes => Text.List(Native.diffusion_seed_mode_name);

        public static IReadOnlyList<string> PromptSyntaxes => Text.List(Native.diffusion_prompt_syntax_name);

        public static IReadOnlyList<string> SeamlessWays => Text.List(Native.diffusion_seamless_name);

        public static IReadOnlyList<string> Tilings => Text.List(Native.diffusion_tiling_name);

        public static IReadOnlyList<string> Safeties => Text.List(Native.diffusion_safety_name);

        public static IReadOnlyList<string> Upscales => Text.List(Native.diffusion_upscale_name);

        public static IReadOnlyList<string> Precisions => Text.List(Native.diffusion_precision_name);

        public static IReadOnlyList<string> Fallbacks => Text.List(Native.diffusion_fallback_name);

        public static IReadOnlyList<string> Providers => Text.List(Native.diffusion_provider_name);

        public static IReadOnlyList<string> MemoryModes => Text.List(Native.diffusion_memory_mode_name);

        public static IReadOnlyList<string> PreviewModes => Text.List(Native.diffusion_preview_mode_name);

        /// <summary>
        /// Loads ONNX Runtime now, from its library or a folder that holds it. Optional: the first model does it, and looks
        /// beside the library. In Unity, where plugins lie elsewhere, give a path in StreamingAssets.
        /// </summary>
        public static void InitializeRuntime(string path = null)
        {
            var bytes = Text.Bytes(path);
            DiffusionException.Check(Native.diffusion_runtime_initialize(bytes, Text.Length(bytes)));
        }

        /// <summary>
        /// Uses the ONNX Runtime that the program has loaded itself: what its OrtGetApiBase() returned. Must come before everything
        /// else that loads one; its library must stay loaded.
        /// </summary>
        public static void UseApiBase(IntPtr apiBase) =>
            DiffusionException.Check(Native.diffusion_runtime_use_api_base(apiBase));

        /// <summary>What opening a model with these options takes, as the CPU holds it. Only the graphs' heads are read.</summary>
        public static MemoryEstimate EstimateMemory(string folder, PipelineOptions options = null)
        {
            var path = Text.Bytes(folder);
            DiffusionException.Check(Native.diffusion_estimate_memory(
                path, Text.Length(path), options == null ? PipelineOptionsHandle.Null : options.Handle, out var opening,
                out var open));
            return new MemoryEstimate { Opening = (long)opening, Open = (long)open };
        }

        /// <summary>ONNX Runtime's version, place and providers, as JSON; loads it where that has not happened.</summary>
        public static string RuntimeInfoJson
        {
            get
            {
                DiffusionException.Check(Native.diffusion_runtime_info_json(out var json));
                return Text.From(json);
            }
        }

        /// <summary>Is given the log's messages: level, part of the library, text. On whichever thread logs.</summary>
        public delegate void LogTarget(LogLevel level, string part, string message);

        private static readonly LogCallback Static = Report;
        private static volatile LogTarget target;

        /// <summary>Sends the library's messages to a function; null ends it. One a process; before this, none is sent.</summary>
        public static void SetLog(LogTarget log, LogLevel level = LogLevel.Warn)
        {
            target = log;
            DiffusionException.Check(
                Native.diffusion_set_log_callback(log == null ? null : Static, (int)level, IntPtr.Zero, null));
        }

        [AOT.MonoPInvokeCallback(typeof(LogCallback))]
        private static void Report(int level, IntPtr part, IntPtr message, IntPtr userData)
        {
            try
            {
                target?.Invoke((LogLevel)level, Text.From(part), Text.From(message));
            }
            catch (Exception) // must not go through C
            {
            }
        }
    }
}
