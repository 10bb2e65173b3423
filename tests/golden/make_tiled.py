#!/usr/bin/env python3
"""Golden pictures that are decoded, and some encoded, in tiles that diffusers' AutoencoderKL blends.

Usage: python make_tiled.py [OUTDIR]      (default: this folder)

Writes tiled.json and tiled/*.png, in the format of make_pictures.py. The run is graph_pipeline.py's; of diffusers'
autoencoder only the tiling is used: its encoder and its decoder are the folder's own ONNX graphs. A case with "init" begins
with the picture that stands there, encoded in tiles; each is also drawn with that picture encoded whole, to see that this
is another result.
"""

import json
import shutil
import sys
from pathlib import Path

import diffusers
import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler
from diffusers.image_processor import VaeImageProcessor
from graph_pipeline import Graph, GraphPipeline
from PIL import Image
from tiny_networks import SCHEDULER

HERE = Path(__file__).resolve().parent
MODEL = HERE.parent / "models" / "tiny-optimum"
DEFAULTS = {
    "folder": "tiny-optimum", "oracle": "graphs", "rng": "torch-cpu", "prompt": "a red house in the snow at night",
    "negative": None, "guidance": 7.5, "steps": 4, "seed": 3, "count": 1, "scheduler": "ddim", "sigmas": "default",
    "config_changes": None,
}
SIZES = {"tiled": (128, 96), "tiled_long": (176, 64), "trained_size": (64, 64)}
# The pictures that are begun with, and their sizes.
STARTS = {"encoded": ("house.png", 128, 96), "encoded_tall": ("house_tall.png", 64, 144), "encoded_trained": ("house.png", 64, 64)}
STRENGTH = 0.5


class Module(torch.nn.Module):
    def __init__(self, graph, name):
        super().__init__()
        self.graph, self.name = graph, name

    def forward(self, value):
        return torch.from_numpy(self.graph(**{self.name: value.numpy()}))


class Autoencoder:
    """diffusers' autoencoder around the graphs, which have its quant_conv and post_quant_conv inside."""

    def __init__(self, decoder, tiled):
        config = json.loads((MODEL / "vae_decoder" / "config.json").read_text())
        self.vae = AutoencoderKL.from_config(config)
        self.vae.register_to_config(use_post_quant_conv=False, use_quant_conv=False)
        self.vae.post_quant_conv = self.vae.quant_conv = None
        self.vae.decoder = Module(decoder, "latent_sample")
        self.vae.encoder = Module(Graph(MODEL / "vae_encoder" / "model.onnx"), "sample")
        if tiled:
            self.vae.enable_tiling()

    def __call__(self, latent_sample):
        """Stands in for the decoder graph."""
        with torch.no_grad():
            return self.vae.decode(torch.from_numpy(latent_sample)).sample.numpy()

    def encode(self, picture, generator):
        """What diffusers' image-to-image pipelines begin with, before the noise."""
        with torch.no_grad():
            return self.vae.encode(picture).latent_dist.sample(generator) * self.vae.config.scaling_factor


def from_picture(pipeline, encoder, scheduler, picture, case):
    """graph_pipeline.py's run, begun as diffusers' StableDiffusionImg2ImgPipeline does."""
    generator = torch.Generator("cpu").manual_seed(case["seed"])
    contexts = [pipeline.embed(case["negative"] or ""), pipeline.embed(case["prompt"])]
    scheduler.set_timesteps(case["steps"])
    timesteps = scheduler.timesteps[case["steps"] - int(case["steps"] * case["strength"]) :]
    pixels = VaeImageProcessor(vae_scale_factor=8).preprocess(picture, case["height"], case["width"])
    latents = encoder.encode(pixels, generator)
    noise = torch.randn(latents.shape, generator=generator)
    x = scheduler.add_noise(latents, noise, timesteps[:1])
    for t in timesteps:
        prediction = torch.from_numpy(pipeline.denoise(x.numpy(), float(t), contexts))
        negative, positive = prediction.chunk(2)
        x = scheduler.step(negative + case["guidance"] * (positive - negative), t, x).prev_sample
    pixels = np.clip(pipeline.decoder(latent_sample=(x / pipeline.scale).numpy()) / 2 + 0.5, 0, 1)
    return (pixels.transpose(0, 2, 3, 1) * 255).round().astype(np.uint8)


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    shutil.rmtree(out / "tiled", ignore_errors=True)
    (out / "tiled").mkdir(parents=True)
    whole, tiled = GraphPipeline(MODEL), GraphPipeline(MODEL)
    encoders = [Autoencoder(whole.decoder, tiled=False), Autoencoder(whole.decoder, tiled=True)]
    tiled.decoder = encoders[1]
    cases = []
    for name, (width, height) in SIZES.items():
        case = {"name": name, **DEFAULTS, "width": width, "height": height}
        keys = ("prompt", "negative", "guidance", "steps", "seed", "width", "height")
        pictures = [
            pipeline(DDIMScheduler.from_config(SCHEDULER), **{k: case[k] for k in keys})[0] for pipeline in (whole, tiled)
        ]
        gap = np.abs(pictures[0].astype(int) - pictures[1].astype(int)).max()
        assert (gap > 2) == (name != "trained_size"), (name, gap)
        print(f"{name:14} whole and tiled differ by up to {gap}")
        Image.fromarray(pictures[1]).save(out / "tiled" / f"{name}.png", optimize=True)
        cases.append({**case, "seed": str(case["seed"]), "files": [f"{name}.png"]})
    for name, (file, width, height) in STARTS.items():
        case = {"name": name, **DEFAULTS, "init": file, "strength": STRENGTH, "width": width, "height": height}
        picture = Image.open(HERE / "inputs" / file).convert("RGB")
        # Both are decoded in tiles, so that only the encoding makes the difference.
        pictures = [
            from_picture(tiled, encoder, DDIMScheduler.from_config(SCHEDULER), picture, case)[0] for encoder in encoders
        ]
        gap = np.abs(pictures[0].astype(int) - pictures[1].astype(int)).max()
        assert (gap > 2) == (name != "encoded_trained"), (name, gap)
        print(f"{name:14} encoded whole and in tiles: pictures differ by up to {gap}")
        Image.fromarray(pictures[1]).save(out / "tiled" / f"{name}.png", optimize=True)
        cases.append({**case, "seed": str(case["seed"]), "files": [f"{name}.png"]})
    about = f"diffusers {diffusers.__version__}, torch {torch.__version__.split('+')[0]}; see make_tiled.py"
    (out / "tiled.json").write_text(json.dumps({"about": about, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
