#!/usr/bin/env python3
"""Golden pictures that tile: diffusers with torch convolutions that wrap around.

Usage: python make_seamless.py [OUTDIR]      (default: this folder)

Writes seamless.json and seamless/*.png. Every Conv2d of the UNet and of the autoencoder's decoder pads circularly along
the axes asked for and with zeros along the other (torch.nn.functional.pad, mode "circular"); everything else is
diffusers' pipeline on the torch networks that the folder was exported from: those of tiny-optimum, of tiny-legacy (the
layout of 2022, whose graphs take whole timesteps, and its float16 twin) and of tiny-xl.
"""

import json
import shutil
import sys
from pathlib import Path

import diffusers
import family_tools
import family_xl_networks as xl
import torch
from make_tiny_models import torch_pipeline
from torch.nn import functional

HERE = Path(__file__).resolve().parent
CASES = [
    {"name": f"{scheduler}_{way}_{width}x{height}", "folder": "tiny-optimum", "seamless": way, "scheduler": scheduler,
     "width": width, "height": height}
    for way, scheduler, width, height in [
        ("x", "ddim", 64, 64), ("y", "ddim", 64, 64), ("both", "ddim", 64, 64), ("both", "euler", 96, 64),
        ("x", "euler", 64, 80), ("off", "ddim", 64, 64),
    ]
] + [
    {"name": f"{folder}_{scheduler}_{way}_{width}x{height}", "folder": folder, "seamless": way, "scheduler": scheduler,
     "width": width, "height": height}
    for folder, way, scheduler, width, height in [
        ("tiny-legacy", "x", "ddim", 64, 64), ("tiny-legacy", "both", "dpmpp_2m", 80, 64),
        ("tiny-legacy-fp16", "off", "ddim", 64, 64), ("tiny-legacy-fp16", "y", "ddim", 64, 64),
        ("tiny-xl", "off", "euler", 64, 64), ("tiny-xl", "y", "euler", 64, 64), ("tiny-xl", "both", "ddim", 96, 64),
    ]
]
CLASSES = {"ddim": diffusers.DDIMScheduler, "euler": diffusers.EulerDiscreteScheduler,
           "dpmpp_2m": diffusers.DPMSolverMultistepScheduler}


def xl_pipeline():
    """The networks of tiny-xl, as families/sdxl.py makes them."""
    tokens, tokens_2 = family_tools.tokenizer(), family_tools.tokenizer(pad_token="!")
    return diffusers.StableDiffusionXLPipeline(
        unet=xl.unet(211), vae=xl.vae(force_upcast=True), text_encoder=xl.text_encoder(len(tokens)), tokenizer=tokens,
        text_encoder_2=xl.text_encoder_2(len(tokens)), tokenizer_2=tokens_2,
        scheduler=diffusers.EulerDiscreteScheduler.from_config(xl.SCHEDULER), add_watermarker=False)


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
    legacy = torch_pipeline(0.18215)
    pipelines = {"tiny-optimum": torch_pipeline(0.3), "tiny-legacy": legacy, "tiny-legacy-fp16": legacy,
                 "tiny-xl": xl_pipeline()}
    configs = {name: pipeline.scheduler.config for name, pipeline in pipelines.items()}
    for case in CASES:
        pipeline = pipelines[case["folder"]]
        pipeline.set_progress_bar_config(disable=True)
        x, y = case["seamless"] in ("x", "both"), case["seamless"] in ("y", "both")
        wrap(pipeline.unet, x, y)
        wrap(pipeline.vae.decoder, x, y)
        pipeline.scheduler = CLASSES[case["scheduler"]].from_config(configs[case["folder"]])
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
