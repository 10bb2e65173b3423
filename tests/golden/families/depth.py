"""Stable Diffusion 2's depth model: five channels (latents and how far away everything is), always from a picture."""

import json

import family_sd
import numpy as np
import torch
from diffusers import StableDiffusionDepth2ImgPipeline
from family_compact import shorten
from family_conditions import keep
from family_networks import text_encoder, unet, vae
from family_tools import WORK, given, picture, tokenizer, write_json
from legacy_export import export
from transformers import DPTConfig, DPTForDepthEstimation, DPTImageProcessor

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
VISIBLE = {"depth": ["pndm", "other_depth"], "strength": ["pndm", "strength_0.4"], "seed": ["pndm", "seed_42"],
           "estimated": ["pndm", "estimated"]}


def estimator(seed):
    torch.manual_seed(seed)
    model = DPTForDepthEstimation(DPTConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=4, num_attention_heads=2, image_size=32, patch_size=8,
        backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[8, 8, 8, 8], fusion_hidden_size=8, is_hybrid=False,
        reassemble_factors=[4, 2, 1, 0.5]))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                parameter.normal_(0, 0.15 if "neck" in name or "head" in name else 0.3)
    return model.eval()


class Estimator(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model(pixel_values).predicted_depth


def make_models(out):
    tokens = tokenizer(pad_token="!")
    family_sd.make_folder(
        out, NAME, "StableDiffusionDepth2ImgPipeline", SCHEDULER, tokenizer=tokens,
        text_encoder=text_encoder(tokens, 3201, hidden_act="gelu"), vae=vae(3203, 0.18215),
        unet=unet(3202, gains={"image": 10.0}, in_channels=5, attention_head_dim=(2, 4), use_linear_projection=True),
    )
    model, folder = estimator(3204), out / NAME
    keep(NAME, depth_estimator=model)
    export(Estimator(model), (torch.randn(1, 3, 32, 32),), ["pixel_values"], ["predicted_depth"], None,
           folder / "depth_estimator" / "model.onnx", 17)
    shorten(folder / "depth_estimator" / "model.onnx")
    eyes = DPTImageProcessor(size={"height": 32, "width": 32})
    for place in (folder, WORK / NAME):
        eyes.save_pretrained(place / "feature_extractor")
    index = json.loads((folder / "model_index.json").read_text())
    write_json(folder / "model_index.json", {**index, "depth_estimator": ["transformers", "DPTForDepthEstimation"],
                                             "feature_extractor": ["transformers", "DPTImageProcessor"]})


def cases():
    yield "pndm", {}
    yield "ddim", {"scheduler": "ddim"}
    yield "euler", {"scheduler": "euler"}
    yield "other_depth", {"conditions": [{"role": "depth", "picture": "house_alpha.png"}]}
    yield "depth_of_another_size", {"conditions": [{"role": "depth", "picture": "house_odd.png"}], "scheduler": "ddim"}
    yield "strength_0.4", {"strength": 0.4}
    yield "seed_42", {"seed": 42}
    yield "without_guidance", {"guidance": 1.0, "scheduler": "ddim"}
    yield "estimated", {"conditions": None}
    yield "estimated_odd_count_2", {"conditions": None, "init": "house_odd.png", "count": 2, "scheduler": "ddim"}
    yield "wide_count_2", {"init": "house_wide.png", "count": 2, "scheduler": "euler_ancestral", "negative": "ugly",
                           "conditions": [{"role": "depth", "picture": "mask_wide.png"}]}


LOADED = {}


def draw(case, swap):
    depth = None
    for condition in case["conditions"] or ():
        depth = torch.from_numpy(np.array(picture(condition["picture"]).convert("RGB").convert("L"), dtype=np.float32))[None]
    if not LOADED:
        LOADED.update(
            depth_estimator=DPTForDepthEstimation.from_pretrained(WORK / NAME / "depth_estimator").eval(),
            feature_extractor=DPTImageProcessor.from_pretrained(WORK / NAME / "feature_extractor"),
        )
    parts = family_sd.components(NAME)
    wanted = ("vae", "text_encoder", "tokenizer", "unet")
    pipe = StableDiffusionDepth2ImgPipeline(**{part: parts[part] for part in wanted},
                                            scheduler=family_sd.scheduler(case), **LOADED)
    pipe.set_progress_bar_config(disable=True)
    swap(pipe)
    return pipe(**family_sd.common(case), image=picture(case["init"]).convert("RGB"), depth_map=depth,
                **given(case, strength="strength")).images
