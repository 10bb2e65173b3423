"""Latent consistency models: the guidance scale goes into the U-Net (timestep_cond), no second evaluation a step."""

import family_sd
from diffusers import LatentConsistencyModelImg2ImgPipeline, LatentConsistencyModelPipeline
from family_networks import text_encoder, unet, vae
from family_tools import given, tokenizer

DEFAULTS = {"folder": "tiny-lcm", "guidance": 8.5, "steps": 4}
# LCM_Dreamshaper_v7's own file, to the letter.
SCHEDULER = {
    "_class_name": "LCMScheduler", "_diffusers_version": "0.22.0.dev0", "beta_end": 0.012,
    "beta_schedule": "scaled_linear", "beta_start": 0.00085, "clip_sample": False, "clip_sample_range": 1.0,
    "dynamic_thresholding_ratio": 0.995, "num_train_timesteps": 1000, "original_inference_steps": 50,
    "prediction_type": "epsilon", "rescale_betas_zero_snr": False, "sample_max_value": 1.0, "set_alpha_to_one": True,
    "steps_offset": 1, "thresholding": False, "timestep_scaling": 10.0, "timestep_spacing": "leading",
    "trained_betas": None,
}
VISIBLE = {
    "prompt": ["steps_4", "prompt_other", "prompt_empty"],
    "seed": ["steps_4", "seed_42"],
    "guidance": ["steps_4", "guidance_1"],
    "steps": ["steps_1", "steps_8"],
    "strength": ["img2img_0.5", "img2img_0.8"],
}


def make_models(out):
    tokens = tokenizer()
    family_sd.make_folder(
        out, "tiny-lcm", "LatentConsistencyModelPipeline", SCHEDULER, tokenizer=tokens,
        text_encoder=text_encoder(tokens, 2301), vae=vae(2303, 0.18215),
        unet=unet(2302, gains={"cond": 10.0, "cross": 9.0, "time": 14.0, "out": 4.5}, time_cond_proj_dim=256),
    )


def cases():
    for steps in (1, 2, 4, 8):
        yield f"steps_{steps}", {"steps": steps}
    yield "prompt_other", {"prompt": "a cat and a dog sitting on the yellow chair"}
    yield "prompt_empty", {"prompt": ""}
    yield "seed_42", {"seed": 42}
    yield "guidance_1", {"guidance": 1.0}
    yield "guidance_3", {"guidance": 3.0}
    yield "wide", {"width": 96, "height": 64}
    yield "tall", {"width": 64, "height": 80, "steps": 2}
    yield "count_3", {"count": 3}
    yield "original_steps_100", {"config_changes": {"original_inference_steps": 100}}
    # diffusers' LCM pipelines take no other scheduler; its plain pipelines draw with this U-Net too, by timestep_cond.
    for name in ("lcm", "ddim", "euler", "tcd"):
        yield f"plain_{name}", {"scheduler": name}
    yield "plain_tcd_eta", {"scheduler": "tcd", "eta": 0.3}
    yield "plain_img2img_ddim", {"scheduler": "ddim", "init": "house.png", "strength": 0.6, "steps": 5}
    for strength in (0.5, 0.8, 1.0):
        yield f"img2img_{strength}", {"init": "house.png", "strength": strength}
    yield "img2img_strength_default", {"init": "house.png"}
    yield "img2img_wide_count_3", {"init": "house_wide.png", "strength": 0.6, "count": 3}
    yield "img2img_resized", {"init": "house_odd.png", "strength": 0.6, "steps": 6, "guidance": 2.0}


def draw(case, swap):
    if case["scheduler"] is not None:
        return family_sd.draw(case, swap, case["folder"])
    image = case["init"] is not None
    kind = LatentConsistencyModelImg2ImgPipeline if image else LatentConsistencyModelPipeline
    pipe = family_sd.pipeline(kind, case, case["folder"])
    arguments = family_sd.common(case)
    if image:
        arguments.update(image=family_sd.init_picture(pipe, case), **given(case, strength="strength"))
    else:
        arguments.update(given(case, width="width", height="height"))
    swap(pipe)
    return pipe(**arguments).images
