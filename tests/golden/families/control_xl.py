"""A ControlNet of Stable Diffusion XL: sizes and the pooled text go into it as they go into the U-Net.

models/xl-control/ has only the two graphs that tiny-xl lacks; a case's `base` is the folder that it is laid over.
"""

import json
import shutil

import family_xl_networks as networks
from diffusers import StableDiffusionXLControlNetImg2ImgPipeline, StableDiffusionXLControlNetPipeline
from families.control import controlnet
from families.sdxl import common
from family_conditions import export_controlnet, export_unet
from family_tools import MODELS, fresh, given, picture, scheduler_for, tokenizer

NAME = "xl-control"
DEFAULTS = {"folder": NAME, "base": "tiny-xl", "guidance": 5.0, "steps": 6, "width": 64, "height": 64}
FIRST = {"role": "controlnet", "picture": "house.png"}
VISIBLE = {"control": ["plain", "one", "scale_0.4"], "sizes": ["one", "crop"]}


def parts():
    tokens, tokens_2 = tokenizer(), tokenizer(pad_token="!")
    base = networks.unet(211)
    return {"unet": base, "vae": networks.vae(force_upcast=True), "text_encoder": networks.text_encoder(len(tokens)),
            "text_encoder_2": networks.text_encoder_2(len(tokens)), "tokenizer": tokens, "tokenizer_2": tokens_2,
            "controlnet": controlnet(3604, base)}


def make_models(out):
    made, folder = parts(), fresh(out / NAME)
    export_unet(made["unet"], folder / "unet" / "model.onnx")
    shutil.copy(out / "tiny-xl" / "unet" / "config.json", folder / "unet" / "config.json")
    export_controlnet(made["controlnet"], folder / "controlnet", True, made["unet"].config.cross_attention_dim)


def cases():
    yield "plain", {}
    yield "one", {"conditions": [FIRST]}
    yield "scale_0.4", {"conditions": [{**FIRST, "scale": 0.4}], "scheduler": "dpmpp_2m"}
    yield "window", {"conditions": [{**FIRST, "start": 0.2, "end": 0.6}], "scheduler": "ddim"}
    yield "guess", {"conditions": [FIRST], "guess_mode": True, "guidance": 3.0}
    yield "crop", {"conditions": [FIRST], "crop": [24, 40]}
    yield "without_guidance", {"conditions": [FIRST], "guidance": 1.0}
    yield "wide_count_2", {"conditions": [{**FIRST, "picture": "house_odd.png"}], "width": 96, "count": 2,
                           "negative": "ugly", "scheduler": "euler_ancestral"}
    yield "img2img", {"conditions": [FIRST], "init": "house.png", "strength": 0.6}


LOADED = {}


def draw(case, swap):
    if not LOADED:
        LOADED.update(parts())
    config = json.loads((MODELS / case["base"] / "scheduler" / "scheduler_config.json").read_text())
    conditions = case["conditions"] or [{**FIRST, "scale": 0.0}]
    [condition] = conditions
    kind = StableDiffusionXLControlNetPipeline if case["init"] is None else StableDiffusionXLControlNetImg2ImgPipeline
    pipe = kind(**LOADED, scheduler=scheduler_for(case, config), force_zeros_for_empty_prompt=True,
                add_watermarker=False)
    pipe.set_progress_bar_config(disable=True)
    looked_at = picture(condition["picture"]).convert("RGB")
    more = {"image": looked_at}
    if case["init"] is not None:
        more = {"image": picture(case["init"]).convert("RGB"), "control_image": looked_at, "strength": case["strength"]}
    swap(pipe)
    return pipe(**common(case), **more, controlnet_conditioning_scale=float(condition.get("scale", 1.0)),
                control_guidance_start=condition.get("start", 0.0), control_guidance_end=condition.get("end", 1.0),
                guess_mode=bool(case["guess_mode"]), **given(case, width="width", height="height")).images
