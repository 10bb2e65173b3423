#!/usr/bin/env python3
"""Golden pictures that are decoded in tiles, blended by diffusers' AutoencoderKL.tiled_decode.

Usage: python make_tiled.py [OUTDIR]      (default: this folder)

Writes tiled.json and tiled/*.png, in the format of make_pictures.py. The run is graph_pipeline.py's; of diffusers'
autoencoder only the tiling is used: its decoder is the folder's own ONNX graph.
"""

import json
import shutil
import sys
from pathlib import Path

import diffusers
import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler
from graph_pipeline import GraphPipeline
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


class Decoder(torch.nn.Module):
    def __init__(self, graph):
        super().__init__()
        self.graph = graph

    def forward(self, latent):
        return torch.from_numpy(self.graph(latent_sample=latent.numpy()))


class Tiled:
    """Stands in for the decoder graph; the graph has the autoencoder's post_quant_conv inside."""

    def __init__(self, graph):
        config = json.loads((MODEL / "vae_decoder" / "config.json").read_text())
        self.vae = AutoencoderKL.from_config(config)
        self.vae.register_to_config(use_post_quant_conv=False)
        self.vae.post_quant_conv = None
        self.vae.decoder = Decoder(graph)
        self.vae.enable_tiling()

    def __call__(self, latent_sample):
        with torch.no_grad():
            return self.vae.decode(torch.from_numpy(latent_sample)).sample.numpy()


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    shutil.rmtree(out / "tiled", ignore_errors=True)
    (out / "tiled").mkdir(parents=True)
    whole, tiled = GraphPipeline(MODEL), GraphPipeline(MODEL)
    tiled.decoder = Tiled(tiled.decoder)
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
    about = f"diffusers {diffusers.__version__}, torch {torch.__version__.split('+')[0]}; see make_tiled.py"
    (out / "tiled.json").write_text(json.dumps({"about": about, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
