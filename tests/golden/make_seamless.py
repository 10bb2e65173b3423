#!/usr/bin/env python3
"""Golden pictures that tile: diffusers with torch convolutions that wrap around.

Usage: python make_seamless.py [OUTDIR]      (default: this folder)

Writes seamless.json and seamless/*.png. Every Conv2d of the UNet and of the autoencoder's decoder pads circularly along
the axes asked for and with zeros along the other (torch.nn.functional.pad, mode "circular"); everything else is
diffusers' StableDiffusionPipeline on the torch networks of tiny-optimum.
"""

import json
import shutil
import sys
from pathlib import Path

import diffusers
import torch
from make_tiny_models import torch_pipeline
from torch.nn import functional

HERE = Path(__file__).resolve().parent
CASES = [
    {"name": f"{scheduler}_{way}_{width}x{height}", "seamless": way, "scheduler": scheduler, "width": width,
     "height": height}
    for way, scheduler, width, height in [
        ("x", "ddim", 64, 64), ("y", "ddim", 64, 64), ("both", "ddim", 64, 64), ("both", "euler", 96, 64),
        ("x", "euler", 64, 80), ("off", "ddim", 64, 64),
    ]
]
CLASSES = {"ddim": diffusers.DDIMScheduler, "euler": diffusers.EulerDiscreteScheduler}


def wrap(module, x, y):
    def forward(conv, sample):
        rows, columns = conv.padding
        sample = functional.pad(sample, (columns, columns, 0, 0), mode="circular" if x else "constant")
        sample = functional.pad(sample, (0, 0, rows, rows), mode="circular" if y else "constant")
        return functional.conv2d(sample, conv.weight, conv.bias, conv.stride, 0, conv.dilation, conv.groups)

    for layer in module.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.forward = forward.__get__(layer)


def main():
    torch.set_num_threads(1)
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    shutil.rmtree(out / "seamless", ignore_errors=True)
    (out / "seamless").mkdir(parents=True)
    pipeline = torch_pipeline(0.3)
    pipeline.set_progress_bar_config(disable=True)
    base = pipeline.scheduler
    for case in CASES:
        x, y = case["seamless"] in ("x", "both"), case["seamless"] in ("y", "both")
        wrap(pipeline.unet, x, y)
        wrap(pipeline.vae.decoder, x, y)
        pipeline.scheduler = CLASSES[case["scheduler"]].from_config(base.config)
        picture = pipeline(
            "a red house in the snow at night", guidance_scale=7.5, num_inference_steps=6, width=case["width"],
            height=case["height"], generator=torch.Generator("cpu").manual_seed(0),
        ).images[0]
        case["file"] = f"{case['name']}.png"
        picture.save(out / "seamless" / case["file"])
    about = f"diffusers {diffusers.__version__}, torch {torch.__version__.split('+')[0]}; see make_seamless.py"
    (out / "seamless.json").write_text(json.dumps({"about": about, "cases": CASES}, indent=1) + "\n")


if __name__ == "__main__":
    main()
