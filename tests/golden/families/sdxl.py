"""SDXL: base, refiner and the nine-channel inpainting U-Net, each drawn by diffusers' own SDXL pipelines.

  tiny-xl            two text encoders with hidden states, three layers each; tokenizer_2 pads with "!"
  tiny-xl-refiner    the second encoder alone, aesthetic scores in time_ids, context 24 wide instead of 40
  tiny-xl-inpaint    nine input channels
"""

import json

import family_xl_networks as networks
from diffusers import (
    EulerDiscreteScheduler,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLInpaintPipeline,
    StableDiffusionXLPipeline,
)
from family_export import export
from family_sd import init_picture, mask_picture
from family_tools import MODELS, WORK, DEFAULTS as FIELDS, generator, given, picture, scheduler_for, tokenizer

DEFAULTS = {"folder": "tiny-xl", "guidance": 5.0, "steps": 6}
SCHEDULERS = ("euler", "dpmpp_2m", "ddim", "euler_ancestral", "unipc", "heun")
REFINER = {"folder": "tiny-xl-refiner"}
VISIBLE = {
    "prompt": ["base", "prompt_other", "prompt_empty"],
    "prompt 2": ["base", "prompt_2", "prompt_2_swapped"],
    "negative": ["base", "negative_empty", "negative_given"],
    "seed": ["base", "seed_42"],
    "guidance": ["base", "guidance_1", "guidance_2"],
    "steps": ["base", "steps_12"],
    "scheduler": ["base", "scheduler_euler_ancestral", "scheduler_dpmpp_2m_karras"],
    "clip skip": ["base", "clip_skip_1"],
    "sizes": ["base", "original_size", "crop", "target_size"],
    "strength": ["img2img_0.3", "img2img_0.6", "img2img_0.9"],
    "refiner": ["refiner_img2img", "refiner_prompt_other", "refiner_score", "refiner_negative"],
    "hand-over": ["handover_base_early", "handover_refiner_early", "refiner_img2img"],
    "inpaint": ["inpaint_0.6", "inpaint_1.0"],
    "inpaint model": ["inpaint_model", "inpaint_model_prompt_other", "inpaint_model_seed_42"],
}
OTHER = "a cat and a dog sitting on the yellow chair"
UGLY = "blurry, low quality, ugly"
LONG = "a photo of a red house, oil on canvas, best quality, masterpiece, " * 6 + "a yellow cat"


def make_models(out):
    tokens, tokens_2 = tokenizer(), tokenizer(pad_token="!")
    size = len(tokens)
    shared = {
        "vae": networks.vae(force_upcast=True), "text_encoder_2": networks.text_encoder_2(size),
        "tokenizer_2": tokens_2, "scheduler": EulerDiscreteScheduler.from_config(networks.SCHEDULER),
        "add_watermarker": False,
    }
    both = {"text_encoder": networks.text_encoder(size), "tokenizer": tokens}
    base = StableDiffusionXLPipeline(unet=networks.unet(211), **both, **shared)
    export(base, "tiny-xl", out, networks.SCHEDULER)
    inpaint = StableDiffusionXLInpaintPipeline(unet=networks.unet(212, in_channels=9), **both, **shared)
    export(inpaint, "tiny-xl-inpaint", out, networks.SCHEDULER)
    refiner = StableDiffusionXLImg2ImgPipeline(
        unet=networks.unet(213, context=networks.WIDTH_2, numbers=5), text_encoder=None, tokenizer=None,
        requires_aesthetics_score=True, force_zeros_for_empty_prompt=False, **shared)
    export(refiner, "tiny-xl-refiner", out, networks.SCHEDULER)


