"""The keyword arguments there are, for editors and type checkers. Made from include/diffusion.h: python3 bindings/declare.py

None, like leaving it out, is the default. The texts are the C header's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from ._abi import PixelFormat
    from .conditioning import Conditioning
    from .embedding import EmbeddingLike
    from .image import ImageLike
    from .result import Result


class Settings(TypedDict, total=False):
    """What to draw: of Pipeline.generate(), Pipeline.start() and Request."""

    class_label: int | None
    """The class that is drawn, of a model that knows classes: its number, counted from 0, for all pictures; -1, the
    default, is none. Which there are is checked when drawing starts.
    """

    class_name: str | None
    """The class that is drawn, by the name that the model gives it. NULL with 0, or "", is none."""

    embeddings: Mapping[str, EmbeddingLike | None]
    """An embedding in place of what the model would compute, by the value's name, such as "image_embeds";
    diffusion_pipeline_info_json() lists them under "cascade". NULL takes it away. One row is for all pictures,
    otherwise there must be one for each.

    The request shares it: the embedding may be destroyed at once. Names and sizes are checked when drawing starts.
    """

    edits: Mapping[str, float | None]
    """How far an attribute of the picture is moved, such as "night", of a model that has attributes: -100 to 100, where
    0, the default, leaves it. Attributes are checked when drawing starts. NaN is refused.
    """

    last_stage: str | None
    """The stage that is the last to run, whose sample is the picture: only stages that draw pixels can be, as a base
    without its upsampler. NULL with 0, or "", runs all. Which there are is checked when drawing starts.
    """

    stage_steps: Mapping[str, int | None]
    """Denoising steps of one stage, 1 to 1000; 0 is the model's own. diffusion_request_set_steps() and its sisters are
    for the model's main stage.
    """

    stage_guidance: Mapping[str, float | None]
    """Guidance scale of one stage, -1000 to 1000; at 1 it is off, and below it too unless the model's manifest says
    otherwise (latent diffusion by text). NaN is refused.
    """

    stage_scheduler: Mapping[str, str | None]
    """Scheduler of one stage, by a name of diffusion_scheduler_name(); NULL with 0, or "", is the model's own."""

    stage_guide_scale: Mapping[str, float | None]
    """How strongly a classifier's gradient leads one stage, -1000 to 1000; 0 is not at all. NaN is refused."""

    stage_candidates: Mapping[str, int | None]
    """How many samples one stage draws for each picture, of which it keeps the best, 1 to 64; 0 is the model's own
    number.
    """

    condition_pictures: Sequence[tuple[str, ImageLike, float, float, float] | tuple[str, ImageLike] | tuple[str, ImageLike, float] | tuple[str, ImageLike, float, float]]
    """Adds a picture that the model keeps to beside the prompt. `role` is what it is to the model, one of
    diffusion_pipeline_condition_role(), as "controlnet", "controlnet:1" (the second ControlNet), "adapter", "depth"
    or "image_prompt"; UTF-8, 1 to 64 bytes. The picture may have any size and format.

    `scale` is how much it counts: 1 as the model was trained, 0 not at all, up to 100 either way. It counts in those
    steps that lie as a whole between `start` and `end` of the run, 0 to 1. NaN is refused. Default: no such pictures;
    at most 16. The request keeps what it needs: the image may be destroyed at once.

    Where the request sets no width and height and starts from no picture, the result is as large as the first picture
    of a ControlNet or an adapter, in multiples of diffusion_pipeline_size_multiple(). Whether the model has the role,
    and every picture that it cannot do without, is checked by diffusion_pipeline_generate() before any work starts.

    Errors: NULL_POINTER for no image, INVALID_ARGUMENT, INVALID_UTF8.
    """

    pictures: Mapping[str, ImageLike | None]
    """The picture of a role, in place of all that this role had: diffusion_request_add_condition_picture() with a scale
    of 1 for the whole run. NULL takes the role's pictures away. Models of several stages name their roles themselves,
    such as "like" for a picture to vary or "map" for a semantic map: diffusion_pipeline_picture_role() lists them;
    there the picture to start from is the role "image", and its mask the role "mask".

    The request keeps what it needs: the image may be destroyed at once. Roles are checked when drawing starts.
    """

    guess_mode: bool | None
    """Whether ControlNets count less in the UNet's upper levels and not at all for the negative prompt, 1 or 0, the
    default: diffusers' guess mode, for pictures without a prompt, with a guidance of 3 to 5. It needs a picture for a
    ControlNet.
    """

    boxes: Sequence[tuple[str, float, float, float, float]]
    """Adds a thing that belongs into a part of the picture, for models that take boxes (GLIGEN; models of a layout,
    where it is the name of a class). `phrase` is what it is, UTF-8, 1 to 1048576 bytes; the four numbers are the
    part's sides, as parts of the picture from its left upper corner, 0 to 1. Default: none;
    diffusion_pipeline_max_boxes() says how many a model takes.

    Errors: INVALID_ARGUMENT, INVALID_UTF8.
    """

    boxes_until: float | None
    """The part of the run in which boxes count, from its beginning, 0 to 1. Default: 0.3, as in diffusers. NaN is
    refused.
    """

    guidance_rescale: float | None
    """Brings the guided prediction back to the spread of the prompt's own, 0 (off, the default) to 1: diffusers'
    guidance_rescale (Lin et al. 2023, section 3.4). For models that predict v.
    """

    guidance_interval: tuple[float, float] | None
    """Guides only from one part of the schedule to another, each 0 to 1, and asks for the prompt alone outside, at half
    the cost (Kynkäänniemi et al. 2024). Default: everywhere.
    """

    guidance_scales: Sequence[float] | None
    """A guidance scale for each step, `count` of them, -1000 to 1000, copied; diffusion_pipeline_generate() refuses a
    list whose length is not the number of steps. Default: the same scale at every step.
    """

    guidance_points: tuple[Sequence[float], Sequence[float]] | None
    """Guidance scales at places of the schedule, 0 (the first step) to 1 (the last), in ascending order, `count` of
    both, copied. Between them the scale is interpolated, before the first and after the last it stays.
    """

    guidance_plus_plus: float | None
    """CFG++ with this lambda, 0 to 1, in the place of the guidance scale (Chung et al. 2024). For the schedulers "ddim",
    "euler" and "euler_ancestral". Default: off.
    """

    guidance_projection: tuple[float, float, float] | None
    """Adaptive projected guidance (Sadat et al. 2024; diffusers' AdaptiveProjectedGuidance), against the colours of
    large scales. Default: off.

    `eta`, 0 to 1, is how much stays of what oversaturates; `threshold` the longest that the difference of the two
    predictions may be, 0 for any; `momentum`, -1 to 1, how much of earlier differences is added. Usual: 0, 15, -0.5.
    """

    guidance_threshold: tuple[float, float] | None
    """Dynamic thresholding (Saharia et al. 2022, section 2.3): where more than `percentile`, 0.5 to 1, of the guided
    picture's magnitudes would lie above `limit`, 0.001 to 1000, all are brought down to it. Default: off.
    """

    guidance_mimic_scale: tuple[float, float] | None
    """Dynamic thresholding whose limit is what the guidance scale `scale`, 0 to 1000, would have given: for latents,
    which have no range of their own. Usual: 0.995 and 1. Takes the place of
    diffusion_request_set_guidance_threshold().
    """

    guidance_zero_star: int | None
    """CFG-Zero* (Fan et al. 2025; diffusers' ClassifierFreeZeroStarGuidance), where the first `zero_steps`, 0 to 1000,
    are passed over; more than 0 only for flow-matching models, where 1 is usual. Default: off.
    """

    reuse: tuple[float, int, int] | None
    """Leaves denoiser calls out while the error that this is estimated to make stays below `threshold`, 0 (off, the
    default) to 10, usually 0.02 to 0.3 (EasyCache, TeaCache): faster, and another picture, more or less near. The
    first `first_steps` and the last `last_steps`, each 0 to 1000, are never left out; 3 and 1 are usual.
    diffusion_result_skipped_calls() says how many were.
    """

    negative_schedule: tuple[int, float] | None
    """Asks for the negative prompt only every so many steps, 1 (the default) to 1000, and not any more after the part
    `until` of the schedule, 0 to 1 (the default); its last difference to the prompt is kept, at half the cost
    (Compress Guidance). diffusion_result_skipped_negatives() says how many calls had none.
    """

    hires_scale: float | None
    """Draws small first, where a model composes best, then enlarges the result and draws it over: the "hires fix" of
    AUTOMATIC1111's webui. Each side becomes `scale` times larger, 1 to 8, cut to a multiple of
    diffusion_pipeline_size_multiple(); 0, the default, is no second pass. NaN is refused.

    The first pass has the request's width and height, the second its prompts, scheduler, guidance and seed. It goes
    with no picture to start from, which diffusion_pipeline_generate() refuses. Progress is reported for both passes
    in turn.
    """

    hires_size: tuple[int, int] | None
    """The result's width and height in pixels where a scale does not do, up to 8192 and none smaller than the first
    pass's; 0 and 0 are the scale again. Turns the second pass on, as all that follow do.
    """

    hires_steps: int | None
    """How many steps the second pass draws, 1 to 1000; 0, the default, is as many as the first. Its schedule has as many
    more as the strength leaves out.
    """

    hires_strength: float | None
    """How much the second pass redraws, above 0 up to 1. Default: 0.7. NaN is refused."""

    hires_upscale: str | None
    """What is enlarged, and how, by one of the names of diffusion_upscale_name(). Default, also with NULL and 0:
    "nearest-exact". "lanczos" enlarges the picture, all others the latents.
    """

    previews: tuple[str, int] | str | None
    """Previews while the picture is drawn: the progress callback is called once more with each, as
    diffusion_progress.preview, and diffusion_job_preview() gives the newest of a job. They never change the pictures.

    `mode` is one of the names of diffusion_preview_mode_name(): "linear", a pixel for a latent, costs nothing;
    "small" runs the small decoder that the folder has as vae_decoder_approx/model.onnx; "full" runs the model's own
    decoder. NULL and 0, the default: none. `interval` is after how many denoiser evaluations each, 1 to 1000; there
    is none after the last. What the model cannot show is UNSUPPORTED in diffusion_pipeline_generate().
    """

    prompt: str | None
    """What the picture should show; UTF-8, at most 1048576 bytes, copied. Default, also with NULL and 0: empty.

    What does not fit the model's text encoder is cut off, and diffusion_result_warning() names it.
    """

    conditioning: Conditioning | None
    """Prompts that diffusion_pipeline_encode_prompt() read, in place of the request's own, which must not be set beside
    it, nor their syntax, clip skip and most tokens. Default, also with NULL: none.

    The request keeps what it needs: the conditioning may be destroyed at once. Only the pipeline that read it takes
    it.
    """

    prompt_2: str | None
    """What the second text encoder reads (Stable Diffusion XL and 3, Flux); limits as for the prompt. Default, also with
    NULL and 0: the prompt. Models without one do not look at it.
    """

    prompt_3: str | None
    """What the third text encoder reads (Stable Diffusion 3); limits as for the prompt. Default, also with NULL and 0:
    the prompt.
    """

    negative_prompt: str | None
    """What the picture should not show; UTF-8, at most 1048576 bytes, copied. Default, also with NULL and 0: none, which
    most models see as the empty text; Stable Diffusion XL may have been trained to see zeros there. Has no effect
    where guidance is 1 or less.
    """

    negative_prompt_2: str | None
    """The second text encoder's negative prompt; limits as for the prompt. Default, also with NULL and 0: the negative
    prompt.
    """

    negative_prompt_3: str | None
    """The third text encoder's negative prompt; limits as for the prompt. Default, also with NULL and 0: the negative
    prompt.
    """

    syntax: str | None
    """What characters in prompts mean, by one of the names of diffusion_prompt_syntax_name(). Default, also with NULL
    and 0: "plain", every character is text, as in diffusers.

    "webui" is the syntax of AUTOMATIC1111's webui: (weights:1.2), [from:to:0.5], [this|that], BREAK, AND, and prompts
    of any length.
    """

    clip_skip: int | None
    """How many of CLIP's last layers are left out, 0 (the default) to 11, as diffusers counts them; the webui's number
    is one more. Models whose text encoder does not give its layers out are changed so that it does, if that is
    possible.
    """

    max_tokens: int | None
    """How many tokens a T5 encoder reads (Stable Diffusion 3, Flux), 1 to 512. Default: what diffusers' pipeline of the
    model's family has.
    """

    safety: str | None
    """Whether the model's safety checker looks at the pictures, by one of the names of diffusion_safety_name(). Default,
    also with NULL and 0: "off".

    "flag" says what it found in diffusion_result_flagged() and leaves the pictures as they are; "blur" also blurs
    what is flagged. Off by default, unlike in diffusers, because a picture that was blackened unasked cannot be told
    from a failure, and the checker costs another graph's time and memory; a host that shows pictures to people it
    does not know should turn it on. diffusion_pipeline_generate() fails with UNSUPPORTED where the folder has no
    safety_checker.
    """

    steps: int | None
    """Denoising steps, 1 to 1000. Default: the model's, diffusion_pipeline_default_steps()."""

    guidance: float | None
    """Classifier-free guidance scale, -1000 to 1000. Default: the model's, diffusion_pipeline_default_guidance().

    Higher follows the prompt more closely; at 1 or below guidance is off and a step costs half. NaN is refused.
    Models with distilled guidance (Flux dev, latent consistency) are told the number and have no second evaluation.
    """

    image_guidance: float | None
    """How strongly an edit keeps to its picture (InstructPix2Pix), 0 to 1000, useful from 1. Default: 1.5, as in
    diffusers.
    """

    true_guidance: float | None
    """Classifier-free guidance of a model that has a distilled one of its own (Flux), 0 to 1000: above 1 the negative
    prompt is used and each step costs double. Default: off.
    """

    noise_level: int | None
    """How much noise the small picture gets before it is enlarged (x4 upscaler), 0 to 350. Default: 20."""

    scheduler: str | None
    """The scheduler, by one of the names of diffusion_scheduler_name() or by its class name in diffusers. Default, also
    with NULL and 0: the one in the model's scheduler_config.json.
    """

    sigmas: str | None
    """The sigma schedule, by one of the names of diffusion_sigma_schedule_name(). Default, also with NULL and 0: the
    model's. Schedulers that have no sigmas refuse all but "default", in diffusion_pipeline_generate().
    """

    custom_sigmas: Sequence[float] | None
    """The noise levels one by one, `count` of them, descending, copied; as diffusers' set_timesteps(sigmas=...). The
    steps are then as many as the list says; other steps in the request are refused, and so is another sigma schedule.
    Default, also with NULL and 0: none.

    For "euler" levels above 0, and one more where the last step ends, which may be 0; for "flow_euler" and "flow_lcm"
    levels above 0 up to 1, one a step. Other schedulers refuse it in diffusion_pipeline_generate(). It takes the
    place of a list of timesteps.
    """

    custom_timesteps: Sequence[float] | None
    """The timesteps one by one, `count` of them, descending, copied; as diffusers' set_timesteps(timesteps=...). The
    steps are then as many as the list says; other steps in the request are refused. Default, also with NULL and 0:
    none.

    From 0 to below the trained number, whole but for "euler", "heun", "flow_euler" and "flow_lcm". Schedulers that
    cannot be given a list refuse it in diffusion_pipeline_generate(). It takes the place of a list of sigmas.
    """

    eta: float | None
    """The share of fresh noise in a step, 0 to 1. NaN is refused. Only the schedulers "ddim" (0, the default, is
    deterministic; 1 is as noisy as DDPM) and "tcd" (its gamma; its makers recommend 0.3) read it.
    """

    denoising_end: float | None
    """Leaves the last part of the denoising to another model: this one stops where `part`, 0 to 1, of the timesteps is
    done, and its pictures still have noise. Default: it goes to the end.

    The other model goes on with diffusion_request_set_init_result() and the same number in
    diffusion_request_set_denoising_start(), as Stable Diffusion XL's refiner does.
    """

    denoising_start: float | None
    """Where another model stopped, 0 to 1; this one goes on from there, without adding noise. Default: at the beginning.
    It must be less than the denoising end.
    """

    seamless: str | None
    """Along which sides the pictures tile, by one of the names of diffusion_seamless_name(). Default, also with NULL and
    0: "off". "x" continues the right side on the left one.

    The first generation that asks for a way opens the denoiser and the decoder once more, with convolutions that wrap
    around, and keeps them. diffusion_pipeline_generate() fails with UNSUPPORTED for denoisers without such
    convolutions (Stable Diffusion 3, Flux).
    """

    seed: int | None
    """Seed of the noise. Default: a random one for every generation, which diffusion_result_seed() reports.

    Any value for "torch-cuda"; "torch-cpu" reads only the low 32 bits, as torch does; "numpy" takes 0 to 2^32 - 1,
    which diffusion_pipeline_generate() checks.
    """

    rng: str | None
    """Whose random generator to repeat, by one of the names of diffusion_rng_name(). Default: "torch-cpu"."""

    seed_mode: str | None
    """How several pictures are seeded, by one of the names of diffusion_seed_mode_name(). Default, also with NULL and 0:
    "one-generator", which draws for all pictures in turn, as diffusers' num_images_per_prompt does.

    With "one-per-picture" picture i has a generator of its own with seed + i, as in AUTOMATIC1111's webui, so that
    each can be drawn again alone.
    """

    variation: tuple[int, float] | None
    """A little of another seed's noise, for pictures that resemble the first seed's: `strength` goes from 0, the first
    seed's picture, to 1, the other's. NaN is refused. Default: none.
    """

    original_size: tuple[int, int] | None
    """How large the training picture is said to have been, in pixels, each 0 to 8192. Default: as large as the picture
    that is drawn. Only Stable Diffusion XL reads this and the functions below (Podell et al. 2023, section 2.2).
    """

    crop: tuple[int, int] | None
    """From where the training picture is said to have been cropped, in pixels, each 0 to 8192. Default: 0, 0, which
    draws what is in the picture's middle.
    """

    target_size: tuple[int, int] | None
    """How large the picture is said to become, in pixels, each 0 to 8192. Default: as large as it is drawn."""

    negative_original_size: tuple[int, int] | None
    """The original size for the negative prompt. Default: as for the prompt."""

    negative_crop: tuple[int, int] | None
    """The crop for the negative prompt. Default: 0, 0."""

    negative_target_size: tuple[int, int] | None
    """The target size for the negative prompt. Default: as for the prompt."""

    aesthetic_score: float | None
    """How beautiful the picture is said to be, 0 to 10, for refiners of Stable Diffusion XL. Default: 6."""

    negative_aesthetic_score: float | None
    """The same for the negative prompt, 0 to 10. Default: 2.5."""

    width: int | None
    """Width in pixels, 1 to 8192. Default: that of the picture to start from, if there is one (four times it for an
    upscaler), else the model's, diffusion_pipeline_default_width().

    It must be a multiple of the model's diffusion_pipeline_size_multiple(), which diffusion_pipeline_generate()
    checks.
    """

    height: int | None
    """Height in pixels, 1 to 8192. Default and multiples as for the width."""

    count: int | None
    """How many pictures, 1 to 64. Default: 1. diffusion_request_set_seed_mode() says how they are seeded."""

    format: PixelFormat | str | None
    """The pixel format of the pictures, a diffusion_pixel_format. Default: DIFFUSION_PIXEL_FORMAT_RGB8."""

    init_image: ImageLike | None
    """The picture to start from, in any size and format, made by diffusion_image_open() or diffusion_image_create() or
    another generation's. Default, also with NULL: none; the generation starts from noise.

    The request keeps what it needs: the image may be destroyed at once. The picture is resized to the request's width
    and height as diffusers does it; where the request sets none, the picture's own are taken, in multiples of
    diffusion_pipeline_size_multiple().
    """

    init_latents: EmbeddingLike | None
    """Latents to start from, in place of a picture: `[pictures, channels, height, width]`, as many pictures as the
    request's count, as diffusion_pipeline_encode_image(), diffusion_result_latents() or diffusion_embedding_create()
    gave them. Default, also with NULL: none.

    The request keeps what it needs: the embedding may be destroyed at once. They are taken for a finished picture's,
    and noised as far as diffusion_request_set_strength() says; with diffusion_request_set_denoising_start() they are
    taken as they are, noisy to that point: 0 begins with them as the first noise, in the scheduler's scale.
    """

    mask_image: ImageLike | None
    """Which part of the picture is drawn anew: white is, black stays; any size, resized to the picture's. Default, also
    with NULL: the picture's transparent parts, if it has any, else all of it.

    The request keeps what it needs: the image may be destroyed at once. An inpainting model sees what lies around the
    mask; any other model has it put back at every step.
    """

    strength: float | None
    """How much of the picture is redrawn: above 0, which keeps it, up to 1, which keeps nothing but what a mask
    protects. Default: what diffusers' pipeline of the model's family has, 0.3 to 1. NaN is refused.
    """

    mask_blur: float | None
    """How softly the mask's edge runs out: the standard deviation of a Gaussian blur in pixels, 0 (the default) to 256.
    """

    mask_padding: int | None
    """Draws only the masked part, at the full size, with `pixels` around it, 0 to 1024, and pastes it back into the
    picture. Default: the whole picture is drawn.
    """

    paste_back: bool | None
    """Whether what the mask protects is put back into the result pixel by pixel: 1 or 0, the default. Without it those
    parts went through the autoencoder and changed a little, as in diffusers.
    """

    init_result: Result | None
    """Another generation's latents to start from, in place of a picture: both models must have the same kind of latents,
    as Stable Diffusion XL and its refiner have. Default, also with NULL: none.

    The request shares them with the result, which may be destroyed at once. With
    diffusion_request_set_denoising_start() this model goes on where the other stopped; without it noise is added as
    for a picture.
    """

    tiling: str | None
    """Whether the autoencoder encodes and decodes in overlapping tiles, by one of the names of diffusion_tiling_name().
    Default, also with NULL and 0: "auto", which is: in the memory mode "low", pictures with a side beyond what the
    autoencoder was trained on. "on" tiles in every memory mode what is larger than a tile (the training pictures'
    side, at most 768 pixels); "off" never tiles.

    The memory of a tiled picture is that of one tile and the picture itself. Each tile is normalised by itself, so
    colours differ a little from those of a whole picture. diffusion_pipeline_generate() fails with INVALID_ARGUMENT
    for "on" beside a seamless picture, which is decoded whole.
    """


