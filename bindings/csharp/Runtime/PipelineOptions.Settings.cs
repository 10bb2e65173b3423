// What can be set. Made from include/diffusion.h, whose texts these are: python3 bindings/declare.py
namespace LibDiffusion
{
    public sealed partial class PipelineOptions
    {
        /// <summary>
        /// ONNX Runtime's library, or a folder that holds it; UTF-8, at most 65536 bytes.
        ///
        /// Default, also with NULL and 0: the environment variable ORT_DYLIB_PATH, then beside this library, then the
        /// system's. Only the first successful open of a process loads it; later ones use what is loaded.
        /// </summary>
        public string OrtLibrary
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_pipeline_options_set_ort_library(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// The execution provider for every graph, by one of the names of diffusion_provider_name(). Default: "auto", the
        /// first that is seen to work: each that ONNX Runtime has and that is faster than the CPU draws a small graph by
        /// itself, once a process. What it became and why is in diffusion_pipeline_info_json().
        ///
        /// A provider that ONNX Runtime does not offer here fails in diffusion_pipeline_open().
        /// </summary>
        public string Provider
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_pipeline_options_set_provider(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// The execution provider for one graph, in place of the one for all: `role` is as "text_encoder", "unet" or
        /// "vae_decoder", `provider` one of the names of diffusion_provider_name(). A later call for the same role replaces
        /// the earlier one.
        /// </summary>
        public void SetGraphProvider(string role, string provider)
        {
            var roleBytes = Text.Bytes(role);
            var providerBytes = Text.Bytes(provider);
            DiffusionException.Check(Native.diffusion_pipeline_options_set_graph_provider(Handle, roleBytes, Text.Length(roleBytes), providerBytes, Text.Length(providerBytes)));
        }

        /// <summary>
        /// What the providers compute in where they have a choice, by one of the names of diffusion_precision_name().
        ///
        /// Default: "default", the types that the graphs themselves have, nothing below. "bfloat16" and "float16" trade
        /// digits for speed inside those providers that can (OpenVINO, TensorRT; float16 also Core ML, QNN, MIGraphX);
        /// graphs that are placed on others keep their types, and if no graph's provider can, diffusion_pipeline_open()
        /// fails.
        /// </summary>
        public string Precision
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_pipeline_options_set_precision(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// What happens when a part of a graph cannot run on its provider and would run on the CPU instead, by one of the
        /// names of diffusion_fallback_name(). Default: "warn", a warning in the log; with "refuse"
        /// diffusion_pipeline_open() fails with PROVIDER_UNAVAILABLE and names the operators. Arithmetic on shapes, which
        /// belongs on the CPU, never counts.
        /// </summary>
        public string Fallback
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_pipeline_options_set_fallback(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// An option of a provider: `key` is KEY for every provider that has it or PROVIDER.KEY for one, as "memory_limit",
        /// "cuda.cuda_graph", "openvino.cache_dir"; README lists them. PROVIDER.raw.NAME is passed on to ONNX Runtime as
        /// NAME, unchecked. The value is a text, at most 65536 bytes; flags are "1" and "0", sizes may end in K, M or G.
        ///
        /// Errors: INVALID_ARGUMENT for an unknown key, listing those there are, and for a value that the key does not
        /// take. An option that no graph's provider has makes diffusion_pipeline_open() fail.
        /// </summary>
        public void SetProviderOption(string key, string value)
        {
            var keyBytes = Text.Bytes(key);
            var valueBytes = Text.Bytes(value);
            DiffusionException.Check(Native.diffusion_pipeline_options_set_provider_option(Handle, keyBytes, Text.Length(keyBytes), valueBytes, Text.Length(valueBytes)));
        }

        /// <summary>
        /// Which device of the provider, counted from 0, at most 255. Default: 0. The CPU does not look at it.
        /// </summary>
        public long DeviceId
        {
            set { DiffusionException.Check(Native.diffusion_pipeline_options_set_device_id(Handle, value)); }
        }

        /// <summary>
        /// Threads for one operator on the CPU, at most 1024. Default: 0, one for each physical core that this process may
        /// use.
        /// </summary>
        public long Threads
        {
            set { DiffusionException.Check(Native.diffusion_pipeline_options_set_threads(Handle, value)); }
        }

        /// <summary>
        /// What to trade memory for, by one of the names of diffusion_memory_mode_name(). Default: "speed".
        ///
        /// "speed" keeps every graph open and runs guidance as one batched call. "balanced" closes the text encoder after
        /// use and gives memory for activations back after every run. "low" has one graph open at a time, makes one
        /// denoiser call for each guidance branch and each picture, and decodes large pictures in overlapping tiles. The
        /// last two want a cache folder: without one, opening a graph again takes as long as the first time.
        /// </summary>
        public string Memory
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_pipeline_options_set_memory(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// How many jobs of the pipeline may wait behind the one that runs, 0 to 1024. Default: 16. diffusion_job_start()
        /// refuses the next one with BUSY; with 0 there is one job at a time.
        /// </summary>
        public long JobQueue
        {
            set { DiffusionException.Check(Native.diffusion_pipeline_options_set_job_queue(Handle, value)); }
        }

        /// <summary>
        /// Whether graphs may be changed so that they run faster and compute the same: 1 (the default) or 0. With 0 the
        /// model's files are opened as they are, and nothing is cached.
        /// </summary>
        public bool Preparation
        {
            set { DiffusionException.Check(Native.diffusion_pipeline_options_set_preparation(Handle, value ? 1 : 0)); }
        }

        /// <summary>
        /// Where prepared graphs are kept: a folder, UTF-8, at most 65536 bytes, which is made if it is not there. NULL and
        /// 0, the default: nowhere.
        ///
        /// A model that was opened once with a cache opens in a fraction of the time afterwards, and its weights are mapped
        /// from the cache's files: they need no memory of their own, and pipelines and processes share them. The cache
        /// takes about as much room as the models do; see diffusion_pipeline_options_set_cache_limit(). Several processes
        /// may use it at once; it may be deleted whenever no pipeline is open. It is not to be shared by users who do not
        /// trust each other. Graphs on other providers than the CPU are not kept.
        /// </summary>
        public string CacheDir
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_pipeline_options_set_cache_dir(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// Adds a word that prompts may use (textual inversion), from a safetensors file of at most 64 MiB: one tensor of
        /// [width] or [vectors, width], "emb_params" or named by its token, or "clip_l" and "clip_g" for families with two
        /// CLIPs.
        ///
        /// `token` is how prompts write the word, up to 256 bytes; empty (length 0): the tensor's name, or for those three
        /// the file's without its extension. Each call adds one; files are read by diffusion_pipeline_open(), which fails
        /// with INVALID_ARGUMENT for one that is no embedding, that was learned for another family, or whose token is
        /// taken.
        /// </summary>
        public void AddEmbedding(string file, string token = null)
        {
            var fileBytes = Text.Bytes(file);
            var tokenBytes = Text.Bytes(token);
            DiffusionException.Check(Native.diffusion_pipeline_options_add_embedding(Handle, fileBytes, Text.Length(fileBytes), tokenBytes, Text.Length(tokenBytes)));
        }

        /// <summary>
        /// Adds a ControlNet or a T2I-Adapter that lies elsewhere than in the model's folder: an ONNX file, or a folder
        /// with one and perhaps its config.json; UTF-8, at most 65536 bytes. Each call adds one; their roles' numbers go on
        /// where the folder's own end, so that the first ControlNet of a folder without any is "controlnet".
        ///
        /// diffusion_pipeline_open() fails with IO or BAD_MODEL for one that cannot be read or is neither.
        /// </summary>
        public void AddConditionGraph(string graph)
        {
            var graphBytes = Text.Bytes(graph);
            DiffusionException.Check(Native.diffusion_pipeline_options_add_condition_graph(Handle, graphBytes, Text.Length(graphBytes)));
        }

        /// <summary>
        /// Keeps prepared graphs where this system keeps a user's caches, in a folder "libdiffusion"; see
        /// diffusion_pipeline_options_set_cache_dir(). Where that cannot be, nothing is kept, and a note of the pipeline
        /// says so.
        /// </summary>
        public void UseUserCache()
        {
            DiffusionException.Check(Native.diffusion_pipeline_options_use_user_cache(Handle));
        }

        /// <summary>
        /// The most bytes that the cache keeps, from 1; what was not used for longest goes first. Default: 32 GiB.
        /// </summary>
        public ulong CacheLimit
        {
            set { DiffusionException.Check(Native.diffusion_pipeline_options_set_cache_limit(Handle, value)); }
        }
    }
}