def text_cases():
    yield "base", {}
    for name in SCHEDULERS:
        yield f"scheduler_{name}", {"scheduler": name}
    yield "scheduler_dpmpp_2m_karras", {"scheduler": "dpmpp_2m", "sigmas": "karras"}
    yield "prompt_other", {"prompt": OTHER}
    yield "prompt_empty", {"prompt": ""}
    yield "prompt_too_long", {"prompt": LONG}
    yield "prompt_2", {"prompt_2": OTHER}
    yield "prompt_2_swapped", {"prompt": OTHER, "prompt_2": "a red house in the snow at night"}
    yield "prompt_2_empty", {"prompt_2": ""}  # falls back on prompt: diffusers writes `prompt_2 or prompt`
    yield "negative_empty", {"negative": ""}  # encoded, where null is zeros (force_zeros_for_empty_prompt)
    yield "negative_given", {"negative": UGLY}
    yield "negative_2_too", {"negative": UGLY, "negative_2": "a green hill"}
    yield "negative_2_alone", {"negative_2": UGLY}  # zeros: only `negative` is looked at
    yield "negative_guidance_1", {"negative": UGLY, "guidance": 1.0}
    yield "guidance_1", {"guidance": 1.0}
    yield "guidance_0", {"guidance": 0.0}
    yield "guidance_2", {"guidance": 2.0}
    yield "seed_42", {"seed": 42}
    yield "steps_1", {"steps": 1}
    yield "steps_12", {"steps": 12}
    yield "count_3", {"count": 3, "steps": 4}
    yield "count_3_euler_ancestral", {"count": 3, "steps": 4, "scheduler": "euler_ancestral", "negative": UGLY}
    yield "wide", {"width": 96, "height": 64}
    yield "tall", {"width": 48, "height": 80, "scheduler": "dpmpp_2m"}
    yield "large", {"width": 112, "height": 96, "steps": 4, "scheduler": "ddim"}
    yield "clip_skip_1", {"clip_skip": 1}
    yield "clip_skip_1_negative", {"clip_skip": 1, "negative": UGLY}
    yield "rescale_0.5", {"guidance_rescale": 0.5}
    yield "rescale_0.5_ddim_count_2", {"guidance_rescale": 0.5, "scheduler": "ddim", "count": 2}
    yield "eta_ddim", {"scheduler": "ddim", "eta": 0.7}
    yield "original_size", {"original_size": [512, 384]}
    yield "crop", {"crop": [24, 40]}
    yield "target_size", {"target_size": [512, 1024]}
    yield "negative_sizes", {
        "negative_original_size": [512, 384], "negative_crop": [8, 16], "negative_target_size": [96, 128]}
    yield "negative_original_size_alone", {"negative_original_size": [512, 384]}  # ignored: it takes both
    yield "v_prediction", {"config_changes": {"prediction_type": "v_prediction"}, "scheduler": "ddim"}
    trailing = {"config_changes": {"timestep_spacing": "trailing"}}
    turbo = {**trailing, "scheduler": "euler_ancestral", "guidance": 0.0}
    for steps in (1, 2, 3, 4):
        yield f"turbo_{steps}", {**turbo, "steps": steps}
    yield "turbo_count_3", {**turbo, "steps": 2, "count": 3}
    yield "lightning_4", {**trailing, "scheduler": "euler", "guidance": 0.0, "steps": 4}
    yield "lcm_4", {"scheduler": "lcm", "guidance": 1.0, "steps": 4}
    yield "tcd_4", {"scheduler": "tcd", "guidance": 0.0, "steps": 4, "eta": 0.3}


