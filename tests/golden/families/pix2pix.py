"""InstructPix2Pix: eight channels (latents, the picture's latents, unscaled) and guidance between three predictions."""

import family_sd
from diffusers import StableDiffusionInstructPix2PixPipeline
from family_networks import text_encoder, unet, vae
from family_tools import given, tokenizer

DEFAULTS = {
    "folder": "tiny-pix2pix", "guidance": 7.5, "image_guidance": 1.5, "steps": 6, "init": "house.png",
    "prompt": "two trees in the snow at night",
}
# timbrooks/instruct-pix2pix has Euler ancestral; the keys are those of its file that Euler ancestral reads.
SCHEDULER = {
    "_class_name": "EulerAncestralDiscreteScheduler", "_diffusers_version": "0.12.0.dev0", "beta_end": 0.012,
    "beta_schedule": "scaled_linear", "beta_start": 0.00085, "clip_sample": False, "num_train_timesteps": 1000,
    "prediction_type": "epsilon", "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1,
    "trained_betas": None,
}
VISIBLE = {
    "prompt": ["euler_ancestral", "prompt_other", "negative"],
    "seed": ["euler_ancestral", "seed_42"],
    "guidance": ["euler_ancestral", "guidance_2"],
    "image_guidance": ["image_guidance_1", "image_guidance_3"],
    "scheduler": ["euler_ancestral", "pndm"],
    "picture": ["euler", "odd_as_64"],
}


def make_models(out):
    tokens = tokenizer()
    family_sd.make_folder(
        out, "tiny-pix2pix", "StableDiffusionInstructPix2PixPipeline", SCHEDULER, tokenizer=tokens,
        text_encoder=text_encoder(tokens, 2401), vae=vae(2403, 0.18215),
        unet=unet(2412, gains={"image": 30.0, "cross": 8.0, "time": 12.0}, in_channels=8),
    )


def cases():
    for name in ("euler_ancestral", "euler", "ddim", "dpmpp_2m", "pndm"):
        yield name, {"scheduler": None if name == "euler_ancestral" else name}
    yield "prompt_other", {"prompt": "a cat and a dog sitting on the yellow chair"}
    yield "negative", {"negative": "blurry, low quality, ugly"}
    yield "seed_42", {"seed": 42}
    yield "guidance_2", {"guidance": 2.0}
    yield "guidance_1", {"guidance": 1.0, "scheduler": "euler"}  # no guidance at all, whatever image_guidance says
    yield "image_guidance_1", {"image_guidance": 1.0}
    yield "image_guidance_1_guidance_1", {"image_guidance": 1.0, "guidance": 1.0, "scheduler": "ddim"}
    yield "image_guidance_0.9", {"image_guidance": 0.9, "scheduler": "ddim"}  # below one: no guidance either
    yield "image_guidance_3", {"image_guidance": 3.0}
    yield "defaults", {"image_guidance": None, "guidance": None}
    yield "count_3", {"count": 3, "steps": 4}
    yield "count_3_ddim_negative", {"count": 3, "steps": 4, "scheduler": "ddim", "negative": "ugly"}
    yield "wide", {"init": "house_wide.png", "scheduler": "euler"}
    yield "tall", {"init": "house_tall.png", "scheduler": "dpmpp_2m"}
    yield "odd", {"init": "house_odd.png"}
    yield "odd_as_64", {"init": "house_odd.png", "width": 64, "height": 64, "scheduler": "euler"}


def draw(case, swap):
    pipe = family_sd.pipeline(StableDiffusionInstructPix2PixPipeline, case, case["folder"])
    image = family_sd.init_picture(pipe, case)
    swap(pipe)
    return pipe(image=image, **family_sd.common(case), **given(case, image_guidance="image_guidance_scale")).images
