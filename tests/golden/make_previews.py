#!/usr/bin/env python3
"""Golden previews: what diffusers' schedulers take the clean picture to be, step by step.

Usage: python make_previews.py [OUTDIR]      (default: this folder)

Writes previews.json and previews/*.png. The run is graph_pipeline.py's; the clean sample is the `pred_original_sample`
that each step of the scheduler returns, decoded with the folder's own decoder.
"""

import json
import shutil
import sys
from pathlib import Path

import diffusers
import numpy as np
import torch
from diffusers import DDIMScheduler, EulerDiscreteScheduler
from graph_pipeline import GraphPipeline
from PIL import Image
from tiny_networks import SCHEDULER

HERE = Path(__file__).resolve().parent
MODEL = HERE.parent / "models" / "tiny-optimum"
RUN = {"prompt": "a red house in the snow at night", "negative": None, "guidance": 3.0, "steps": 4, "seed": 5,
       "width": 64, "height": 64}
CASES = [("ddim", DDIMScheduler, "epsilon"), ("euler", EulerDiscreteScheduler, "epsilon"),
         ("euler", EulerDiscreteScheduler, "v_prediction"), ("ddim", DDIMScheduler, "sample")]


def recording(scheduler, seen):
    step = type(scheduler).step

    class Recording(type(scheduler)):
        def step(self, model_output, timestep, sample, generator=None):
            output = step(self, model_output, timestep, sample, generator=generator)
            seen.append(output.pred_original_sample)
            return output

    scheduler.__class__ = Recording
    return scheduler


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    shutil.rmtree(out / "previews", ignore_errors=True)
    (out / "previews").mkdir(parents=True)
    pipeline = GraphPipeline(MODEL)
    cases = []
    for name, kind, prediction in CASES:
        seen = []
        pipeline(recording(kind.from_config({**SCHEDULER, "prediction_type": prediction}), seen), **RUN)
        files = []
        for step, clean in enumerate(seen[:-1], 1):  # the last one is the picture itself
            pixels = pipeline.decoder(latent_sample=(clean / pipeline.scale).numpy())[0]
            pixels = (np.clip(pixels / 2 + 0.5, 0, 1).transpose(1, 2, 0) * 255).round().astype(np.uint8)
            files.append(f"{name}_{prediction}_{step}.png")
            Image.fromarray(pixels).save(out / "previews" / files[-1], optimize=True)
        cases.append({"scheduler": name, "prediction_type": prediction, **RUN, "files": files})
    about = f"diffusers {diffusers.__version__}, torch {torch.__version__.split('+')[0]}; see make_previews.py"
    (out / "previews.json").write_text(json.dumps({"about": about, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