def picture_cases():
    house = {"init": "house.png"}
    for strength in (0.3, 0.6, 0.9):
        yield f"img2img_{strength}", {**house, "strength": strength, "steps": 10}
    yield "img2img_strength_default", {**house, "steps": 10}
    yield "img2img_1.0", {**house, "strength": 1.0}
    yield "img2img_dpmpp_2m", {**house, "strength": 0.6, "scheduler": "dpmpp_2m", "negative": UGLY}
    yield "img2img_ddim_count_3", {**house, "strength": 0.6, "scheduler": "ddim", "count": 3}
    yield "img2img_euler_ancestral", {**house, "strength": 0.6, "scheduler": "euler_ancestral"}
    yield "img2img_wide", {"init": "house_wide.png", "strength": 0.6}
    yield "img2img_tall_guidance_1", {"init": "house_tall.png", "strength": 0.6, "guidance": 1.0}
    yield "img2img_turbo", {
        **house, "strength": 0.5, "steps": 2, "guidance": 0.0, "scheduler": "euler_ancestral",
        "config_changes": {"timestep_spacing": "trailing"}}

    hole = {**house, "mask": "mask.png"}
    yield "inpaint_0.6", {**hole, "strength": 0.6}
    yield "inpaint_1.0", {**hole, "strength": 1.0}
    yield "inpaint_strength_default", {**hole, "scheduler": "ddim"}
    yield "inpaint_dpmpp_2m", {**hole, "strength": 0.6, "scheduler": "dpmpp_2m"}
    yield "inpaint_count_3", {**hole, "strength": 0.6, "count": 3, "negative": UGLY}
    yield "inpaint_wide", {
        "init": "house_wide.png", "mask": "mask_wide.png", "width": 96, "height": 64, "strength": 0.8}
    yield "inpaint_padding_8", {**hole, "mask": "mask_small.png", "strength": 0.8, "mask_padding": 8}

    model = {**hole, "folder": "tiny-xl-inpaint", "strength": 0.99}
    yield "inpaint_model", {**model}
    yield "inpaint_model_1.0", {**model, "strength": 1.0}
    yield "inpaint_model_0.5", {**model, "strength": 0.5}
    yield "inpaint_model_ddim", {**model, "scheduler": "ddim"}
    yield "inpaint_model_dpmpp_2m", {**model, "scheduler": "dpmpp_2m", "negative": UGLY}
    yield "inpaint_model_prompt_other", {**model, "prompt": OTHER}
    yield "inpaint_model_seed_42", {**model, "seed": 42}
    yield "inpaint_model_count_3", {**model, "count": 3, "steps": 4}
    yield "inpaint_model_guidance_1", {**model, "guidance": 1.0}
    yield "inpaint_model_wide", {
        **model, "init": "house_wide.png", "mask": "mask_wide.png", "width": 96, "height": 64}


def refiner_cases():
    for name in ("euler", "dpmpp_2m", "ddim"):
        shared = {"scheduler": name, "steps": 10}
        yield f"handover_base_{name}", {**shared, "denoising_end": 0.7}
        yield f"handover_refiner_{name}", {
            **shared, **REFINER, "denoising_start": 0.7, "latents_from": f"handover_base_{name}"}
    early = {"steps": 6, "denoising_end": 0.3}
    yield "handover_base_early", {**early}
    yield "handover_refiner_early", {
        **REFINER, "steps": 6, "denoising_start": 0.3, "latents_from": "handover_base_early", "prompt": OTHER}
    wide = {"steps": 8, "count": 2, "width": 96, "height": 64, "negative": UGLY}
    yield "handover_base_wide_count_2", {**wide, "denoising_end": 0.7}
    yield "handover_refiner_wide_count_2", {
        **wide, **REFINER, "denoising_start": 0.7, "latents_from": "handover_base_wide_count_2"}
    usual = {**REFINER, "init": "house.png", "strength": 0.6}
    yield "refiner_img2img", {**usual}
    yield "refiner_strength_default", {**usual, "strength": None, "steps": 10}
    yield "refiner_prompt_other", {**usual, "prompt": OTHER}
    yield "refiner_negative_empty", {**usual, "negative": ""}  # the same as null here: nothing forces zeros
    yield "refiner_negative", {**usual, "negative": UGLY}
    yield "refiner_score", {**usual, "aesthetic_score": 1.0}
    yield "refiner_guidance_9", {**usual, "guidance": 9.0}
    yield "refiner_negative_score", {**usual, "negative_aesthetic_score": 5.6, "guidance": 9.0}
    yield "refiner_sizes", {**usual, "original_size": [512, 384], "crop": [24, 40]}
    yield "refiner_count_3_ddim", {**usual, "count": 3, "scheduler": "ddim"}
    yield "refiner_wide_guidance_1", {**usual, "init": "house_wide.png", "guidance": 1.0}
    yield "refiner_clip_skip_1", {**usual, "clip_skip": 1}
    yield "refiner_denoising_start", {**usual, "denoising_start": 0.5, "strength": None}