class Options(TypedDict, total=False):
    """How to open a model: of Pipeline."""

    ort_library: str | os.PathLike[str] | None
    """ONNX Runtime's library, or a folder that holds it; UTF-8, at most 65536 bytes.

    Default, also with NULL and 0: the environment variable ORT_DYLIB_PATH, then beside this library, then the
    system's. Only the first successful open of a process loads it; later ones use what is loaded.
    """

    provider: str | None
    """The execution provider for every graph, by one of the names of diffusion_provider_name(). Default: "auto", the
    first that is seen to work: each that ONNX Runtime has and that is faster than the CPU draws a small graph by
    itself, once a process. What it became and why is in diffusion_pipeline_info_json().

    A provider that ONNX Runtime does not offer here fails in diffusion_pipeline_open().
    """

    graph_providers: Mapping[str, str | None]
    """The execution provider for one graph, in place of the one for all: `role` is as "text_encoder", "unet" or
    "vae_decoder", `provider` one of the names of diffusion_provider_name(). A later call for the same role replaces
    the earlier one.
    """

    precision: str | None
    """What the providers compute in where they have a choice, by one of the names of diffusion_precision_name().

    Default: "default", the types that the graphs themselves have, nothing below. "bfloat16" and "float16" trade
    digits for speed inside those providers that can (OpenVINO, TensorRT; float16 also Core ML, QNN, MIGraphX); graphs
    that are placed on others keep their types, and if no graph's provider can, diffusion_pipeline_open() fails.
    """

    fallback: str | None
    """What happens when a part of a graph cannot run on its provider and would run on the CPU instead, by one of the
    names of diffusion_fallback_name(). Default: "warn", a warning in the log; with "refuse" diffusion_pipeline_open()
    fails with PROVIDER_UNAVAILABLE and names the operators. Arithmetic on shapes, which belongs on the CPU, never
    counts.
    """

    provider_options: Mapping[str, str | None]
    """An option of a provider: `key` is KEY for every provider that has it or PROVIDER.KEY for one, as "memory_limit",
    "cuda.cuda_graph", "openvino.cache_dir"; README lists them. PROVIDER.raw.NAME is passed on to ONNX Runtime as
    NAME, unchecked. The value is a text, at most 65536 bytes; flags are "1" and "0", sizes may end in K, M or G.

    Errors: INVALID_ARGUMENT for an unknown key, listing those there are, and for a value that the key does not take.
    An option that no graph's provider has makes diffusion_pipeline_open() fail.
    """

    device_id: int | None
    """Which device of the provider, counted from 0, at most 255. Default: 0. The CPU does not look at it."""

    threads: int | None
    """Threads for one operator on the CPU, at most 1024. Default: 0, one for each physical core that this process may
    use.
    """

    memory: str | None
    """What to trade memory for, by one of the names of diffusion_memory_mode_name(). Default: "speed".

    "speed" keeps every graph open and runs guidance as one batched call. "balanced" closes the text encoder after use
    and gives memory for activations back after every run. "low" has one graph open at a time, makes one denoiser call
    for each guidance branch and each picture, and decodes large pictures in overlapping tiles. The last two want a
    cache folder: without one, opening a graph again takes as long as the first time.
    """

    job_queue: int | None
    """How many jobs of the pipeline may wait behind the one that runs, 0 to 1024. Default: 16. diffusion_job_start()
    refuses the next one with BUSY; with 0 there is one job at a time.
    """

    preparation: bool | None
    """Whether graphs may be changed so that they run faster and compute the same: 1 (the default) or 0. With 0 the
    model's files are opened as they are, and nothing is cached.
    """

    cache_dir: str | os.PathLike[str] | None
    """Where prepared graphs are kept: a folder, UTF-8, at most 65536 bytes, which is made if it is not there. NULL and
    0, the default: nowhere.

    A model that was opened once with a cache opens in a fraction of the time afterwards, and its weights are mapped
    from the cache's files: they need no memory of their own, and pipelines and processes share them. The cache takes
    about as much room as the models do; see diffusion_pipeline_options_set_cache_limit(). Several processes may use
    it at once; it may be deleted whenever no pipeline is open. It is not to be shared by users who do not trust each
    other. Graphs on other providers than the CPU are not kept.
    """

    embeddings: Sequence[tuple[str | os.PathLike[str], str] | str | os.PathLike[str]]
    """Adds a word that prompts may use (textual inversion), from a safetensors file of at most 64 MiB: one tensor of
    [width] or [vectors, width], "emb_params" or named by its token, or "clip_l" and "clip_g" for families with two
    CLIPs.

    `token` is how prompts write the word, up to 256 bytes; empty (length 0): the tensor's name, or for those three
    the file's without its extension. Each call adds one; files are read by diffusion_pipeline_open(), which fails
    with INVALID_ARGUMENT for one that is no embedding, that was learned for another family, or whose token is taken.
    """

    condition_graphs: Sequence[str | os.PathLike[str]]
    """Adds a ControlNet or a T2I-Adapter that lies elsewhere than in the model's folder: an ONNX file, or a folder with
    one and perhaps its config.json; UTF-8, at most 65536 bytes. Each call adds one; their roles' numbers go on where
    the folder's own end, so that the first ControlNet of a folder without any is "controlnet".

    diffusion_pipeline_open() fails with IO or BAD_MODEL for one that cannot be read or is neither.
    """

    use_user_cache: bool
    """Keeps prepared graphs where this system keeps a user's caches, in a folder "libdiffusion"; see
    diffusion_pipeline_options_set_cache_dir(). Where that cannot be, nothing is kept, and a note of the pipeline says
    so.
    """

    cache_limit: int | None
    """The most bytes that the cache keeps, from 1; what was not used for longest goes first. Default: 32 GiB."""
