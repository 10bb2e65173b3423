"""The x4 upscaler: the small picture itself, with noise, beside the latents (seven channels); a class says how much.

The folder is what diffusers' own OnnxStableDiffusionUpscalePipeline reads: `vae` holds the decoder, class_labels is
int64, nothing but the graphs says how much the autoencoder enlarges (4, not 8) and nothing says its scale (0.08333).
"""

import json

import diffusers
import torch
from diffusers import AutoencoderKL, StableDiffusionUpscalePipeline, UNet2DConditionModel
from family_compact import shorten
from family_networks import text_encoder, unet, vae
from family_tools import (
    MODELS, WORK, finish, fresh, generator, given, picture, scheduler_for, tokenizer, write_json,
)
from legacy_export import Decoder, TextEncoder, export
from transformers import CLIPTextModel, CLIPTokenizer

DEFAULTS = {"folder": "tiny-upscale", "guidance": 9.0, "steps": 6, "init": "low.png", "noise_level": 20}
# stable-diffusion-x4-upscaler's betas, prediction and conventions.
BETAS = {"_diffusers_version": "0.8.0", "beta_end": 0.02, "beta_schedule": "scaled_linear", "beta_start": 0.0001,
         "num_train_timesteps": 1000, "trained_betas": None}
SCHEDULER = {"_class_name": "DDIMScheduler", **BETAS, "clip_sample": False, "prediction_type": "v_prediction",
             "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1}
LOW_RES = {"_class_name": "DDPMScheduler", **BETAS, "clip_sample": True, "prediction_type": "epsilon",
           "variance_type": "fixed_small"}
SCALE = 0.08333
VISIBLE = {
    "prompt": ["base", "prompt_other", "negative"],
    "seed": ["base", "seed_42"],
    "guidance": ["base", "guidance_1"],
    "noise_level": ["base", "noise_level_0", "noise_level_200"],
    "scheduler": ["base", "euler_ancestral"],
}


class Denoiser(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, sample, timestep, encoder_hidden_states, class_labels):
        return self.model(sample, timestep, encoder_hidden_states, class_labels, return_dict=False)[0]


def make_models(out):
    tokens = tokenizer(pad_token="!")
    text = text_encoder(tokens, 2501, hidden_act="gelu")
    denoiser = unet(2502, gains={"class": 1.0, "image": 3.0, "time": 10.0}, in_channels=7, num_class_embeds=1000,
                    use_linear_projection=True)
    autoencoder = vae(2503, SCALE, channels=(4, 4, 4))
    work, folder = fresh(WORK / "tiny-upscale"), fresh(out / "tiny-upscale")
    for name, model in (("text_encoder", text), ("unet", denoiser), ("vae", autoencoder), ("tokenizer", tokens)):
        model.save_pretrained(work / name)

    grid = {0: "batch", 1: "channels", 2: "height", 3: "width"}
    export(TextEncoder(text), (torch.ones(1, 77, dtype=torch.int32),), ["input_ids"],
           ["last_hidden_state", "pooler_output"], {"input_ids": {0: "batch", 1: "sequence"}},
           folder / "text_encoder" / "model.onnx", 14)
    export(Denoiser(denoiser),
           (torch.randn(2, 7, 16, 16), torch.ones(2), torch.randn(2, 77, 16), torch.ones(2, dtype=torch.int64)),
           ["sample", "timestep", "encoder_hidden_states", "class_labels"], ["out_sample"],
           {"sample": grid, "timestep": {0: "batch"}, "class_labels": {0: "batch"},
            "encoder_hidden_states": {0: "batch", 1: "sequence"}}, folder / "unet" / "model.onnx", 14)
    export(Decoder(autoencoder), (torch.randn(1, 4, 16, 16),), ["latent_sample"], ["sample"],
           {"latent_sample": grid}, folder / "vae" / "model.onnx", 14)
    for graph in folder.rglob("*.onnx"):
        shorten(graph)
    tokens.save_pretrained(folder / "tokenizer")
    write_json(folder / "scheduler" / "scheduler_config.json", SCHEDULER)
    write_json(folder / "low_res_scheduler" / "scheduler_config.json", LOW_RES)
    graphs = {name: ["diffusers", "OnnxRuntimeModel"] for name in ("text_encoder", "unet", "vae")}
    write_json(folder / "model_index.json", {
        "_class_name": "OnnxStableDiffusionUpscalePipeline", "_diffusers_version": "0.12.0",
        "low_res_scheduler": ["diffusers", "DDPMScheduler"], "max_noise_level": 350,
        "scheduler": ["diffusers", "DDIMScheduler"], "tokenizer": ["transformers", "CLIPTokenizer"], **graphs,
    })
    for vocabulary in folder.rglob("vocab.json"):
        vocabulary.write_text(json.dumps(json.loads(vocabulary.read_text()), ensure_ascii=False))
    finish(folder)


def cases():
    yield "base", {}
    for name in ("euler", "dpmpp_2m", "euler_ancestral", "pndm"):
        yield name, {"scheduler": name}
    yield "prompt_other", {"prompt": "a cat and a dog sitting on the yellow chair"}
    yield "prompt_empty", {"prompt": ""}
    yield "negative", {"negative": "blurry, low quality, ugly"}
    yield "seed_42", {"seed": 42}
    yield "guidance_1", {"guidance": 1.0}
    yield "noise_level_0", {"noise_level": 0}
    yield "noise_level_200", {"noise_level": 200, "scheduler": "ddim"}
    yield "noise_level_350", {"noise_level": 350, "scheduler": "euler"}
    yield "defaults", {"noise_level": None, "guidance": None, "steps": 4}
    yield "count_3", {"count": 3, "steps": 4, "scheduler": "euler"}
    yield "count_2_guidance_1", {"count": 2, "steps": 4, "scheduler": "ddim", "guidance": 1.0}
    yield "wide", {"init": "low_wide.png", "scheduler": "dpmpp_2m"}


LOADED = {}


def networks():
    if not LOADED:
        work = WORK / "tiny-upscale"
        LOADED.update(
            text_encoder=CLIPTextModel.from_pretrained(work / "text_encoder"),
            tokenizer=CLIPTokenizer.from_pretrained(work / "tokenizer"),
            unet=UNet2DConditionModel.from_pretrained(work / "unet"),
            vae=AutoencoderKL.from_pretrained(work / "vae"),
        )
    return LOADED


def draw(case, swap):
    config = json.loads((MODELS / case["folder"] / "scheduler" / "scheduler_config.json").read_text())
    pipe = StableDiffusionUpscalePipeline(
        **networks(), scheduler=scheduler_for(case, config),
        low_res_scheduler=diffusers.DDPMScheduler.from_config(LOW_RES), watermarker=None, max_noise_level=350,
    )
    pipe.set_progress_bar_config(disable=True)
    swap(pipe)
    return pipe(
        prompt=case["prompt"], image=picture(case["init"]), num_inference_steps=case["steps"],
        num_images_per_prompt=case["count"], generator=generator(case),
        **given(case, negative="negative_prompt", guidance="guidance_scale", noise_level="noise_level", eta="eta"),
    ).images
