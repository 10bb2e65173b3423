"""The inpainting U-Net of Stable Diffusion 1.x and 2.x: nine channels (latents, mask, masked picture's latents)."""

import family_sd
from family_networks import text_encoder, unet, vae
from family_tools import tokenizer
from tiny_networks import SCHEDULER

DEFAULTS = {
    "folder": "tiny-inpaint", "guidance": 7.5, "steps": 6, "init": "house.png", "mask": "mask.png", "width": 64,
    "height": 64, "strength": 1.0,
}
VISIBLE = {
    "prompt": ["pndm_1.0", "prompt_other", "negative"],
    "mask": ["pndm_1.0", "soft_mask"],
    "strength": ["pndm_1.0", "pndm_0.6"],
    "seed": ["pndm_1.0", "seed_42"],
    "guidance": ["pndm_1.0", "guidance_1"],
    "scheduler": ["pndm_1.0", "euler_ancestral_1.0"],
}


def make_models(out):
    tokens = tokenizer()
    family_sd.make_folder(
        out, "tiny-inpaint", "StableDiffusionInpaintPipeline", SCHEDULER, tokenizer=tokens,
        text_encoder=text_encoder(tokens, 2201), vae=vae(2203, 0.18215),
        unet=unet(2202, gains={"image": 3.0}, in_channels=9),
    )


def cases():
    for name in ("pndm", "ddim", "euler", "dpmpp_2m", "euler_ancestral"):
        for strength in (1.0, 0.6):
            yield f"{name}_{strength}", {"scheduler": None if name == "pndm" else name, "strength": strength}
    yield "strength_default", {"strength": None, "scheduler": "ddim"}
    yield "prompt_other", {"prompt": "a cat and a dog sitting on the yellow chair"}
    yield "negative", {"negative": "blurry, low quality, ugly"}
    yield "seed_42", {"seed": 42}
    yield "guidance_1", {"guidance": 1.0}
    yield "soft_mask", {"mask": "mask_soft.png"}
    yield "alpha", {"init": "house_alpha.png", "mask": None, "scheduler": "ddim"}
    yield "count_3", {"count": 3, "steps": 4, "scheduler": "ddim"}
    yield "count_3_strength_0.6", {"count": 3, "steps": 5, "strength": 0.6, "scheduler": "euler_ancestral"}
    yield "wide", {"init": "house_wide.png", "mask": "mask_wide.png", "width": 96, "scheduler": "euler"}
    yield "odd", {"init": "house_odd.png", "mask": "mask_odd.png", "width": 80, "height": 48, "scheduler": "ddim"}
    yield "padding_8", {"mask": "mask_small.png", "mask_padding": 8, "strength": 0.6, "scheduler": "ddim"}


def draw(case, swap):
    return family_sd.draw(case, swap, case["folder"], inpaint_model=True)
