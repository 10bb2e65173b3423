"""Flux: CLIP's pooled vector and a T5, a transformer over packed latents, guidance as an input or none.

  tiny-flux-dev      guidance input, dynamic shift; tokenizer_2 has spiece.model and tokenizer.json
  tiny-flux-schnell  no guidance input, shift 1; tokenizer_2 has spiece.model alone
"""

import json

import family_flow_networks as networks
import family_t5
import family_xl_networks
from diffusers import FlowMatchEulerDiscreteScheduler, FluxImg2ImgPipeline, FluxInpaintPipeline, FluxPipeline
from family_export import export
from family_sd import mask_picture
from family_tools import MODELS, WORK, generator, given, picture, scheduler_for, tokenizer
from transformers import CLIPTextModel

DEFAULTS = {"folder": "tiny-flux-dev", "guidance": 3.5, "steps": 6, "width": 64, "height": 64,
            "max_sequence_length": 77}
SCHNELL = {"folder": "tiny-flux-schnell", "guidance": 0.0, "steps": 4}
# The published files, to the letter.
SCHEDULER = {
    "_class_name": "FlowMatchEulerDiscreteScheduler",
    "_diffusers_version": "0.30.0.dev0",
    "base_image_seq_len": 256,
    "base_shift": 0.5,
    "max_image_seq_len": 4096,
    "max_shift": 1.15,
    "num_train_timesteps": 1000,
    "shift": 3.0,
    "use_dynamic_shifting": True,
}
SCHEDULERS = {
    "tiny-flux-dev": SCHEDULER,
    "tiny-flux-schnell": {**SCHEDULER, "shift": 1.0, "use_dynamic_shifting": False},
}
FLOW = {"config_changes": {"use_flow_sigmas": True, "prediction_type": "flow_prediction"}}
OTHER = "a cat and a dog sitting on the yellow chair"
UGLY = "blurry, low quality, ugly"
LONG = f"a photo of a red house, oil on canvas, best quality, masterpiece, {OTHER} in the rain at night, " * 3 + UGLY
VISIBLE = {
    "prompt": ["base", "prompt_other", "prompt_empty"],
    "prompt 2": ["base", "prompt_2"],
    "true guidance": ["base", "true_cfg", "true_cfg_other"],
    "seed": ["base", "seed_42"],
    "guidance": ["base", "guidance_0", "guidance_9"],
    "steps": ["base", "steps_1"],
    "scheduler": ["base", "beta", "max_shift_60"],
    "strength": ["img2img_0.3", "img2img_0.6", "img2img_0.9"],
    "inpaint": ["inpaint_0.5", "inpaint_1.0"],
    "schnell": ["schnell", "schnell_prompt_other", "schnell_seed_42", "schnell_1"],
}


def make_models(out):
    tokens, tokens_2 = tokenizer(), family_t5.tokenizer(512)
    size = len(tokens)
    shared = {
        "vae": family_xl_networks.vae(355, latent_channels=16, scaling_factor=0.5, shift_factor=0.1159,
                                      use_quant_conv=False, use_post_quant_conv=False),
        "text_encoder": family_xl_networks.clip(CLIPTextModel, 118, size, networks.CLIP_1, size - 1, "quick_gelu"),
        "tokenizer": tokens,
        "text_encoder_2": family_t5.encoder(119, len(tokens_2), networks.FLUX_T5), "tokenizer_2": tokens_2,
    }
    for name, scheduler in SCHEDULERS.items():
        pipeline = FluxPipeline(
            transformer=networks.flux(guidance=name == "tiny-flux-dev"),
            scheduler=FlowMatchEulerDiscreteScheduler.from_config(scheduler), **shared)
        export(pipeline, name, out, scheduler)
        family_t5.write_compact(out / name / "tokenizer_2")
    for file in (out / "tiny-flux-schnell" / "tokenizer_2").iterdir():
        if file.name != "spiece.model":
            file.unlink()


