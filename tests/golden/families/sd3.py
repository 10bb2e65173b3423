"""Stable Diffusion 3: two CLIPs and a T5, a transformer over sixteen channels, flow matching with a shift.

  tiny-sd3    tokenizer_3 has spiece.model and tokenizer.json; "remove" in a case takes the T5 away: zeros instead
"""

import json

import family_flow_networks as networks
import family_t5
import family_xl_networks
from diffusers import (
    FlowMatchEulerDiscreteScheduler,
    StableDiffusion3Img2ImgPipeline,
    StableDiffusion3InpaintPipeline,
    StableDiffusion3Pipeline,
)
from family_export import export
from family_sd import mask_picture
from family_tools import MODELS, WORK, generator, given, picture, scheduler_for, tokenizer
from transformers import CLIPTextModelWithProjection

DEFAULTS = {"folder": "tiny-sd3", "guidance": 5.0, "steps": 6, "width": 64, "height": 64, "max_sequence_length": 77}
# SD3 medium's own file, to the letter.
SCHEDULER = {
    "_class_name": "FlowMatchEulerDiscreteScheduler",
    "_diffusers_version": "0.29.0.dev0",
    "num_train_timesteps": 1000,
    "shift": 3.0,
}
FLOW = {"config_changes": {"use_flow_sigmas": True, "flow_shift": 3.0, "prediction_type": "flow_prediction"}}
NO_T5 = {"remove": ["text_encoder_3", "tokenizer_3"]}
OTHER = "a cat and a dog sitting on the yellow chair"
UGLY = "blurry, low quality, ugly"
LONG = f"a photo of a red house, oil on canvas, best quality, masterpiece, {OTHER} in the rain at night, " * 3 + UGLY
VISIBLE = {
    "prompt": ["base", "prompt_other", "prompt_empty"],
    "prompt 2": ["base", "prompt_2"],
    "prompt 3": ["base", "prompt_3"],
    "long": ["prompt_long_77", "prompt_long_256"],
    "T5": ["base", "no_t5"],
    "negative": ["base", "negative_given"],
    "seed": ["base", "seed_42"],
    "guidance": ["base", "guidance_1", "guidance_2"],
    "steps": ["base", "steps_1"],
    "scheduler": ["base", "scheduler_dpmpp_2m", "karras"],
    "strength": ["img2img_0.3", "img2img_0.6", "img2img_0.9"],
    "inpaint": ["inpaint_0.5", "inpaint_1.0"],
}


