"""Stable Diffusion 2.x: v-prediction, a tokenizer that pads with "!", the penultimate layer as the text encoder's end.

SD 2's text encoder is exported with one layer less than it was trained with (23 of 24), so its last hidden state is
the penultimate one; nothing is left to do at run time, here as there.
"""

import family_sd
from family_networks import text_encoder, unet, vae
from family_tools import tokenizer

DEFAULTS = {"folder": "tiny-sd2", "guidance": 7.5, "steps": 6}
# Stable Diffusion 2.1's own file, to the letter.
SCHEDULER = {
    "_class_name": "DDIMScheduler", "_diffusers_version": "0.8.0", "beta_end": 0.012, "beta_schedule": "scaled_linear",
    "beta_start": 0.00085, "clip_sample": False, "num_train_timesteps": 1000, "prediction_type": "v_prediction",
    "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1, "trained_betas": None,
}
ZERO_SNR = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
VISIBLE = {
    "prompt": ["base", "prompt_other", "prompt_empty", "negative"],
    "seed": ["base", "seed_42"],
    "guidance": ["base", "guidance_1"],
    "steps": ["base", "steps_3"],
    "scheduler": ["base", "heun", "euler_ancestral"],
    "zero_snr": ["base", "zero_snr_ddim"],
}


def make_models(out):
    tokens = tokenizer(pad_token="!")
    assert tokens.pad_token_id == 0
    family_sd.make_folder(
        out, "tiny-sd2", "StableDiffusionPipeline", SCHEDULER, tokenizer=tokens,
        text_encoder=text_encoder(tokens, 2101, hidden_act="gelu"),
        unet=unet(2102, gains={"time": 10.0}, attention_head_dim=(2, 4), use_linear_projection=True,
                  upcast_attention=True),
        vae=vae(2103, 0.18215),
    )


def cases():
    yield "base", {}
    yield "prompt_other", {"prompt": "a cat and a dog sitting on the yellow chair"}
    yield "prompt_empty", {"prompt": ""}
    yield "prompt_too_long", {"prompt": "a photo of a red house, oil on canvas, best quality, " * 8}
    yield "negative", {"negative": "blurry, low quality, ugly"}
    yield "seed_42", {"seed": 42}
    yield "guidance_1", {"guidance": 1.0}
    yield "steps_3", {"steps": 3}
    for name in ("euler", "euler_ancestral", "dpmpp_2m", "pndm", "heun", "unipc"):
        yield name, {"scheduler": name}
    for name in ("ddim", "euler", "dpmpp_2m"):
        yield f"zero_snr_{name}", {"scheduler": name, "config_changes": ZERO_SNR}
    yield "zero_snr_rescaled", {"config_changes": ZERO_SNR, "guidance_rescale": 0.7}
    yield "wide", {"width": 96, "height": 64, "scheduler": "euler"}
    yield "tall", {"width": 64, "height": 80}
    yield "count_3", {"count": 3, "steps": 4, "scheduler": "dpmpp_2m"}
    yield "count_3_negative", {"count": 3, "steps": 4, "negative": "ugly", "scheduler": "euler_ancestral"}
    picture = {"init": "house.png", "strength": 0.7}
    for name in ("ddim", "euler", "dpmpp_2m"):
        yield f"img2img_{name}", {**picture, "scheduler": name}
    yield "img2img_wide_count_3", {**picture, "init": "house_wide.png", "count": 3, "negative": "ugly"}
    for name in ("ddim", "euler", "dpmpp_2m"):
        yield f"inpaint_{name}", {
            **picture, "mask": "mask.png", "scheduler": name, "width": 64, "height": 64}
    yield "inpaint_odd_strength_1", {
        **picture, "init": "house_odd.png", "mask": "mask_odd.png", "width": 80, "height": 48, "strength": 1.0}


def draw(case, swap):
    return family_sd.draw(case, swap, case["folder"])
