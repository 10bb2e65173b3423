// What include/diffusion.h declares. Made from it: python3 bindings/declare.py
using System;
using System.Runtime.InteropServices;

namespace LibDiffusion
{
    /// <summary>
    /// What a call came to. Values are append-only: a number, once given out, never changes its meaning.
    ///
    /// Programs branch on the number; people read diffusion_last_error_message().
    /// </summary>
    public enum Status
    {
        /// <summary>
        /// The call did what it says.
        /// </summary>
        Ok = 0,
        /// <summary>
        /// A pointer that must not be NULL is NULL.
        /// </summary>
        NullPointer = 1,
        /// <summary>
        /// A value is out of its range, or a name is not known. The message says what is allowed.
        /// </summary>
        InvalidArgument = 2,
        /// <summary>
        /// A text is not UTF-8.
        /// </summary>
        InvalidUtf8 = 3,
        /// <summary>
        /// A file or folder is missing, or cannot be read or written.
        /// </summary>
        Io = 4,
        /// <summary>
        /// The model folder is incomplete, damaged or contradictory.
        /// </summary>
        BadModel = 5,
        /// <summary>
        /// The request is sound, but this model or this version of the library cannot do it.
        /// </summary>
        Unsupported = 6,
        /// <summary>
        /// ONNX Runtime's library was not found, is damaged, or is too old. Try again with another path.
        /// </summary>
        RuntimeMissing = 7,
        /// <summary>
        /// The execution provider that was asked for cannot be used here.
        /// </summary>
        ProviderUnavailable = 8,
        /// <summary>
        /// Memory ran out, on the host or on the device, where the library or ONNX Runtime asked for much of it. Small
        /// allocations that fail end the process, as Rust's do.
        /// </summary>
        OutOfMemory = 9,
        /// <summary>
        /// A cancel token or a job was cancelled, or a callback asked to stop.
        /// </summary>
        Cancelled = 10,
        /// <summary>
        /// The object is in use by another call, its queue is full, or a job is not done yet. Try again later.
        /// </summary>
        Busy = 11,
        /// <summary>
        /// A number became NaN or infinite, so there is no picture.
        /// </summary>
        Numeric = 12,
        /// <summary>
        /// ONNX Runtime failed while it ran a graph.
        /// </summary>
        GraphFailed = 13,
        /// <summary>
        /// A bug of this library, for example a panic that was caught. The library stays usable. Please report it.
        /// </summary>
        Internal = 14,
    }

    /// <summary>
    /// The parts of the work. Other values may come with later versions; treat them as work that goes on.
    /// </summary>
    public enum Phase
    {
        /// <summary>
        /// Graphs are being opened.
        /// </summary>
        Opening = 0,
        /// <summary>
        /// Prompts are being encoded; a step is one text encoder's reading of one prompt.
        /// </summary>
        EncodingText = 1,
        /// <summary>
        /// Pictures to start from become latents; a step is one encoding. Only where there is a picture.
        /// </summary>
        EncodingImage = 2,
        /// <summary>
        /// The denoising loop runs; a step is one denoiser evaluation.
        /// </summary>
        Denoising = 3,
        /// <summary>
        /// Latents become pixels; a step is one picture.
        /// </summary>
        Decoding = 4,
    }

    /// <summary>
    /// Where a job is on its way. Other values may come with later versions; treat them as running.
    /// </summary>
    public enum JobState
    {
        /// <summary>
        /// It waits for the jobs of its pipeline that were started before it.
        /// </summary>
        Queued = 0,
        /// <summary>
        /// It is being done, or is being stopped.
        /// </summary>
        Running = 1,
        /// <summary>
        /// It is done: take what it made.
        /// </summary>
        Finished = 2,
        /// <summary>
        /// It ended with an error, which diffusion_job_take_result() returns.
        /// </summary>
        Failed = 3,
        /// <summary>
        /// It was cancelled; its pipeline is free for others.
        /// </summary>
        Cancelled = 4,
    }