def make_models(out):
    tokens, tokens_2 = tokenizer(), tokenizer(pad_token="!")
    tokens_3 = family_t5.tokenizer(512)
    size = len(tokens)
    clip = family_xl_networks.clip
    pipeline = StableDiffusion3Pipeline(
        transformer=networks.sd3(),
        scheduler=FlowMatchEulerDiscreteScheduler.from_config(SCHEDULER),
        vae=family_xl_networks.vae(344, latent_channels=16, scaling_factor=0.6, shift_factor=0.0609,
                                   use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=clip(CLIPTextModelWithProjection, 115, size, networks.CLIP_1, size - 1, "quick_gelu"),
        tokenizer=tokens,
        text_encoder_2=clip(CLIPTextModelWithProjection, 116, size, networks.CLIP_2, 0, "gelu"),
        tokenizer_2=tokens_2,
        text_encoder_3=family_t5.encoder(117, len(tokens_3), networks.T5), tokenizer_3=tokens_3,
    )
    export(pipeline, "tiny-sd3", out, SCHEDULER)
    family_t5.write_compact(out / "tiny-sd3" / "tokenizer_3")


def cases():
    yield "base", {}
    yield "scheduler_flow_heun", {"scheduler": "flow_heun"}
    yield "scheduler_dpmpp_2m", {"scheduler": "dpmpp_2m", **FLOW}
    yield "scheduler_unipc", {"scheduler": "unipc", **FLOW}
    yield "shift_1", {"config_changes": {"shift": 1.0}}
    yield "shift_6", {"config_changes": {"shift": 6.0}, "steps": 10}
    for sigmas in ("karras", "exponential", "beta"):
        yield sigmas, {"sigmas": sigmas}
    yield "shift_terminal", {"config_changes": {"shift_terminal": 0.1}}
    yield "prompt_other", {"prompt": OTHER}
    yield "prompt_empty", {"prompt": ""}
    yield "prompt_long_77", {"prompt": LONG}
    yield "prompt_long_256", {"prompt": LONG, "max_sequence_length": 256}
    yield "prompt_unicode", {"prompt": "Caf\u00e9 \uff46\uff55\uff4c\uff4c \u732b  \ufb01ne \U0001f600 it's 25%"}
    yield "max_sequence_default", {"max_sequence_length": None}
    yield "prompt_2", {"prompt_2": OTHER}
    yield "prompt_3", {"prompt_3": OTHER}
    yield "prompt_2_and_3", {"prompt_2": "a green hill at sunset", "prompt_3": OTHER}
    yield "negative_empty", {"negative": ""}  # the same as null
    yield "negative_given", {"negative": UGLY}
    yield "negative_2_and_3", {"negative": UGLY, "negative_2": "a green hill", "negative_3": "a boat at sea"}
    yield "guidance_1", {"guidance": 1.0}
    yield "guidance_0", {"guidance": 0.0}
    yield "guidance_2", {"guidance": 2.0}
    yield "seed_42", {"seed": 42}
    yield "steps_1", {"steps": 1}
    yield "steps_2_heun", {"steps": 2, "scheduler": "flow_heun"}
    yield "steps_12", {"steps": 12}
    yield "count_3", {"count": 3, "steps": 4}
    yield "count_3_heun_guidance_1", {"count": 3, "steps": 3, "scheduler": "flow_heun", "guidance": 1.0}
    yield "wide", {"width": 96}
    yield "tall", {"width": 48, "height": 80, "scheduler": "flow_heun", "steps": 4}
    yield "large", {"width": 112, "height": 96, "steps": 4}
    yield "clip_skip_1", {"clip_skip": 1}
    yield "clip_skip_1_negative", {"clip_skip": 1, "negative": UGLY}  # the negative prompt is not skipped: see README
    yield "no_t5", {**NO_T5}
    yield "no_t5_negative", {**NO_T5, "negative": UGLY, "max_sequence_length": 256}
    yield "no_t5_count_3", {**NO_T5, "count": 3, "steps": 3, "prompt_3": OTHER}

    house = {"init": "house.png"}
    for strength in (0.3, 0.6, 0.9):
        yield f"img2img_{strength}", {**house, "strength": strength, "steps": 10}
    yield "img2img_strength_default", {**house, "steps": 10}
    yield "img2img_1.0", {**house, "strength": 1.0}
    yield "img2img_heun", {**house, "strength": 0.6, "scheduler": "flow_heun"}
    yield "img2img_shift_1_negative", {**house, "strength": 0.6, "config_changes": {"shift": 1.0}, "negative": UGLY}
    yield "img2img_count_3", {**house, "strength": 0.6, "count": 3}
    yield "img2img_wide_guidance_1", {"init": "house_wide.png", "strength": 0.6, "width": 96, "guidance": 1.0}
    yield "img2img_no_t5", {**house, **NO_T5, "strength": 0.6}

    hole = {**house, "mask": "mask.png"}
    for strength in (0.5, 0.8, 1.0):
        yield f"inpaint_{strength}", {**hole, "strength": strength}
    yield "inpaint_strength_default", {**hole}
    yield "inpaint_heun", {**hole, "strength": 0.8, "scheduler": "flow_heun"}
    yield "inpaint_soft_mask", {**hole, "strength": 0.8, "mask": "mask_soft.png"}
    yield "inpaint_count_3", {**hole, "strength": 0.8, "count": 3, "negative": UGLY}
    yield "inpaint_wide", {"init": "house_wide.png", "mask": "mask_wide.png", "width": 96, "strength": 0.8}
    yield "inpaint_padding_8", {**hole, "mask": "mask_small.png", "strength": 0.8, "mask_padding": 8}


LOADED = {}


def pipeline(kind, case):
    folder = case["folder"]
    if folder not in LOADED:
        LOADED[folder] = StableDiffusion3Pipeline.from_pretrained(WORK / folder).components
    config = json.loads((MODELS / folder / "scheduler" / "scheduler_config.json").read_text())
    parts = {**LOADED[folder], "scheduler": scheduler_for(case, config)}
    pipe = kind(**{**parts, **dict.fromkeys(case["remove"] or ())})
    pipe.set_progress_bar_config(disable=True)
    return pipe


def draw(case, swap):
    more = given(
        case, prompt_2="prompt_2", prompt_3="prompt_3", negative="negative_prompt", negative_2="negative_prompt_2",
        negative_3="negative_prompt_3", guidance="guidance_scale", clip_skip="clip_skip", width="width",
        height="height", max_sequence_length="max_sequence_length", strength="strength",
        mask_padding="padding_mask_crop")
    if case["init"] is None:
        kind = StableDiffusion3Pipeline
    elif case["mask"] is None:
        kind, more["image"] = StableDiffusion3Img2ImgPipeline, picture(case["init"])
    else:
        kind, more["image"] = StableDiffusion3InpaintPipeline, picture(case["init"])
        more["mask_image"] = mask_picture(case)
    pipe = pipeline(kind, case)
    swap(pipe)
    return pipe(prompt=case["prompt"], num_inference_steps=case["steps"], num_images_per_prompt=case["count"],
                generator=generator(case), **more).images
