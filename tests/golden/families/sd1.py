"""Stable Diffusion 1.x with a picture: img2img and inpainting with the plain U-Net, on make_tiny_models.py's folder."""

import family_sd

DEFAULTS = {"folder": "tiny-optimum", "guidance": 7.5, "steps": 10}
SCHEDULERS = ("ddim", "euler", "dpmpp_2m", "heun", "pndm", "euler_ancestral")
VISIBLE = {
    "strength": [f"img2img_ddim_{s}" for s in (0.3, 0.5, 0.8, 1.0)],
    "prompt": ["img2img_ddim_0.8", "img2img_prompt_other", "img2img_prompt_empty", "img2img_negative"],
    "seed": ["img2img_ddim_0.8", "img2img_seed_42"],
    "guidance": ["img2img_ddim_0.8", "img2img_guidance_1"],
    "inpaint": ["inpaint_ddim_0.5", "inpaint_ddim_1.0", "inpaint_negative"],
}


def cases():
    house = {"init": "house.png"}
    for scheduler in SCHEDULERS:
        for strength in (0.3, 0.5, 0.8, 1.0):
            yield f"img2img_{scheduler}_{strength}", {**house, "scheduler": scheduler, "strength": strength}
    usual = {**house, "scheduler": "ddim", "strength": 0.8}
    yield "img2img_strength_default", {**house, "scheduler": "ddim", "steps": 6}
    yield "img2img_prompt_other", {**usual, "prompt": "a cat and a dog sitting on the yellow chair"}
    yield "img2img_prompt_empty", {**usual, "prompt": ""}
    yield "img2img_negative", {**usual, "negative": "blurry, low quality, ugly"}
    yield "img2img_seed_42", {**usual, "seed": 42}
    yield "img2img_guidance_1", {**usual, "guidance": 1.0}
    yield "img2img_count_3", {**usual, "steps": 5, "count": 3}
    yield "img2img_count_3_euler_ancestral", {**usual, "scheduler": "euler_ancestral", "steps": 5, "count": 3}
    yield "img2img_wide", {**usual, "init": "house_wide.png", "scheduler": "euler"}
    yield "img2img_tall", {**usual, "init": "house_tall.png", "scheduler": "dpmpp_2m"}
    yield "img2img_size_from_picture", {**usual, "init": "house_odd.png"}  # 85x53 becomes 80x48
    yield "img2img_resized_64", {**usual, "init": "house_odd.png", "width": 64, "height": 64}
    yield "img2img_resized_80x64", {**usual, "init": "house.png", "width": 80, "height": 64, "negative": "ugly"}
    yield "img2img_eta", {**usual, "eta": 0.7}
    yield "img2img_steps_1", {**usual, "steps": 1, "strength": 1.0}
    yield "img2img_steps_2_of_3", {**usual, "steps": 3, "strength": 0.7, "scheduler": "unipc"}
    yield "img2img_karras", {**usual, "scheduler": "dpmpp_2m", "sigmas": "karras", "strength": 0.5}

    hole = {**house, "mask": "mask.png", "width": 64, "height": 64}
    for scheduler in ("ddim", "euler", "dpmpp_2m"):
        for strength in (0.5, 0.99, 1.0):
            yield f"inpaint_{scheduler}_{strength}", {**hole, "scheduler": scheduler, "strength": strength}
    yield "inpaint_euler_ancestral", {**hole, "scheduler": "euler_ancestral", "strength": 0.8}
    yield "inpaint_heun", {**hole, "scheduler": "heun", "strength": 0.8, "steps": 5}
    yield "inpaint_pndm", {**hole, "strength": 0.8, "steps": 6}
    hole["scheduler"] = "ddim"
    yield "inpaint_negative", {**hole, "strength": 0.8, "negative": "blurry, low quality, ugly"}
    yield "inpaint_guidance_1", {**hole, "strength": 0.8, "guidance": 1.0}
    yield "inpaint_count_3", {**hole, "strength": 0.8, "count": 3, "steps": 5}
    yield "inpaint_count_3_strength_1", {**hole, "strength": 1.0, "count": 3, "steps": 4, "scheduler": "euler"}
    yield "inpaint_soft_mask", {**hole, "strength": 0.8, "mask": "mask_soft.png"}  # cut at one half
    yield "inpaint_alpha", {**hole, "strength": 0.8, "init": "house_alpha.png", "mask": None}
    yield "inpaint_wide", {**hole, "strength": 0.8, "init": "house_wide.png", "mask": "mask_wide.png", "width": 96}
    yield "inpaint_odd", {
        **hole, "strength": 0.8, "init": "house_odd.png", "mask": "mask_odd.png", "width": 80, "height": 48}
    yield "inpaint_mask_of_another_size", {**hole, "strength": 0.8, "mask": "mask_wide.png"}
    yield "inpaint_padding_0", {**hole, "strength": 0.8, "mask": "mask_small.png", "mask_padding": 0}
    yield "inpaint_padding_8", {**hole, "strength": 0.8, "mask": "mask_small.png", "mask_padding": 8}
    yield "inpaint_padding_8_wide", {
        **hole, "strength": 0.8, "init": "house_wide.png", "mask": "mask_wide.png", "width": 96, "mask_padding": 8,
        "scheduler": "euler"}

    yield "rescale_0.7", {"guidance_rescale": 0.7, "scheduler": "ddim", "steps": 6}
    yield "rescale_1.0_count_2", {"guidance_rescale": 1.0, "scheduler": "euler", "steps": 6, "count": 2}


def draw(case, swap):
    return family_sd.draw(case, swap, "torch-0.3")