    /// <summary>
    /// How a pixel is laid out in memory. Rows follow each other from top to bottom.
    /// </summary>
    public enum PixelFormat
    {
        /// <summary>
        /// 3 bytes a pixel: red, green, blue, sRGB.
        /// </summary>
        Rgb8 = 0,
        /// <summary>
        /// 4 bytes a pixel: red, green, blue, alpha; alpha is 255.
        /// </summary>
        Rgba8 = 1,
        /// <summary>
        /// 4 bytes a pixel: blue, green, red, alpha; alpha is 255.
        /// </summary>
        Bgra8 = 2,
        /// <summary>
        /// 4 floats a pixel, 16 bytes: red, green, blue from 0 to 1, sRGB, not rounded to bytes; alpha is 1.
        /// </summary>
        RgbaF32 = 3,
    }

    /// <summary>
    /// How much is logged. Each level includes those above it.
    /// </summary>
    public enum LogLevel
    {
        /// <summary>
        /// Nothing.
        /// </summary>
        Off = 0,
        /// <summary>
        /// What failed.
        /// </summary>
        Error = 1,
        /// <summary>
        /// What may surprise, such as a prompt that was cut off.
        /// </summary>
        Warn = 2,
        /// <summary>
        /// What is being done: the runtime that was loaded, each graph that was opened with its provider and time, what was
        /// recognised in the folder.
        /// </summary>
        Info = 3,
        /// <summary>
        /// How it is being done, for finding faults.
        /// </summary>
        Debug = 4,
        /// <summary>
        /// Everything.
        /// </summary>
        Trace = 5,
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeProgress
    {
        internal uint struct_size;
        internal int phase;
        internal uint step;
        internal uint steps;
        internal IntPtr preview;
        internal uint preview_index;
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal delegate void LogCallback(int level, IntPtr target, IntPtr message, IntPtr user_data);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal delegate void Finalizer(IntPtr user_data);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal delegate int ProgressCallback(IntPtr progress, IntPtr user_data);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal delegate void ReleaseCallback(IntPtr user_data);

    internal sealed class BufferHandle : Handle
    {
        internal static readonly BufferHandle Null = new BufferHandle();

        public BufferHandle() { }

        protected override void Destroy(IntPtr pointer) => Native.diffusion_buffer_destroy(pointer);
    }

    internal sealed class CancelTokenHandle : Handle
    {
        internal static readonly CancelTokenHandle Null = new CancelTokenHandle();

        public CancelTokenHandle() { }

        protected override void Destroy(IntPtr pointer) => Native.diffusion_cancel_token_destroy(pointer);
    }

    internal sealed class ConditioningHandle : Handle
    {
        internal static readonly ConditioningHandle Null = new ConditioningHandle();

        public ConditioningHandle() { }

        protected override void Destroy(IntPtr pointer) => Native.diffusion_conditioning_destroy(pointer);
    }

    internal sealed class EmbeddingHandle : Handle
    {
        internal static readonly EmbeddingHandle Null = new EmbeddingHandle();

        public EmbeddingHandle() { }

        protected override void Destroy(IntPtr pointer) => Native.diffusion_embedding_destroy(pointer);
    }

    internal sealed class ImageHandle : Handle
    {
        internal static readonly ImageHandle Null = new ImageHandle();

        public ImageHandle() { }

        protected override void Destroy(IntPtr pointer) => Native.diffusion_image_destroy(pointer);
    }

    internal sealed class JobHandle : Handle
    {
        internal static readonly JobHandle Null = new JobHandle();

        public JobHandle() { }

        protected override void Destroy(IntPtr pointer) => Native.diffusion_job_destroy(pointer);
    }

    internal sealed class ModelFilesHandle : Handle
    {
        internal static readonly ModelFilesHandle Null = new ModelFilesHandle();

        public ModelFilesHandle() { }

        protected override void Destroy(IntPtr pointer) => Native.diffusion_model_files_destroy(pointer);
    }

    internal sealed class PipelineHandle : Handle
    {
        internal static readonly PipelineHandle Null = new PipelineHandle();

        public PipelineHandle() { }

        protected override void Destroy(IntPtr pointer) => Native.diffusion_pipeline_destroy(pointer);
    }

    internal sealed class PipelineOptionsHandle : Handle
    {
        internal static readonly PipelineOptionsHandle Null = new PipelineOptionsHandle();

        public PipelineOptionsHandle() { }

        protected override void Destroy(IntPtr pointer) => Native.diffusion_pipeline_options_destroy(pointer);
    }

    internal sealed class RequestHandle : Handle
    {
        internal static readonly RequestHandle Null = new RequestHandle();

        public RequestHandle() { }

        protected override void Destroy(IntPtr pointer) => Native.diffusion_request_destroy(pointer);
    }

    internal sealed class ResultHandle : Handle
    {
        internal static readonly ResultHandle Null = new ResultHandle();

        public ResultHandle() { }

        protected override void Destroy(IntPtr pointer) => Native.diffusion_result_destroy(pointer);
    }

    internal sealed class StepperHandle : Handle
    {
        internal static readonly StepperHandle Null = new StepperHandle();

        public StepperHandle() { }

        protected override void Destroy(IntPtr pointer) => Native.diffusion_stepper_destroy(pointer);
    }

    internal static class Native
    {
#if UNITY_IOS && !UNITY_EDITOR
        internal const string Library = "__Internal"; // linked into the app
#else
        internal const string Library = "diffusion"; // libdiffusion.so, libdiffusion.dylib, diffusion.dll
#endif
        internal const string HeaderVersion = "0.1.0";

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_status_name(int status);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_last_error_message();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_last_error_status();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_version_number();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_version_string();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_runtime_initialize(byte[] library, UIntPtr library_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_runtime_use_api_base(IntPtr api_base);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_runtime_info_json(out IntPtr json);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_runtime_try_provider(byte[] provider, UIntPtr provider_length, out IntPtr works_as);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_runtime_version();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_runtime_library();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_runtime_provider(long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_scheduler_name(long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_sigma_schedule_name(long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_rng_name(long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_seed_mode_name(long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_prompt_syntax_name(long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_provider_name(long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_precision_name(long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_fallback_name(long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_memory_mode_name(long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_seamless_name(long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_tiling_name(long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_safety_name(long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_preview_mode_name(long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_upscale_name(long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_set_log_callback(LogCallback callback, int level, IntPtr user_data, Finalizer finalizer);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_cancel_token_create(out CancelTokenHandle token);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_cancel_token_cancel(CancelTokenHandle token);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_cancel_token_reset(CancelTokenHandle token);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        [return: MarshalAs(UnmanagedType.I1)]
        internal static extern bool diffusion_cancel_token_is_cancelled(CancelTokenHandle token);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void diffusion_cancel_token_destroy(IntPtr token);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_phase_name(int phase);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_options_create(out PipelineOptionsHandle options);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void diffusion_pipeline_options_destroy(IntPtr options);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_options_set_ort_library(PipelineOptionsHandle options, byte[] library, UIntPtr library_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_options_set_provider(PipelineOptionsHandle options, byte[] provider, UIntPtr provider_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_options_set_graph_provider(PipelineOptionsHandle options, byte[] role, UIntPtr role_length, byte[] provider, UIntPtr provider_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_options_set_precision(PipelineOptionsHandle options, byte[] precision, UIntPtr precision_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_options_set_fallback(PipelineOptionsHandle options, byte[] fallback, UIntPtr fallback_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_options_set_provider_option(PipelineOptionsHandle options, byte[] key, UIntPtr key_length, byte[] value, UIntPtr value_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_options_set_device_id(PipelineOptionsHandle options, long device_id);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_options_set_threads(PipelineOptionsHandle options, long threads);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_options_set_memory(PipelineOptionsHandle options, byte[] mode, UIntPtr mode_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_options_set_job_queue(PipelineOptionsHandle options, long jobs);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_options_set_preparation(PipelineOptionsHandle options, int preparation);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_options_set_cache_dir(PipelineOptionsHandle options, byte[] folder, UIntPtr folder_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_options_add_embedding(PipelineOptionsHandle options, byte[] file, UIntPtr file_length, byte[] token, UIntPtr token_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_options_add_condition_graph(PipelineOptionsHandle options, byte[] graph, UIntPtr graph_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_options_use_user_cache(PipelineOptionsHandle options);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_options_set_cache_limit(PipelineOptionsHandle options, ulong bytes);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_open(byte[] folder, UIntPtr folder_length, PipelineOptionsHandle options, CancelTokenHandle cancel, ProgressCallback progress, IntPtr user_data, out PipelineHandle pipeline);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void diffusion_pipeline_destroy(IntPtr pipeline);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_pipeline_info_json(PipelineHandle pipeline);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_pipeline_family(PipelineHandle pipeline);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_pipeline_layout(PipelineHandle pipeline);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_pipeline_default_width(PipelineHandle pipeline);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_pipeline_default_height(PipelineHandle pipeline);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_pipeline_default_steps(PipelineHandle pipeline);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern float diffusion_pipeline_default_guidance(PipelineHandle pipeline);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_pipeline_default_scheduler(PipelineHandle pipeline);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_pipeline_size_multiple(PipelineHandle pipeline);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern double diffusion_pipeline_open_milliseconds(PipelineHandle pipeline);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_pipeline_graph_count(PipelineHandle pipeline);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_pipeline_graph_role(PipelineHandle pipeline, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_pipeline_graph_path(PipelineHandle pipeline, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_pipeline_graph_provider(PipelineHandle pipeline, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_pipeline_graph_nodes_json(PipelineHandle pipeline, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_pipeline_condition_role(PipelineHandle pipeline, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_pipeline_condition_description(PipelineHandle pipeline, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_pipeline_max_boxes(PipelineHandle pipeline);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_pipeline_note(PipelineHandle pipeline, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_estimate_memory(byte[] folder, UIntPtr folder_length, PipelineOptionsHandle options, out ulong opening_bytes, out ulong open_bytes);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_pipeline_stage_count(PipelineHandle pipeline);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_pipeline_stage_name(PipelineHandle pipeline, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_pipeline_stage_scheduler(PipelineHandle pipeline, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_pipeline_stage_steps(PipelineHandle pipeline, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern float diffusion_pipeline_stage_guidance(PipelineHandle pipeline, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_pipeline_picture_role(PipelineHandle pipeline, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_pipeline_class_count(PipelineHandle pipeline);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_pipeline_class_name(PipelineHandle pipeline, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_pipeline_embedding_name(PipelineHandle pipeline, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_pipeline_attribute(PipelineHandle pipeline, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_create(out RequestHandle request);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void diffusion_request_destroy(IntPtr request);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_reset(RequestHandle request);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_validate(RequestHandle request);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_class(RequestHandle request, long label);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_class_name(RequestHandle request, byte[] label, UIntPtr label_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_embedding(RequestHandle request, byte[] value, UIntPtr value_length, EmbeddingHandle embedding);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_edit(RequestHandle request, byte[] attribute, UIntPtr attribute_length, float amount);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_last_stage(RequestHandle request, byte[] stage_name, UIntPtr stage_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_stage_steps(RequestHandle request, byte[] stage_name, UIntPtr stage_length, long steps);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_stage_guidance(RequestHandle request, byte[] stage_name, UIntPtr stage_length, float guidance);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_stage_scheduler(RequestHandle request, byte[] stage_name, UIntPtr stage_length, byte[] scheduler, UIntPtr scheduler_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_stage_guide_scale(RequestHandle request, byte[] stage_name, UIntPtr stage_length, float scale);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_stage_candidates(RequestHandle request, byte[] stage_name, UIntPtr stage_length, long count);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_add_condition_picture(RequestHandle request, byte[] role, UIntPtr role_length, ImageHandle image, float scale, float start, float end);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_picture(RequestHandle request, byte[] role, UIntPtr role_length, ImageHandle image);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_clear_condition_pictures(RequestHandle request);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_guess_mode(RequestHandle request, int guess_mode);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_add_box(RequestHandle request, byte[] phrase, UIntPtr phrase_length, float left, float top, float right, float bottom);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_clear_boxes(RequestHandle request);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_boxes_until(RequestHandle request, float until);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_clear_guidance_rules(RequestHandle request);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_guidance_rescale(RequestHandle request, float rescale);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_guidance_interval(RequestHandle request, float from, float to);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_guidance_scales(RequestHandle request, float[] scales, UIntPtr count);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_guidance_points(RequestHandle request, float[] places, float[] scales, UIntPtr count);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_guidance_plus_plus(RequestHandle request, float lambda);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_guidance_projection(RequestHandle request, float eta, float threshold, float momentum);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_guidance_threshold(RequestHandle request, float percentile, float limit);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_guidance_mimic_scale(RequestHandle request, float percentile, float scale);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_guidance_zero_star(RequestHandle request, long zero_steps);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_reuse(RequestHandle request, float threshold, long first_steps, long last_steps);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_negative_schedule(RequestHandle request, long every, float until);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_hires_scale(RequestHandle request, float scale);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_hires_size(RequestHandle request, long width, long height);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_hires_steps(RequestHandle request, long steps);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_hires_strength(RequestHandle request, float strength);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_hires_upscale(RequestHandle request, byte[] upscale, UIntPtr upscale_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_previews(RequestHandle request, byte[] mode, UIntPtr mode_length, long interval);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_prompt(RequestHandle request, byte[] prompt, UIntPtr prompt_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_conditioning(RequestHandle request, ConditioningHandle conditioning);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_prompt_2(RequestHandle request, byte[] prompt, UIntPtr prompt_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_prompt_3(RequestHandle request, byte[] prompt, UIntPtr prompt_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_negative_prompt(RequestHandle request, byte[] prompt, UIntPtr prompt_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_negative_prompt_2(RequestHandle request, byte[] prompt, UIntPtr prompt_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_negative_prompt_3(RequestHandle request, byte[] prompt, UIntPtr prompt_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_syntax(RequestHandle request, byte[] syntax, UIntPtr syntax_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_clip_skip(RequestHandle request, long layers);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_max_tokens(RequestHandle request, long tokens);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_safety(RequestHandle request, byte[] safety, UIntPtr safety_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_steps(RequestHandle request, long steps);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_guidance(RequestHandle request, float guidance);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_image_guidance(RequestHandle request, float guidance);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_true_guidance(RequestHandle request, float guidance);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_noise_level(RequestHandle request, long level);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_scheduler(RequestHandle request, byte[] scheduler, UIntPtr scheduler_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_sigmas(RequestHandle request, byte[] sigmas, UIntPtr sigmas_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_custom_sigmas(RequestHandle request, double[] sigmas, UIntPtr count);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_custom_timesteps(RequestHandle request, double[] timesteps, UIntPtr count);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_eta(RequestHandle request, float eta);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_denoising_end(RequestHandle request, float part);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_denoising_start(RequestHandle request, float part);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_seamless(RequestHandle request, byte[] seamless, UIntPtr seamless_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_seed(RequestHandle request, ulong seed);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_rng(RequestHandle request, byte[] rng, UIntPtr rng_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_seed_mode(RequestHandle request, byte[] mode, UIntPtr mode_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_variation(RequestHandle request, ulong seed, float strength);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_original_size(RequestHandle request, long width, long height);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_crop(RequestHandle request, long left, long top);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_target_size(RequestHandle request, long width, long height);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_negative_original_size(RequestHandle request, long width, long height);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_negative_crop(RequestHandle request, long left, long top);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_negative_target_size(RequestHandle request, long width, long height);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_aesthetic_score(RequestHandle request, float score);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_negative_aesthetic_score(RequestHandle request, float score);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_width(RequestHandle request, long width);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_height(RequestHandle request, long height);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_count(RequestHandle request, long count);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_format(RequestHandle request, int format);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_init_image(RequestHandle request, ImageHandle image);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_init_latents(RequestHandle request, EmbeddingHandle latents);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_mask_image(RequestHandle request, ImageHandle image);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_strength(RequestHandle request, float strength);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_mask_blur(RequestHandle request, float pixels);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_mask_padding(RequestHandle request, long pixels);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_paste_back(RequestHandle request, int paste_back);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_init_result(RequestHandle request, ResultHandle result);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_request_set_tiling(RequestHandle request, byte[] tiling, UIntPtr tiling_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_generate(PipelineHandle pipeline, RequestHandle request, CancelTokenHandle cancel, ProgressCallback progress, IntPtr user_data, out ResultHandle result);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_job_state_name(int state);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_job_start(PipelineHandle pipeline, RequestHandle request, out JobHandle job);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_open_start(byte[] folder, UIntPtr folder_length, PipelineOptionsHandle options, out JobHandle job);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int diffusion_job_poll(JobHandle job);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_job_wait(JobHandle job, long timeout_milliseconds, out int state);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_job_cancel(JobHandle job);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_job_take_result(JobHandle job, out ResultHandle result);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_job_take_pipeline(JobHandle job, out PipelineHandle pipeline);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_job_error_message(JobHandle job);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void diffusion_job_destroy(IntPtr job);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_job_queue_position(JobHandle job);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_job_progress(JobHandle job, out int phase, out uint step, out uint step_count);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int diffusion_job_phase(JobHandle job);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_job_step(JobHandle job);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_job_step_count(JobHandle job);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern double diffusion_job_elapsed_milliseconds(JobHandle job);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern ulong diffusion_job_preview_number(JobHandle job);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_job_preview(JobHandle job, long index, out ImageHandle image);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_model_files_create(out ModelFilesHandle files);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_model_files_add_copy(ModelFilesHandle files, byte[] name, UIntPtr name_length, IntPtr bytes, UIntPtr byte_count);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_model_files_add_borrowed(ModelFilesHandle files, byte[] name, UIntPtr name_length, IntPtr bytes, UIntPtr byte_count, ReleaseCallback release, IntPtr user_data);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void diffusion_model_files_destroy(IntPtr files);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_open_files(ModelFilesHandle files, PipelineOptionsHandle options, CancelTokenHandle cancel, ProgressCallback progress, IntPtr user_data, out PipelineHandle pipeline);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_open_files_start(ModelFilesHandle files, PipelineOptionsHandle options, out JobHandle job);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void diffusion_result_destroy(IntPtr result);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_result_count(ResultHandle result);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_result_image(ResultHandle result, long index, out IntPtr image);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int diffusion_result_flagged(ResultHandle result, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern ulong diffusion_result_seed(ResultHandle result);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern ulong diffusion_result_image_seed(ResultHandle result, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_result_settings_json(ResultHandle result);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_result_warning_count(ResultHandle result);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_result_warning(ResultHandle result, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_result_timings_json(ResultHandle result);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern double diffusion_result_text_milliseconds(ResultHandle result);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern double diffusion_result_encode_milliseconds(ResultHandle result);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_result_step_count(ResultHandle result);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern double diffusion_result_step_milliseconds(ResultHandle result, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern double diffusion_result_decode_milliseconds(ResultHandle result);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_result_skipped_calls(ResultHandle result);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_result_skipped_negatives(ResultHandle result);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern double diffusion_result_total_milliseconds(ResultHandle result);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_image_width(ImageHandle image);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_image_height(ImageHandle image);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern UIntPtr diffusion_image_stride(ImageHandle image);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern UIntPtr diffusion_image_byte_length(ImageHandle image);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int diffusion_image_format(ImageHandle image);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_image_pixels(ImageHandle image);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_image_settings_json(ImageHandle image);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_image_copy(ImageHandle image, IntPtr buffer, UIntPtr size, long width, long height, long stride, int format);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_image_save(ImageHandle image, byte[] file, UIntPtr file_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_image_encode(ImageHandle image, byte[] format, UIntPtr format_length, out BufferHandle buffer);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_image_create(IntPtr pixels, UIntPtr size, long width, long height, long stride, int format, out ImageHandle image);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_image_open(byte[] file, UIntPtr file_length, out ImageHandle image);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_image_decode(IntPtr bytes, UIntPtr size, out ImageHandle image);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_image_extend(ImageHandle image, long left, long right, long top, long bottom, out ImageHandle picture, out ImageHandle mask);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void diffusion_image_destroy(IntPtr image);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_buffer_data(BufferHandle buffer);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern UIntPtr diffusion_buffer_size(BufferHandle buffer);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void diffusion_buffer_destroy(IntPtr buffer);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_embed(PipelineHandle pipeline, RequestHandle request, byte[] value_name, UIntPtr value_length, CancelTokenHandle cancel, ProgressCallback progress, IntPtr user_data, out EmbeddingHandle embedding);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_embedding_create(float[] values, UIntPtr count, long[] shape, UIntPtr rank, out EmbeddingHandle embedding);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void diffusion_embedding_destroy(IntPtr embedding);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_embedding_values(EmbeddingHandle embedding);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern UIntPtr diffusion_embedding_count(EmbeddingHandle embedding);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern UIntPtr diffusion_embedding_rank(EmbeddingHandle embedding);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_embedding_shape(EmbeddingHandle embedding);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_embedding_lerp(EmbeddingHandle from, EmbeddingHandle to, float at, out EmbeddingHandle embedding);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_embedding_slerp(EmbeddingHandle from, EmbeddingHandle to, float at, out EmbeddingHandle embedding);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_embedding_weighted_sum(EmbeddingHandle one, float weight_one, EmbeddingHandle other, float weight_other, out EmbeddingHandle embedding);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_embedding_difference(EmbeddingHandle before, EmbeddingHandle after, out EmbeddingHandle embedding);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_embedding_turn(EmbeddingHandle picture, EmbeddingHandle difference, float at, out EmbeddingHandle embedding);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_encode_image(PipelineHandle pipeline, ImageHandle image, CancelTokenHandle cancel, out EmbeddingHandle latents);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_decode_latents(PipelineHandle pipeline, EmbeddingHandle latents, long index, int format, CancelTokenHandle cancel, out ImageHandle image);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_result_latents(ResultHandle result, out EmbeddingHandle latents);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_pipeline_encode_prompt(PipelineHandle pipeline, RequestHandle request, CancelTokenHandle cancel, ProgressCallback progress, IntPtr user_data, out ConditioningHandle conditioning);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void diffusion_conditioning_destroy(IntPtr conditioning);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_conditioning_count(ConditioningHandle conditioning);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_conditioning_encoder(ConditioningHandle conditioning, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr diffusion_conditioning_text(ConditioningHandle conditioning, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int diffusion_conditioning_is_negative(ConditioningHandle conditioning, long index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_conditioning_states(ConditioningHandle conditioning, long index, out EmbeddingHandle states);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_conditioning_pooled(ConditioningHandle conditioning, long index, out EmbeddingHandle pooled);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_conditioning_with_states(ConditioningHandle conditioning, long index, EmbeddingHandle states, EmbeddingHandle pooled, out ConditioningHandle changed);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_stepper_begin(PipelineHandle pipeline, RequestHandle request, CancelTokenHandle cancel, ProgressCallback progress, IntPtr user_data, out StepperHandle stepper);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void diffusion_stepper_destroy(IntPtr stepper);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_stepper_step_count(StepperHandle stepper);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint diffusion_stepper_step(StepperHandle stepper);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern double diffusion_stepper_timestep(StepperHandle stepper);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_stepper_advance(StepperHandle stepper, CancelTokenHandle cancel, ProgressCallback progress, IntPtr user_data);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_stepper_latents(StepperHandle stepper, out EmbeddingHandle latents);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_stepper_clean_latents(StepperHandle stepper, out EmbeddingHandle latents);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_stepper_set_latents(StepperHandle stepper, EmbeddingHandle latents);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status diffusion_stepper_finish(StepperHandle stepper, CancelTokenHandle cancel, ProgressCallback progress, IntPtr user_data, out ResultHandle result);
    }
}