def text_cases():
    yield "base", {}
    yield "scheduler_dpmpp_2m", {"scheduler": "dpmpp_2m", **FLOW}
    yield "scheduler_unipc", {"scheduler": "unipc", **FLOW}
    for sigmas in ("karras", "exponential", "beta"):
        yield sigmas, {"sigmas": sigmas}
    yield "shift_3", {"config_changes": {"use_dynamic_shifting": False}}
    yield "max_shift_60", {"config_changes": {"max_shift": 60.0}}  # far up, for so few tokens
    yield "shift_linear", {"config_changes": {"time_shift_type": "linear"}}
    yield "shift_terminal", {"config_changes": {"shift_terminal": 0.1}}
    yield "prompt_other", {"prompt": OTHER}
    yield "prompt_empty", {"prompt": ""}
    yield "prompt_long_77", {"prompt": LONG}
    yield "prompt_long_256", {"prompt": LONG, "max_sequence_length": 256}
    yield "prompt_unicode", {"prompt": "Caf\u00e9 \uff46\uff55\uff4c\uff4c \u732b  \ufb01ne \U0001f600 it's 25%"}
    yield "max_sequence_default", {"max_sequence_length": None}
    yield "prompt_2", {"prompt_2": OTHER}
    yield "negative_ignored", {"negative": UGLY}  # true_cfg is 1
    yield "true_cfg", {"true_cfg": 4.0, "negative": UGLY}
    yield "true_cfg_other", {"true_cfg": 4.0, "negative": "a green hill at sunset", "negative_2": OTHER}
    yield "true_cfg_empty", {"true_cfg": 2.0, "negative": ""}
    yield "true_cfg_without_negative", {"true_cfg": 4.0}  # nothing to guide away from: as 1
    yield "true_cfg_count_3", {"true_cfg": 3.0, "negative": UGLY, "count": 3, "steps": 3}
    yield "guidance_0", {"guidance": 0.0}
    yield "guidance_1", {"guidance": 1.0}
    yield "guidance_9", {"guidance": 9.0}
    yield "seed_42", {"seed": 42}
    yield "steps_1", {"steps": 1}
    yield "steps_12", {"steps": 12}
    yield "count_3", {"count": 3, "steps": 4}
    yield "wide", {"width": 96}
    yield "tall", {"width": 48, "height": 80}
    yield "large", {"width": 112, "height": 96, "steps": 4}
    yield "schnell", {**SCHNELL}
    yield "schnell_1", {**SCHNELL, "steps": 1}
    yield "schnell_2_karras", {**SCHNELL, "steps": 2, "sigmas": "karras"}
    yield "schnell_prompt_other", {**SCHNELL, "prompt": OTHER}
    yield "schnell_prompt_long_256", {**SCHNELL, "prompt": LONG, "max_sequence_length": 256}
    yield "schnell_prompt_unicode", {
        **SCHNELL, "prompt": "Caf\u00e9 \uff46\uff55\uff4c\uff4c \u732b  \ufb01ne \U0001f600 it's 25%"}
    yield "schnell_guidance_ignored", {**SCHNELL, "guidance": 5.0}
    yield "schnell_seed_42", {**SCHNELL, "seed": 42}
    yield "schnell_count_3", {**SCHNELL, "count": 3}
    yield "schnell_wide", {**SCHNELL, "width": 96}
    yield "schnell_true_cfg", {**SCHNELL, "true_cfg": 3.0, "negative": UGLY}


def picture_cases():
    house = {"init": "house.png"}
    for strength in (0.3, 0.6, 0.9):
        yield f"img2img_{strength}", {**house, "strength": strength, "steps": 10}
    yield "img2img_strength_default", {**house, "steps": 10}
    yield "img2img_1.0", {**house, "strength": 1.0}
    yield "img2img_shift_3", {**house, "strength": 0.6, "config_changes": {"use_dynamic_shifting": False}}
    yield "img2img_true_cfg", {**house, "strength": 0.6, "true_cfg": 3.0, "negative": UGLY}
    yield "img2img_count_3", {**house, "strength": 0.6, "count": 3}
    yield "img2img_wide", {"init": "house_wide.png", "strength": 0.6, "width": 96}
    yield "img2img_schnell", {**SCHNELL, **house, "strength": 0.5}

    hole = {**house, "mask": "mask.png"}
    for strength in (0.5, 0.8, 1.0):
        yield f"inpaint_{strength}", {**hole, "strength": strength}
    yield "inpaint_strength_default", {**hole}
    yield "inpaint_soft_mask", {**hole, "strength": 0.8, "mask": "mask_soft.png"}
    yield "inpaint_true_cfg", {**hole, "strength": 0.8, "true_cfg": 3.0, "negative": UGLY}
    yield "inpaint_count_3", {**hole, "strength": 0.8, "count": 3}
    yield "inpaint_wide", {"init": "house_wide.png", "mask": "mask_wide.png", "width": 96, "strength": 0.8}
    yield "inpaint_padding_8", {**hole, "mask": "mask_small.png", "strength": 0.8, "mask_padding": 8}
    yield "inpaint_schnell", {**SCHNELL, **hole, "strength": 0.75}


def cases():
    yield from text_cases()
    yield from picture_cases()


LOADED = {}


def pipeline(kind, case):
    folder = case["folder"]
    if folder not in LOADED:
        LOADED[folder] = FluxPipeline.from_pretrained(WORK / folder).components
    config = json.loads((MODELS / folder / "scheduler" / "scheduler_config.json").read_text())
    parts = {**LOADED[folder], "scheduler": scheduler_for(case, config)}
    pipe = kind(**parts)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def draw(case, swap):
    more = given(
        case, prompt_2="prompt_2", negative="negative_prompt", negative_2="negative_prompt_2",
        true_cfg="true_cfg_scale", guidance="guidance_scale", width="width", height="height",
        max_sequence_length="max_sequence_length", strength="strength", mask_padding="padding_mask_crop")
    if case["init"] is None:
        kind = FluxPipeline
    elif case["mask"] is None:
        kind, more["image"] = FluxImg2ImgPipeline, picture(case["init"])
    else:
        kind, more["image"] = FluxInpaintPipeline, picture(case["init"])
        more["mask_image"] = mask_picture(case)
    pipe = pipeline(kind, case)
    swap(pipe)
    return pipe(prompt=case["prompt"], num_inference_steps=case["steps"], num_images_per_prompt=case["count"],
                generator=generator(case), **more).images
