using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace LibDiffusion
{
    /// <summary>An opened model, ready to draw. Threads may share it: what they ask for is drawn in turn.</summary>
    public sealed class Pipeline : IDisposable
    {
        internal PipelineHandle Handle { get; }

        internal Pipeline(PipelineHandle handle)
        {
            Handle = handle;
        }

        /// <summary>Opens the model in a folder, and comes back when it is open.</summary>
        public static Pipeline Open(
            string folder, PipelineOptions options = null, Action<Progress> progress = null,
            CancellationToken cancellation = default(CancellationToken))
        {
            var path = Text.Bytes(folder);
            using (var watch = new Watch(progress, cancellation))
            {
                watch.Check(Native.diffusion_pipeline_open(
                    path, Text.Length(path), options == null ? PipelineOptionsHandle.Null : options.Handle, watch.Token,
                    watch.Callback, watch.UserData, out var handle));
                return new Pipeline(handle);
            }
        }

        /// <summary>
        /// Opens a model whose files lie in memory, such as a Dictionary with "unet/model.onnx", by the names that they would have
        /// below its folder. Nothing is written to the disk. The bytes are copied, one file after the other: what makes the files
        /// on the way, as an iterator does, needs memory for one of them besides.
        /// </summary>
        public static Pipeline OpenFiles(
            IEnumerable<KeyValuePair<string, byte[]>> files, PipelineOptions options = null, Action<Progress> progress = null,
            CancellationToken cancellation = default(CancellationToken))
        {
            using (var copies = Copies(files))
            using (var watch = new Watch(progress, cancellation))
            {
                watch.Check(Native.diffusion_pipeline_open_files(
                    copies, options == null ? PipelineOptionsHandle.Null : options.Handle, watch.Token, watch.Callback,
                    watch.UserData, out var handle));
                return new Pipeline(handle);
            }
        }

        /// <summary>As OpenFiles(), on a thread of the library; see Job. The files are copied before this returns.</summary>
        public static Job<Pipeline> StartOpenFiles(
            IEnumerable<KeyValuePair<string, byte[]>> files, PipelineOptions options = null)
        {
            using (var copies = Copies(files))
            {
                DiffusionException.Check(Native.diffusion_pipeline_open_files_start(
                    copies, options == null ? PipelineOptionsHandle.Null : options.Handle, out var job));
                return new Job<Pipeline>(job, TakePipeline);
            }
        }

        /// <summary>
        /// Copies, and not pinned arrays that are lent: those would be let go of by a callback on a thread of the library, maybe
        /// after Unity's editor has loaded the scripts anew, when the callback is not there any more.
        /// </summary>
        private static ModelFilesHandle Copies(IEnumerable<KeyValuePair<string, byte[]>> files)
        {
            DiffusionException.Check(Native.diffusion_model_files_create(out var copies));
            try
            {
                foreach (var file in files)
                {
                    if (file.Value == null)
                        throw new ArgumentException($"the file \"{file.Key}\" is null; it must be an array, which may be empty");
                    var name = Text.Bytes(file.Key);
                    var pin = GCHandle.Alloc(file.Value, GCHandleType.Pinned);
                    try
                    {
                        DiffusionException.Check(Native.diffusion_model_files_add_copy(
                            copies, name, Text.Length(name), pin.AddrOfPinnedObject(), Arrays.Count(file.Value)));
                    }
                    finally
                    {
                        pin.Free();
                    }
                }
                return copies;
            }
            catch
            {
                copies.Dispose();
                throw;
            }
        }

        /// <summary>
        /// Draws, and comes back when the pictures are there. `progress` is called on this thread; an exception that it throws
        /// stops the work and comes out here. A cancellation stops it in the middle of a graph too.
        /// </summary>
        public Result Generate(
            Request request, Action<Progress> progress = null, CancellationToken cancellation = default(CancellationToken))
        {
            using (var watch = new Watch(progress, cancellation))
            {
                watch.Check(Native.diffusion_pipeline_generate(
                    Handle, request.Handle, watch.Token, watch.Callback, watch.UserData, out var handle));
                return new Result(handle);
            }
        }

        /// <summary>As Generate(), on a thread of the pool; `progress` is called there.</summary>
        public Task<Result> GenerateAsync(
            Request request, Action<Progress> progress = null, CancellationToken cancellation = default(CancellationToken))
        {
            return Task.Run(() => Generate(request, progress, cancellation), cancellation);
        }

        /// <summary>Computes one of EmbeddingNames, such as "image_embeds", of what the request has.</summary>
        public Embedding Embed(
            string value, Request request, Action<Progress> progress = null,
            CancellationToken cancellation = default(CancellationToken))
        {
            var name = Text.Bytes(value);
            using (var watch = new Watch(progress, cancellation))
            {
                watch.Check(Native.diffusion_pipeline_embed(
                    Handle, request.Handle, name, Text.Length(name), watch.Token, watch.Callback, watch.UserData,
                    out var handle));
                return new Embedding(handle);
            }
        }

        /// <summary>
        /// Reads the request's prompts once, for Request.Conditioning of any number of pictures. Of the request those settings
        /// count that say how prompts are read; and Steps for prompts that change while they are drawn.
        /// </summary>
        public Conditioning EncodePrompt(
            Request request, Action<Progress> progress = null, CancellationToken cancellation = default(CancellationToken))
        {
            using (var watch = new Watch(progress, cancellation))
            {
                watch.Check(Native.diffusion_pipeline_encode_prompt(
                    Handle, request.Handle, watch.Token, watch.Callback, watch.UserData, out var handle));
                return new Conditioning(handle);
            }
        }

        /// <summary>
        /// Begins to draw, for a loop of one's own: prompts and pictures are read, the first noise is drawn. The request is
        /// copied.
        /// </summary>
        public Stepper Begin(
            Request request, Action<Progress> progress = null, CancellationToken cancellation = default(CancellationToken))
        {
            using (var watch = new Watch(progress, cancellation))
            {
                watch.Check(Native.diffusion_stepper_begin(
                    Handle, request.Handle, watch.Token, watch.Callback, watch.UserData, out var handle));
                return new Stepper(handle);
            }
        }

        /// <summary>
        /// The latents of a picture, [1, channels, height, width]. It is not resized: its sides must be multiples of what a latent
        /// stands for, 8 pixels in most models.
        /// </summary>
        public Embedding EncodeImage(Image image, CancellationToken cancellation = default(CancellationToken))
        {
            using (var watch = new Watch(null, cancellation))
            {
                watch.Check(Native.diffusion_pipeline_encode_image(Handle, image.Handle, watch.Token, out var handle));
                return new Embedding(handle);
            }
        }

        /// <summary>The picture of latents, [pictures, channels, height, width]: the one at an index.</summary>
        public Image DecodeLatents(
            Embedding latents, int index = 0, PixelFormat format = PixelFormat.Rgb8,
            CancellationToken cancellation = default(CancellationToken))
        {
            using (var watch = new Watch(null, cancellation))
            {
                watch.Check(Native.diffusion_pipeline_decode_latents(
                    Handle, latents.Handle, index, (int)format, watch.Token, out var handle));
                return new Image(handle);
            }
        }

        /// <summary>Starts to open a model on a thread of the library; see Job.</summary>
        public static Job<Pipeline> StartOpen(string folder, PipelineOptions options = null)
        {
            var path = Text.Bytes(folder);
            DiffusionException.Check(Native.diffusion_pipeline_open_start(
                path, Text.Length(path), options == null ? PipelineOptionsHandle.Null : options.Handle, out var job));
            return new Job<Pipeline>(job, TakePipeline);
        }

        /// <summary>
        /// Starts to draw on a thread of the library, and comes back at once; see Job. The request is copied. Status.Busy where
        /// as many wait already as PipelineOptions.JobQueue says.
        /// </summary>
        public Job<Result> Start(Request request)
        {
            DiffusionException.Check(Native.diffusion_job_start(Handle, request.Handle, out var job));
            return new Job<Result>(job, TakeResult);
        }

        private static Pipeline TakePipeline(JobHandle job)
        {
            DiffusionException.Check(Native.diffusion_job_take_pipeline(job, out var handle));
            return new Pipeline(handle);
        }

        private static Result TakeResult(JobHandle job)
        {
            DiffusionException.Check(Native.diffusion_job_take_result(job, out var handle));
            return new Result(handle);
        }

        /// <summary>Everything about the model as JSON: family, layout, defaults, graphs, providers, notes.</summary>
        public string InfoJson => Text.From(Native.diffusion_pipeline_info_json(Handle));

        public string Family => Text.From(Native.diffusion_pipeline_family(Handle));

        public int DefaultWidth => (int)Native.diffusion_pipeline_default_width(Handle);

        public int DefaultHeight => (int)Native.diffusion_pipeline_default_height(Handle);

        public int DefaultSteps => (int)Native.diffusion_pipeline_default_steps(Handle);

        public float DefaultGuidance => Native.diffusion_pipeline_default_guidance(Handle);

        public string DefaultScheduler => Text.From(Native.diffusion_pipeline_default_scheduler(Handle));

        /// <summary>Width and height must be multiples of this many pixels.</summary>
        public int SizeMultiple => (int)Native.diffusion_pipeline_size_multiple(Handle);

        /// <summary>The roles of Request.AddConditionPicture().</summary>
        public IReadOnlyList<string> ConditionRoles =>
            Text.List(index => Native.diffusion_pipeline_condition_role(Handle, index));

        /// <summary>The roles of Request.SetPicture(), of a model of several stages.</summary>
        public IReadOnlyList<string> PictureRoles =>
            Text.List(index => Native.diffusion_pipeline_picture_role(Handle, index));

        /// <summary>The stages of Request.SetStageSteps() and its sisters, of a model of several stages.</summary>
        public IReadOnlyList<string> StageNames => Text.List(index => Native.diffusion_pipeline_stage_name(Handle, index));

        public IReadOnlyList<string> ClassNames => Text.List(index => Native.diffusion_pipeline_class_name(Handle, index));

        public IReadOnlyList<string> EmbeddingNames =>
            Text.List(index => Native.diffusion_pipeline_embedding_name(Handle, index));

        /// <summary>Sentences about what was recognised in the folder and why.</summary>
        public IReadOnlyList<string> Notes => Text.List(index => Native.diffusion_pipeline_note(Handle, index));

        public void Dispose() => Handle.Dispose();
    }
}
