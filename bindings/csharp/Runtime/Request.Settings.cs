// What can be set. Made from include/diffusion.h, whose texts these are: python3 bindings/declare.py
namespace LibDiffusion
{
    public sealed partial class Request
    {
        /// <summary>
        /// The class that is drawn, of a model that knows classes: its number, counted from 0, for all pictures; -1, the
        /// default, is none. Which there are is checked when drawing starts.
        /// </summary>
        public long Class
        {
            set { DiffusionException.Check(Native.diffusion_request_set_class(Handle, value)); }
        }

        /// <summary>
        /// The class that is drawn, by the name that the model gives it. NULL with 0, or "", is none.
        /// </summary>
        public string ClassName
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_request_set_class_name(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// An embedding in place of what the model would compute, by the value's name, such as "image_embeds";
        /// diffusion_pipeline_info_json() lists them under "cascade". NULL takes it away. One row is for all pictures,
        /// otherwise there must be one for each.
        ///
        /// The request shares it: the embedding may be destroyed at once. Names and sizes are checked when drawing starts.
        /// </summary>
        public void SetEmbedding(string value, Embedding embedding)
        {
            var valueBytes = Text.Bytes(value);
            DiffusionException.Check(Native.diffusion_request_set_embedding(Handle, valueBytes, Text.Length(valueBytes), embedding == null ? EmbeddingHandle.Null : embedding.Handle));
        }

        /// <summary>
        /// How far an attribute of the picture is moved, such as "night", of a model that has attributes: -100 to 100,
        /// where 0, the default, leaves it. Attributes are checked when drawing starts. NaN is refused.
        /// </summary>
        public void SetEdit(string attribute, float amount)
        {
            var attributeBytes = Text.Bytes(attribute);
            DiffusionException.Check(Native.diffusion_request_set_edit(Handle, attributeBytes, Text.Length(attributeBytes), amount));
        }

        /// <summary>
        /// The stage that is the last to run, whose sample is the picture: only stages that draw pixels can be, as a base
        /// without its upsampler. NULL with 0, or "", runs all. Which there are is checked when drawing starts.
        /// </summary>
        public string LastStage
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_request_set_last_stage(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// Denoising steps of one stage, 1 to 1000; 0 is the model's own. diffusion_request_set_steps() and its sisters are
        /// for the model's main stage.
        /// </summary>
        public void SetStageSteps(string stageName, long steps)
        {
            var stageNameBytes = Text.Bytes(stageName);
            DiffusionException.Check(Native.diffusion_request_set_stage_steps(Handle, stageNameBytes, Text.Length(stageNameBytes), steps));
        }

        /// <summary>
        /// Guidance scale of one stage, -1000 to 1000; at 1 it is off, and below it too unless the model's manifest says
        /// otherwise (latent diffusion by text). NaN is refused.
        /// </summary>
        public void SetStageGuidance(string stageName, float guidance)
        {
            var stageNameBytes = Text.Bytes(stageName);
            DiffusionException.Check(Native.diffusion_request_set_stage_guidance(Handle, stageNameBytes, Text.Length(stageNameBytes), guidance));
        }

        /// <summary>
        /// Scheduler of one stage, by a name of diffusion_scheduler_name(); NULL with 0, or "", is the model's own.
        /// </summary>
        public void SetStageScheduler(string stageName, string scheduler)
        {
            var stageNameBytes = Text.Bytes(stageName);
            var schedulerBytes = Text.Bytes(scheduler);
            DiffusionException.Check(Native.diffusion_request_set_stage_scheduler(Handle, stageNameBytes, Text.Length(stageNameBytes), schedulerBytes, Text.Length(schedulerBytes)));
        }

        /// <summary>
        /// How strongly a classifier's gradient leads one stage, -1000 to 1000; 0 is not at all. NaN is refused.
        /// </summary>
        public void SetStageGuideScale(string stageName, float scale)
        {
            var stageNameBytes = Text.Bytes(stageName);
            DiffusionException.Check(Native.diffusion_request_set_stage_guide_scale(Handle, stageNameBytes, Text.Length(stageNameBytes), scale));
        }

        /// <summary>
        /// How many samples one stage draws for each picture, of which it keeps the best, 1 to 64; 0 is the model's own
        /// number.
        /// </summary>
        public void SetStageCandidates(string stageName, long count)
        {
            var stageNameBytes = Text.Bytes(stageName);
            DiffusionException.Check(Native.diffusion_request_set_stage_candidates(Handle, stageNameBytes, Text.Length(stageNameBytes), count));
        }

        /// <summary>
        /// Adds a picture that the model keeps to beside the prompt. `role` is what it is to the model, one of
        /// diffusion_pipeline_condition_role(), as "controlnet", "controlnet:1" (the second ControlNet), "adapter", "depth"
        /// or "image_prompt"; UTF-8, 1 to 64 bytes. The picture may have any size and format.
        ///
        /// `scale` is how much it counts: 1 as the model was trained, 0 not at all, up to 100 either way. It counts in
        /// those steps that lie as a whole between `start` and `end` of the run, 0 to 1. NaN is refused. Default: no such
        /// pictures; at most 16. The request keeps what it needs: the image may be destroyed at once.
        ///
        /// Where the request sets no width and height and starts from no picture, the result is as large as the first
        /// picture of a ControlNet or an adapter, in multiples of diffusion_pipeline_size_multiple(). Whether the model has
        /// the role, and every picture that it cannot do without, is checked by diffusion_pipeline_generate() before any
        /// work starts.
        ///
        /// Errors: NULL_POINTER for no image, INVALID_ARGUMENT, INVALID_UTF8.
        /// </summary>
        public void AddConditionPicture(string role, Image image, float scale = 1f, float start = 0f, float end = 1f)
        {
            var roleBytes = Text.Bytes(role);
            DiffusionException.Check(Native.diffusion_request_add_condition_picture(Handle, roleBytes, Text.Length(roleBytes), image == null ? ImageHandle.Null : image.Handle, scale, start, end));
        }

        /// <summary>
        /// The picture of a role, in place of all that this role had: diffusion_request_add_condition_picture() with a
        /// scale of 1 for the whole run. NULL takes the role's pictures away. Models of several stages name their roles
        /// themselves, such as "like" for a picture to vary or "map" for a semantic map: diffusion_pipeline_picture_role()
        /// lists them; there the picture to start from is the role "image", and its mask the role "mask".
        ///
        /// The request keeps what it needs: the image may be destroyed at once. Roles are checked when drawing starts.
        /// </summary>
        public void SetPicture(string role, Image image)
        {
            var roleBytes = Text.Bytes(role);
            DiffusionException.Check(Native.diffusion_request_set_picture(Handle, roleBytes, Text.Length(roleBytes), image == null ? ImageHandle.Null : image.Handle));
        }

        /// <summary>
        /// Takes all condition pictures away.
        /// </summary>
        public void ClearConditionPictures()
        {
            DiffusionException.Check(Native.diffusion_request_clear_condition_pictures(Handle));
        }

        /// <summary>
        /// Whether ControlNets count less in the UNet's upper levels and not at all for the negative prompt, 1 or 0, the
        /// default: diffusers' guess mode, for pictures without a prompt, with a guidance of 3 to 5. It needs a picture for
        /// a ControlNet.
        /// </summary>
        public bool GuessMode
        {
            set { DiffusionException.Check(Native.diffusion_request_set_guess_mode(Handle, value ? 1 : 0)); }
        }

        /// <summary>
        /// Adds a thing that belongs into a part of the picture, for models that take boxes (GLIGEN; models of a layout,
        /// where it is the name of a class). `phrase` is what it is, UTF-8, 1 to 1048576 bytes; the four numbers are the
        /// part's sides, as parts of the picture from its left upper corner, 0 to 1. Default: none;
        /// diffusion_pipeline_max_boxes() says how many a model takes.
        ///
        /// Errors: INVALID_ARGUMENT, INVALID_UTF8.
        /// </summary>
        public void AddBox(string phrase, float left, float top, float right, float bottom)
        {
            var phraseBytes = Text.Bytes(phrase);
            DiffusionException.Check(Native.diffusion_request_add_box(Handle, phraseBytes, Text.Length(phraseBytes), left, top, right, bottom));
        }

        /// <summary>
        /// Takes all boxes away.
        /// </summary>
        public void ClearBoxes()
        {
            DiffusionException.Check(Native.diffusion_request_clear_boxes(Handle));
        }

        /// <summary>
        /// The part of the run in which boxes count, from its beginning, 0 to 1. Default: 0.3, as in diffusers. NaN is
        /// refused.
        /// </summary>
        public float BoxesUntil
        {
            set { DiffusionException.Check(Native.diffusion_request_set_boxes_until(Handle, value)); }
        }

        /// <summary>
        /// Takes every rule of the functions below away again. Without rules guidance is as in diffusers' pipelines.
        ///
        /// Where guidance is off (a scale of 1 or less, a distilled model), rules have no meaning, and a warning of the
        /// result says so. Parts of the schedule are those of the whole one, also where a picture is the start.
        /// </summary>
        public void ClearGuidanceRules()
        {
            DiffusionException.Check(Native.diffusion_request_clear_guidance_rules(Handle));
        }

        /// <summary>
        /// Brings the guided prediction back to the spread of the prompt's own, 0 (off, the default) to 1: diffusers'
        /// guidance_rescale (Lin et al. 2023, section 3.4). For models that predict v.
        /// </summary>
        public float GuidanceRescale
        {
            set { DiffusionException.Check(Native.diffusion_request_set_guidance_rescale(Handle, value)); }
        }

        /// <summary>
        /// Guides only from one part of the schedule to another, each 0 to 1, and asks for the prompt alone outside, at
        /// half the cost (Kynkäänniemi et al. 2024). Default: everywhere.
        /// </summary>
        public void SetGuidanceInterval(float from, float to)
        {
            DiffusionException.Check(Native.diffusion_request_set_guidance_interval(Handle, from, to));
        }

        /// <summary>
        /// A guidance scale for each step, `count` of them, -1000 to 1000, copied; diffusion_pipeline_generate() refuses a
        /// list whose length is not the number of steps. Default: the same scale at every step.
        /// </summary>
        public float[] GuidanceScales
        {
            set { DiffusionException.Check(Native.diffusion_request_set_guidance_scales(Handle, value, Arrays.Count(value))); }
        }

        /// <summary>
        /// Guidance scales at places of the schedule, 0 (the first step) to 1 (the last), in ascending order, `count` of
        /// both, copied. Between them the scale is interpolated, before the first and after the last it stays.
        /// </summary>
        public void SetGuidancePoints(float[] places, float[] scales)
        {
            DiffusionException.Check(Native.diffusion_request_set_guidance_points(Handle, places, scales, Arrays.Count(places, scales)));
        }

        /// <summary>
        /// CFG++ with this lambda, 0 to 1, in the place of the guidance scale (Chung et al. 2024). For the schedulers
        /// "ddim", "euler" and "euler_ancestral". Default: off.
        /// </summary>
        public float GuidancePlusPlus
        {
            set { DiffusionException.Check(Native.diffusion_request_set_guidance_plus_plus(Handle, value)); }
        }

        /// <summary>
        /// Adaptive projected guidance (Sadat et al. 2024; diffusers' AdaptiveProjectedGuidance), against the colours of
        /// large scales. Default: off.
        ///
        /// `eta`, 0 to 1, is how much stays of what oversaturates; `threshold` the longest that the difference of the two
        /// predictions may be, 0 for any; `momentum`, -1 to 1, how much of earlier differences is added. Usual: 0, 15,
        /// -0.5.
        /// </summary>
        public void SetGuidanceProjection(float eta, float threshold, float momentum)
        {
            DiffusionException.Check(Native.diffusion_request_set_guidance_projection(Handle, eta, threshold, momentum));
        }

        /// <summary>
        /// Dynamic thresholding (Saharia et al. 2022, section 2.3): where more than `percentile`, 0.5 to 1, of the guided
        /// picture's magnitudes would lie above `limit`, 0.001 to 1000, all are brought down to it. Default: off.
        /// </summary>
        public void SetGuidanceThreshold(float percentile, float limit)
        {
            DiffusionException.Check(Native.diffusion_request_set_guidance_threshold(Handle, percentile, limit));
        }

        /// <summary>
        /// Dynamic thresholding whose limit is what the guidance scale `scale`, 0 to 1000, would have given: for latents,
        /// which have no range of their own. Usual: 0.995 and 1. Takes the place of
        /// diffusion_request_set_guidance_threshold().
        /// </summary>
        public void SetGuidanceMimicScale(float percentile, float scale)
        {
            DiffusionException.Check(Native.diffusion_request_set_guidance_mimic_scale(Handle, percentile, scale));
        }

        /// <summary>
        /// CFG-Zero* (Fan et al. 2025; diffusers' ClassifierFreeZeroStarGuidance), where the first `zero_steps`, 0 to 1000,
        /// are passed over; more than 0 only for flow-matching models, where 1 is usual. Default: off.
        /// </summary>
        public long GuidanceZeroStar
        {
            set { DiffusionException.Check(Native.diffusion_request_set_guidance_zero_star(Handle, value)); }
        }

        /// <summary>
        /// Leaves denoiser calls out while the error that this is estimated to make stays below `threshold`, 0 (off, the
        /// default) to 10, usually 0.02 to 0.3 (EasyCache, TeaCache): faster, and another picture, more or less near. The
        /// first `first_steps` and the last `last_steps`, each 0 to 1000, are never left out; 3 and 1 are usual.
        /// diffusion_result_skipped_calls() says how many were.
        /// </summary>
        public void SetReuse(float threshold, long firstSteps, long lastSteps)
        {
            DiffusionException.Check(Native.diffusion_request_set_reuse(Handle, threshold, firstSteps, lastSteps));
        }

        /// <summary>
        /// Asks for the negative prompt only every so many steps, 1 (the default) to 1000, and not any more after the part
        /// `until` of the schedule, 0 to 1 (the default); its last difference to the prompt is kept, at half the cost
        /// (Compress Guidance). diffusion_result_skipped_negatives() says how many calls had none.
        /// </summary>
        public void SetNegativeSchedule(long every, float until)
        {
            DiffusionException.Check(Native.diffusion_request_set_negative_schedule(Handle, every, until));
        }

        /// <summary>
        /// Draws small first, where a model composes best, then enlarges the result and draws it over: the "hires fix" of
        /// AUTOMATIC1111's webui. Each side becomes `scale` times larger, 1 to 8, cut to a multiple of
        /// diffusion_pipeline_size_multiple(); 0, the default, is no second pass. NaN is refused.
        ///
        /// The first pass has the request's width and height, the second its prompts, scheduler, guidance and seed. It goes
        /// with no picture to start from, which diffusion_pipeline_generate() refuses. Progress is reported for both passes
        /// in turn.
        /// </summary>
        public float HiresScale
        {
            set { DiffusionException.Check(Native.diffusion_request_set_hires_scale(Handle, value)); }
        }

        /// <summary>
        /// The result's width and height in pixels where a scale does not do, up to 8192 and none smaller than the first
        /// pass's; 0 and 0 are the scale again. Turns the second pass on, as all that follow do.
        /// </summary>
        public void SetHiresSize(long width, long height)
        {
            DiffusionException.Check(Native.diffusion_request_set_hires_size(Handle, width, height));
        }

        /// <summary>
        /// How many steps the second pass draws, 1 to 1000; 0, the default, is as many as the first. Its schedule has as
        /// many more as the strength leaves out.
        /// </summary>
        public long HiresSteps
        {
            set { DiffusionException.Check(Native.diffusion_request_set_hires_steps(Handle, value)); }
        }

        /// <summary>
        /// How much the second pass redraws, above 0 up to 1. Default: 0.7. NaN is refused.
        /// </summary>
        public float HiresStrength
        {
            set { DiffusionException.Check(Native.diffusion_request_set_hires_strength(Handle, value)); }
        }

        /// <summary>
        /// What is enlarged, and how, by one of the names of diffusion_upscale_name(). Default, also with NULL and 0:
        /// "nearest-exact". "lanczos" enlarges the picture, all others the latents.
        /// </summary>
        public string HiresUpscale
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_request_set_hires_upscale(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// Previews while the picture is drawn: the progress callback is called once more with each, as
        /// diffusion_progress.preview, and diffusion_job_preview() gives the newest of a job. They never change the
        /// pictures.
        ///
        /// `mode` is one of the names of diffusion_preview_mode_name(): "linear", a pixel for a latent, costs nothing;
        /// "small" runs the small decoder that the folder has as vae_decoder_approx/model.onnx; "full" runs the model's own
        /// decoder. NULL and 0, the default: none. `interval` is after how many denoiser evaluations each, 1 to 1000; there
        /// is none after the last. What the model cannot show is UNSUPPORTED in diffusion_pipeline_generate().
        /// </summary>
        public void SetPreviews(string mode, long interval = 1)
        {
            var modeBytes = Text.Bytes(mode);
            DiffusionException.Check(Native.diffusion_request_set_previews(Handle, modeBytes, Text.Length(modeBytes), interval));
        }

        /// <summary>
        /// What the picture should show; UTF-8, at most 1048576 bytes, copied. Default, also with NULL and 0: empty.
        ///
        /// What does not fit the model's text encoder is cut off, and diffusion_result_warning() names it.
        /// </summary>
        public string Prompt
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_request_set_prompt(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// Prompts that diffusion_pipeline_encode_prompt() read, in place of the request's own, which must not be set
        /// beside it, nor their syntax, clip skip and most tokens. Default, also with NULL: none.
        ///
        /// The request keeps what it needs: the conditioning may be destroyed at once. Only the pipeline that read it takes
        /// it.
        /// </summary>
        public Conditioning Conditioning
        {
            set { DiffusionException.Check(Native.diffusion_request_set_conditioning(Handle, value == null ? ConditioningHandle.Null : value.Handle)); }
        }

        /// <summary>
        /// What the second text encoder reads (Stable Diffusion XL and 3, Flux); limits as for the prompt. Default, also
        /// with NULL and 0: the prompt. Models without one do not look at it.
        /// </summary>
        public string Prompt2
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_request_set_prompt_2(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// What the third text encoder reads (Stable Diffusion 3); limits as for the prompt. Default, also with NULL and 0:
        /// the prompt.
        /// </summary>
        public string Prompt3
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_request_set_prompt_3(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// What the picture should not show; UTF-8, at most 1048576 bytes, copied. Default, also with NULL and 0: none,
        /// which most models see as the empty text; Stable Diffusion XL may have been trained to see zeros there. Has no
        /// effect where guidance is 1 or less.
        /// </summary>
        public string NegativePrompt
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_request_set_negative_prompt(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// The second text encoder's negative prompt; limits as for the prompt. Default, also with NULL and 0: the negative
        /// prompt.
        /// </summary>
        public string NegativePrompt2
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_request_set_negative_prompt_2(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// The third text encoder's negative prompt; limits as for the prompt. Default, also with NULL and 0: the negative
        /// prompt.
        /// </summary>
        public string NegativePrompt3
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_request_set_negative_prompt_3(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// What characters in prompts mean, by one of the names of diffusion_prompt_syntax_name(). Default, also with NULL
        /// and 0: "plain", every character is text, as in diffusers.
        ///
        /// "webui" is the syntax of AUTOMATIC1111's webui: (weights:1.2), [from:to:0.5], [this|that], BREAK, AND, and
        /// prompts of any length.
        /// </summary>
        public string Syntax
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_request_set_syntax(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// How many of CLIP's last layers are left out, 0 (the default) to 11, as diffusers counts them; the webui's number
        /// is one more. Models whose text encoder does not give its layers out are changed so that it does, if that is
        /// possible.
        /// </summary>
        public long ClipSkip
        {
            set { DiffusionException.Check(Native.diffusion_request_set_clip_skip(Handle, value)); }
        }

        /// <summary>
        /// How many tokens a T5 encoder reads (Stable Diffusion 3, Flux), 1 to 512. Default: what diffusers' pipeline of
        /// the model's family has.
        /// </summary>
        public long MaxTokens
        {
            set { DiffusionException.Check(Native.diffusion_request_set_max_tokens(Handle, value)); }
        }

        /// <summary>
        /// Whether the model's safety checker looks at the pictures, by one of the names of diffusion_safety_name().
        /// Default, also with NULL and 0: "off".
        ///
        /// "flag" says what it found in diffusion_result_flagged() and leaves the pictures as they are; "blur" also blurs
        /// what is flagged. Off by default, unlike in diffusers, because a picture that was blackened unasked cannot be
        /// told from a failure, and the checker costs another graph's time and memory; a host that shows pictures to people
        /// it does not know should turn it on. diffusion_pipeline_generate() fails with UNSUPPORTED where the folder has no
        /// safety_checker.
        /// </summary>
        public string Safety
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_request_set_safety(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// Denoising steps, 1 to 1000. Default: the model's, diffusion_pipeline_default_steps().
        /// </summary>
        public long Steps
        {
            set { DiffusionException.Check(Native.diffusion_request_set_steps(Handle, value)); }
        }

        /// <summary>
        /// Classifier-free guidance scale, -1000 to 1000. Default: the model's, diffusion_pipeline_default_guidance().
        ///
        /// Higher follows the prompt more closely; at 1 or below guidance is off and a step costs half. NaN is refused.
        /// Models with distilled guidance (Flux dev, latent consistency) are told the number and have no second evaluation.
        /// </summary>
        public float Guidance
        {
            set { DiffusionException.Check(Native.diffusion_request_set_guidance(Handle, value)); }
        }

        /// <summary>
        /// How strongly an edit keeps to its picture (InstructPix2Pix), 0 to 1000, useful from 1. Default: 1.5, as in
        /// diffusers.
        /// </summary>
        public float ImageGuidance
        {
            set { DiffusionException.Check(Native.diffusion_request_set_image_guidance(Handle, value)); }
        }

        /// <summary>
        /// Classifier-free guidance of a model that has a distilled one of its own (Flux), 0 to 1000: above 1 the negative
        /// prompt is used and each step costs double. Default: off.
        /// </summary>
        public float TrueGuidance
        {
            set { DiffusionException.Check(Native.diffusion_request_set_true_guidance(Handle, value)); }
        }

        /// <summary>
        /// How much noise the small picture gets before it is enlarged (x4 upscaler), 0 to 350. Default: 20.
        /// </summary>
        public long NoiseLevel
        {
            set { DiffusionException.Check(Native.diffusion_request_set_noise_level(Handle, value)); }
        }

        /// <summary>
        /// The scheduler, by one of the names of diffusion_scheduler_name() or by its class name in diffusers. Default,
        /// also with NULL and 0: the one in the model's scheduler_config.json.
        /// </summary>
        public string Scheduler
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_request_set_scheduler(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// The sigma schedule, by one of the names of diffusion_sigma_schedule_name(). Default, also with NULL and 0: the
        /// model's. Schedulers that have no sigmas refuse all but "default", in diffusion_pipeline_generate().
        /// </summary>
        public string Sigmas
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_request_set_sigmas(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// The noise levels one by one, `count` of them, descending, copied; as diffusers' set_timesteps(sigmas=...). The
        /// steps are then as many as the list says; other steps in the request are refused, and so is another sigma
        /// schedule. Default, also with NULL and 0: none.
        ///
        /// For "euler" levels above 0, and one more where the last step ends, which may be 0; for "flow_euler" and
        /// "flow_lcm" levels above 0 up to 1, one a step. Other schedulers refuse it in diffusion_pipeline_generate(). It
        /// takes the place of a list of timesteps.
        /// </summary>
        public double[] CustomSigmas
        {
            set { DiffusionException.Check(Native.diffusion_request_set_custom_sigmas(Handle, value, Arrays.Count(value))); }
        }

        /// <summary>
        /// The timesteps one by one, `count` of them, descending, copied; as diffusers' set_timesteps(timesteps=...). The
        /// steps are then as many as the list says; other steps in the request are refused. Default, also with NULL and 0:
        /// none.
        ///
        /// From 0 to below the trained number, whole but for "euler", "heun", "flow_euler" and "flow_lcm". Schedulers that
        /// cannot be given a list refuse it in diffusion_pipeline_generate(). It takes the place of a list of sigmas.
        /// </summary>
        public double[] CustomTimesteps
        {
            set { DiffusionException.Check(Native.diffusion_request_set_custom_timesteps(Handle, value, Arrays.Count(value))); }
        }

        /// <summary>
        /// The share of fresh noise in a step, 0 to 1. NaN is refused. Only the schedulers "ddim" (0, the default, is
        /// deterministic; 1 is as noisy as DDPM) and "tcd" (its gamma; its makers recommend 0.3) read it.
        /// </summary>
        public float Eta
        {
            set { DiffusionException.Check(Native.diffusion_request_set_eta(Handle, value)); }
        }

        /// <summary>
        /// Leaves the last part of the denoising to another model: this one stops where `part`, 0 to 1, of the timesteps is
        /// done, and its pictures still have noise. Default: it goes to the end.
        ///
        /// The other model goes on with diffusion_request_set_init_result() and the same number in
        /// diffusion_request_set_denoising_start(), as Stable Diffusion XL's refiner does.
        /// </summary>
        public float DenoisingEnd
        {
            set { DiffusionException.Check(Native.diffusion_request_set_denoising_end(Handle, value)); }
        }

        /// <summary>
        /// Where another model stopped, 0 to 1; this one goes on from there, without adding noise. Default: at the
        /// beginning. It must be less than the denoising end.
        /// </summary>
        public float DenoisingStart
        {
            set { DiffusionException.Check(Native.diffusion_request_set_denoising_start(Handle, value)); }
        }

        /// <summary>
        /// Along which sides the pictures tile, by one of the names of diffusion_seamless_name(). Default, also with NULL
        /// and 0: "off". "x" continues the right side on the left one.
        ///
        /// The first generation that asks for a way opens the denoiser and the decoder once more, with convolutions that
        /// wrap around, and keeps them. diffusion_pipeline_generate() fails with UNSUPPORTED for denoisers without such
        /// convolutions (Stable Diffusion 3, Flux).
        /// </summary>
        public string Seamless
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_request_set_seamless(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// Seed of the noise. Default: a random one for every generation, which diffusion_result_seed() reports.
        ///
        /// Any value for "torch-cuda"; "torch-cpu" reads only the low 32 bits, as torch does; "numpy" takes 0 to 2^32 - 1,
        /// which diffusion_pipeline_generate() checks.
        /// </summary>
        public ulong Seed
        {
            set { DiffusionException.Check(Native.diffusion_request_set_seed(Handle, value)); }
        }

        /// <summary>
        /// Whose random generator to repeat, by one of the names of diffusion_rng_name(). Default: "torch-cpu".
        /// </summary>
        public string Rng
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_request_set_rng(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// How several pictures are seeded, by one of the names of diffusion_seed_mode_name(). Default, also with NULL and
        /// 0: "one-generator", which draws for all pictures in turn, as diffusers' num_images_per_prompt does.
        ///
        /// With "one-per-picture" picture i has a generator of its own with seed + i, as in AUTOMATIC1111's webui, so that
        /// each can be drawn again alone.
        /// </summary>
        public string SeedMode
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_request_set_seed_mode(Handle, valueBytes, Text.Length(valueBytes))); }
        }

        /// <summary>
        /// A little of another seed's noise, for pictures that resemble the first seed's: `strength` goes from 0, the first
        /// seed's picture, to 1, the other's. NaN is refused. Default: none.
        /// </summary>
        public void SetVariation(ulong seed, float strength)
        {
            DiffusionException.Check(Native.diffusion_request_set_variation(Handle, seed, strength));
        }

        /// <summary>
        /// How large the training picture is said to have been, in pixels, each 0 to 8192. Default: as large as the picture
        /// that is drawn. Only Stable Diffusion XL reads this and the functions below (Podell et al. 2023, section 2.2).
        /// </summary>
        public void SetOriginalSize(long width, long height)
        {
            DiffusionException.Check(Native.diffusion_request_set_original_size(Handle, width, height));
        }

        /// <summary>
        /// From where the training picture is said to have been cropped, in pixels, each 0 to 8192. Default: 0, 0, which
        /// draws what is in the picture's middle.
        /// </summary>
        public void SetCrop(long left, long top)
        {
            DiffusionException.Check(Native.diffusion_request_set_crop(Handle, left, top));
        }

        /// <summary>
        /// How large the picture is said to become, in pixels, each 0 to 8192. Default: as large as it is drawn.
        /// </summary>
        public void SetTargetSize(long width, long height)
        {
            DiffusionException.Check(Native.diffusion_request_set_target_size(Handle, width, height));
        }

        /// <summary>
        /// The original size for the negative prompt. Default: as for the prompt.
        /// </summary>
        public void SetNegativeOriginalSize(long width, long height)
        {
            DiffusionException.Check(Native.diffusion_request_set_negative_original_size(Handle, width, height));
        }

        /// <summary>
        /// The crop for the negative prompt. Default: 0, 0.
        /// </summary>
        public void SetNegativeCrop(long left, long top)
        {
            DiffusionException.Check(Native.diffusion_request_set_negative_crop(Handle, left, top));
        }

        /// <summary>
        /// The target size for the negative prompt. Default: as for the prompt.
        /// </summary>
        public void SetNegativeTargetSize(long width, long height)
        {
            DiffusionException.Check(Native.diffusion_request_set_negative_target_size(Handle, width, height));
        }

        /// <summary>
        /// How beautiful the picture is said to be, 0 to 10, for refiners of Stable Diffusion XL. Default: 6.
        /// </summary>
        public float AestheticScore
        {
            set { DiffusionException.Check(Native.diffusion_request_set_aesthetic_score(Handle, value)); }
        }

        /// <summary>
        /// The same for the negative prompt, 0 to 10. Default: 2.5.
        /// </summary>
        public float NegativeAestheticScore
        {
            set { DiffusionException.Check(Native.diffusion_request_set_negative_aesthetic_score(Handle, value)); }
        }

        /// <summary>
        /// Width in pixels, 1 to 8192. Default: that of the picture to start from, if there is one (four times it for an
        /// upscaler), else the model's, diffusion_pipeline_default_width().
        ///
        /// It must be a multiple of the model's diffusion_pipeline_size_multiple(), which diffusion_pipeline_generate()
        /// checks.
        /// </summary>
        public long Width
        {
            set { DiffusionException.Check(Native.diffusion_request_set_width(Handle, value)); }
        }

        /// <summary>
        /// Height in pixels, 1 to 8192. Default and multiples as for the width.
        /// </summary>
        public long Height
        {
            set { DiffusionException.Check(Native.diffusion_request_set_height(Handle, value)); }
        }

        /// <summary>
        /// How many pictures, 1 to 64. Default: 1. diffusion_request_set_seed_mode() says how they are seeded.
        /// </summary>
        public long Count
        {
            set { DiffusionException.Check(Native.diffusion_request_set_count(Handle, value)); }
        }

        /// <summary>
        /// The pixel format of the pictures, a diffusion_pixel_format. Default: DIFFUSION_PIXEL_FORMAT_RGB8.
        /// </summary>
        public PixelFormat Format
        {
            set { DiffusionException.Check(Native.diffusion_request_set_format(Handle, (int)value)); }
        }

        /// <summary>
        /// The picture to start from, in any size and format, made by diffusion_image_open() or diffusion_image_create() or
        /// another generation's. Default, also with NULL: none; the generation starts from noise.
        ///
        /// The request keeps what it needs: the image may be destroyed at once. The picture is resized to the request's
        /// width and height as diffusers does it; where the request sets none, the picture's own are taken, in multiples of
        /// diffusion_pipeline_size_multiple().
        /// </summary>
        public Image InitImage
        {
            set { DiffusionException.Check(Native.diffusion_request_set_init_image(Handle, value == null ? ImageHandle.Null : value.Handle)); }
        }

        /// <summary>
        /// Latents to start from, in place of a picture: `[pictures, channels, height, width]`, as many pictures as the
        /// request's count, as diffusion_pipeline_encode_image(), diffusion_result_latents() or
        /// diffusion_embedding_create() gave them. Default, also with NULL: none.
        ///
        /// The request keeps what it needs: the embedding may be destroyed at once. They are taken for a finished
        /// picture's, and noised as far as diffusion_request_set_strength() says; with
        /// diffusion_request_set_denoising_start() they are taken as they are, noisy to that point: 0 begins with them as
        /// the first noise, in the scheduler's scale.
        /// </summary>
        public Embedding InitLatents
        {
            set { DiffusionException.Check(Native.diffusion_request_set_init_latents(Handle, value == null ? EmbeddingHandle.Null : value.Handle)); }
        }

        /// <summary>
        /// Which part of the picture is drawn anew: white is, black stays; any size, resized to the picture's. Default,
        /// also with NULL: the picture's transparent parts, if it has any, else all of it.
        ///
        /// The request keeps what it needs: the image may be destroyed at once. An inpainting model sees what lies around
        /// the mask; any other model has it put back at every step.
        /// </summary>
        public Image MaskImage
        {
            set { DiffusionException.Check(Native.diffusion_request_set_mask_image(Handle, value == null ? ImageHandle.Null : value.Handle)); }
        }

        /// <summary>
        /// How much of the picture is redrawn: above 0, which keeps it, up to 1, which keeps nothing but what a mask
        /// protects. Default: what diffusers' pipeline of the model's family has, 0.3 to 1. NaN is refused.
        /// </summary>
        public float Strength
        {
            set { DiffusionException.Check(Native.diffusion_request_set_strength(Handle, value)); }
        }

        /// <summary>
        /// How softly the mask's edge runs out: the standard deviation of a Gaussian blur in pixels, 0 (the default) to
        /// 256.
        /// </summary>
        public float MaskBlur
        {
            set { DiffusionException.Check(Native.diffusion_request_set_mask_blur(Handle, value)); }
        }

        /// <summary>
        /// Draws only the masked part, at the full size, with `pixels` around it, 0 to 1024, and pastes it back into the
        /// picture. Default: the whole picture is drawn.
        /// </summary>
        public long MaskPadding
        {
            set { DiffusionException.Check(Native.diffusion_request_set_mask_padding(Handle, value)); }
        }

        /// <summary>
        /// Whether what the mask protects is put back into the result pixel by pixel: 1 or 0, the default. Without it those
        /// parts went through the autoencoder and changed a little, as in diffusers.
        /// </summary>
        public bool PasteBack
        {
            set { DiffusionException.Check(Native.diffusion_request_set_paste_back(Handle, value ? 1 : 0)); }
        }

        /// <summary>
        /// Another generation's latents to start from, in place of a picture: both models must have the same kind of
        /// latents, as Stable Diffusion XL and its refiner have. Default, also with NULL: none.
        ///
        /// The request shares them with the result, which may be destroyed at once. With
        /// diffusion_request_set_denoising_start() this model goes on where the other stopped; without it noise is added as
        /// for a picture.
        /// </summary>
        public Result InitResult
        {
            set { DiffusionException.Check(Native.diffusion_request_set_init_result(Handle, value == null ? ResultHandle.Null : value.Handle)); }
        }

        /// <summary>
        /// Whether the autoencoder encodes and decodes in overlapping tiles, by one of the names of
        /// diffusion_tiling_name(). Default, also with NULL and 0: "auto", which is: in the memory mode "low", pictures
        /// with a side beyond what the autoencoder was trained on. "on" tiles in every memory mode what is larger than a
        /// tile (the training pictures' side, at most 768 pixels); "off" never tiles.
        ///
        /// The memory of a tiled picture is that of one tile and the picture itself. Each tile is normalised by itself, so
        /// colours differ a little from those of a whole picture. diffusion_pipeline_generate() fails with INVALID_ARGUMENT
        /// for "on" beside a seamless picture, which is decoded whole.
        /// </summary>
        public string Tiling
        {
            set { var valueBytes = Text.Bytes(value); DiffusionException.Check(Native.diffusion_request_set_tiling(Handle, valueBytes, Text.Length(valueBytes))); }
        }
    }
}
