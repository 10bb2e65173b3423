"""Image variations: CLIP's embedding of a picture in the place of a prompt's, and no text encoder at all."""

import json
import shutil

import family_sd
from diffusers import StableDiffusionImageVariationPipeline, StableDiffusionPipeline
from family_conditions import export_image_encoder, image_encoder, keep
from family_networks import text_encoder, unet, vae
from family_tools import WORK, generator, given, picture, tokenizer, write_json
from tiny_networks import SCHEDULER
from transformers import CLIPImageProcessor, CLIPVisionModelWithProjection

NAME = "tiny-variation"
DEFAULTS = {"folder": NAME, "guidance": 7.5, "steps": 6, "prompt": "", "scheduler": "ddim",
            "conditions": [{"role": "image_prompt", "picture": "house.png"}]}
VISIBLE = {"picture": ["house", "other"], "guidance": ["house", "guidance_3"], "seed": ["house", "seed_42"]}


def make_models(out):
    tokens, eyes = tokenizer(), image_encoder(3404, 16)
    # optimum exports whole text-to-image pipelines only.
    family_sd.make_folder(out, NAME, "StableDiffusionImageVariationPipeline", SCHEDULER, tokenizer=tokens,
                          text_encoder=text_encoder(tokens, 3401), unet=unet(3402, gains={"cross": 8.0}),
                          vae=vae(3403, 0.18215))
    keep(NAME, image_encoder=eyes)
    folder = out / NAME
    export_image_encoder(eyes, folder)
    index = json.loads((folder / "model_index.json").read_text())
    for gone in ("text_encoder", "tokenizer"):
        shutil.rmtree(folder / gone)
        index.pop(gone)
    write_json(folder / "model_index.json", {**index, "image_encoder": ["transformers", "CLIPVisionModelWithProjection"],
                                             "feature_extractor": ["transformers", "CLIPImageProcessor"]})


def cases():
    yield "house", {}
    yield "other", {"conditions": [{"role": "image_prompt", "picture": "mask_soft.png"}]}
    yield "guidance_3", {"guidance": 3.0}
    yield "without_guidance", {"guidance": 1.0, "scheduler": "euler"}
    yield "pndm", {"scheduler": None}
    yield "seed_42", {"seed": 42}
    yield "wide_count_2", {"conditions": [{"role": "image_prompt", "picture": "house_tall.png"}], "width": 96,
                           "height": 64, "count": 2, "scheduler": "euler_ancestral"}


LOADED = {}


def draw(case, swap):
    if not LOADED:
        parts = StableDiffusionPipeline.from_pretrained(WORK / NAME, safety_checker=None, image_encoder=None).components
        LOADED.update(
            vae=parts["vae"], unet=parts["unet"],
            image_encoder=CLIPVisionModelWithProjection.from_pretrained(WORK / NAME / "image_encoder").eval(),
            feature_extractor=CLIPImageProcessor.from_pretrained(WORK / NAME / "feature_extractor"),
        )
    pipe = StableDiffusionImageVariationPipeline(**LOADED, scheduler=family_sd.scheduler(case), safety_checker=None,
                                                 requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    swap(pipe)
    [condition] = case["conditions"]
    return pipe(image=picture(condition["picture"]).convert("RGB"), num_inference_steps=case["steps"],
                num_images_per_prompt=case["count"], generator=generator(case), height=case["height"] or 64,
                width=case["width"] or 64, **given(case, guidance="guidance_scale")).images