def cases():
    yield from text_cases()
    yield from picture_cases()
    yield from refiner_cases()


LOADED = {}
KINDS = {"tiny-xl": StableDiffusionXLPipeline, "tiny-xl-inpaint": StableDiffusionXLInpaintPipeline,
         "tiny-xl-refiner": StableDiffusionXLImg2ImgPipeline}


def pipeline(kind, case):
    """A pipeline of class `kind` over the folder's networks, set up by its model_index.json and scheduler file."""
    folder = case["folder"]
    if folder not in LOADED:
        LOADED[folder] = KINDS[folder].from_pretrained(WORK / folder, add_watermarker=False).components
    index = json.loads((MODELS / folder / "model_index.json").read_text())
    more = {"force_zeros_for_empty_prompt": index["force_zeros_for_empty_prompt"]}
    if kind is not StableDiffusionXLPipeline:
        more["requires_aesthetics_score"] = index.get("requires_aesthetics_score", False)
    config = json.loads((MODELS / folder / "scheduler" / "scheduler_config.json").read_text())
    parts = {**LOADED[folder], "scheduler": scheduler_for(case, config)}
    pipe = kind(**parts, add_watermarker=False, **more)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def common(case):
    sizes = ("original_size", "target_size", "negative_original_size", "negative_target_size")
    more = given(
        case, negative="negative_prompt", prompt_2="prompt_2", negative_2="negative_prompt_2",
        guidance="guidance_scale", eta="eta", guidance_rescale="guidance_rescale", clip_skip="clip_skip",
        denoising_start="denoising_start", denoising_end="denoising_end", crop="crops_coords_top_left",
        negative_crop="negative_crops_coords_top_left", aesthetic_score="aesthetic_score",
        negative_aesthetic_score="negative_aesthetic_score", **{s: s for s in sizes})
    more = {k: tuple(v) if isinstance(v, list) else v for k, v in more.items()}
    return {"prompt": case["prompt"], "num_inference_steps": case["steps"], "generator": generator(case),
            "num_images_per_prompt": case["count"], **more}


def handed_over(name):
    """The latents at the end of another case, always from the torch networks. [count, 4, height / 8, width / 8]"""
    case = {**FIELDS, **DEFAULTS, **dict(refiner_cases())[name]}
    pipe = pipeline(StableDiffusionXLPipeline, case)
    return pipe(**common(case), **given(case, width="width", height="height"), output_type="latent").images


def draw(case, swap):
    if case["latents_from"] is not None:
        pipe = pipeline(StableDiffusionXLImg2ImgPipeline, case)
        # One request of `count` latents: diffusers' pipeline takes them as that many prompts.
        latents = handed_over(case["latents_from"])
        more = {"image": latents, "num_images_per_prompt": 1, "prompt": [case["prompt"]] * case["count"]}
        if case["negative"] is not None:
            more["negative_prompt"] = [case["negative"]] * case["count"]
    elif case["init"] is None:
        pipe = pipeline(StableDiffusionXLPipeline, case)
        more = given(case, width="width", height="height")
    elif case["mask"] is None:
        pipe = pipeline(StableDiffusionXLImg2ImgPipeline, case)
        more = {"image": init_picture(pipe, case), **given(case, strength="strength")}
    else:
        pipe = pipeline(StableDiffusionXLInpaintPipeline, case)
        more = {"image": picture(case["init"]).convert("RGB"), "mask_image": mask_picture(case),
                **given(case, strength="strength", width="width", height="height", mask_padding="padding_mask_crop")}
    swap(pipe)
    return pipe(**{**common(case), **more}).images
