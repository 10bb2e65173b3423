"""Stable Diffusion 2's depth model: five channels (latents and how far away everything is), always from a picture."""

import family_sd
import numpy as np
import torch
from diffusers import StableDiffusionDepth2ImgPipeline
from family_networks import text_encoder, unet, vae
from family_tools import given, picture, tokenizer

NAME = "tiny-depth"
DEFAULTS = {"folder": NAME, "guidance": 7.5, "steps": 8, "strength": 0.8, "init": "house.png",
            "conditions": [{"role": "depth", "picture": "mask_soft.png"}]}
# stabilityai/stable-diffusion-2-depth's own file, to the letter.
SCHEDULER = {
    "_class_name": "PNDMScheduler", "_diffusers_version": "0.10.0.dev0", "beta_end": 0.012,
    "beta_schedule": "scaled_linear", "beta_start": 0.00085, "clip_sample": False, "num_train_timesteps": 1000,
    "prediction_type": "epsilon", "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1,
    "trained_betas": None,
}
VISIBLE = {"depth": ["pndm", "other_depth"], "strength": ["pndm", "strength_0.4"], "seed": ["pndm", "seed_42"]}


def make_models(out):
    tokens = tokenizer(pad_token="!")
    family_sd.make_folder(
        out, NAME, "StableDiffusionDepth2ImgPipeline", SCHEDULER, tokenizer=tokens,
        text_encoder=text_encoder(tokens, 3201, hidden_act="gelu"), vae=vae(3203, 0.18215),
        unet=unet(3202, gains={"image": 10.0}, in_channels=5, attention_head_dim=(2, 4), use_linear_projection=True),
    )


def cases():
    yield "pndm", {}
    yield "ddim", {"scheduler": "ddim"}
    yield "euler", {"scheduler": "euler"}
    yield "other_depth", {"conditions": [{"role": "depth", "picture": "house_alpha.png"}]}
    yield "depth_of_another_size", {"conditions": [{"role": "depth", "picture": "house_odd.png"}], "scheduler": "ddim"}
    yield "strength_0.4", {"strength": 0.4}
    yield "seed_42", {"seed": 42}
    yield "without_guidance", {"guidance": 1.0, "scheduler": "ddim"}
    yield "wide_count_2", {"init": "house_wide.png", "count": 2, "scheduler": "euler_ancestral", "negative": "ugly",
                           "conditions": [{"role": "depth", "picture": "mask_wide.png"}]}


def draw(case, swap):
    [condition] = case["conditions"]
    depth = torch.from_numpy(np.array(picture(condition["picture"]).convert("RGB").convert("L"), dtype=np.float32))
    parts = family_sd.components(NAME)
    wanted = ("vae", "text_encoder", "tokenizer", "unet")
    pipe = StableDiffusionDepth2ImgPipeline(**{part: parts[part] for part in wanted},
                                            scheduler=family_sd.scheduler(case), depth_estimator=None,
                                            feature_extractor=None)
    pipe.set_progress_bar_config(disable=True)
    swap(pipe)
    return pipe(**family_sd.common(case), image=picture(case["init"]).convert("RGB"), depth_map=depth[None],
                **given(case, strength="strength")).images
