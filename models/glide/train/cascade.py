"""What the folders of GLIDE and unCLIP have in common: schedules, the upsampler, how they are written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch

import glide
import graphs

BASE = {"_class_name": "DDPMScheduler", "num_train_timesteps": glide.STEPS, "beta_schedule": "squaredcos_cap_v2",
        "prediction_type": "epsilon", "variance_type": "learned_range", "clip_sample": True, "clip_sample_range": 1.0,
        "timestep_respacing": "50"}
UPSAMPLER = {"_class_name": "DDIMScheduler", "num_train_timesteps": glide.STEPS, "beta_schedule": "linear", "beta_start": 1e-4,
             "beta_end": 0.02, "prediction_type": "epsilon", "clip_sample": True, "clip_sample_range": 1.0,
             "timestep_respacing": "fast27"}
TEXTS = {"prompt": {"tokenizer": "tokenizer", "length": glide.LENGTH}}
BATCH = {0: "batch"}


def write(folder: Path, index: dict, schedulers: dict[str, dict], work: Path) -> None:
    """Manifest, schedulers and tokenizer."""
    for name, config in schedulers.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "scheduler_config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")
    shutil.rmtree(folder / "tokenizer", ignore_errors=True)
    shutil.copytree(work / "glide_tokenizer", folder / "tokenizer")


def upsampler(folder: Path, work: Path, words: torch.Tensor) -> dict:
    """The upsampler's graph; `words` is an example of xf_out, [2, 41, 128]."""
    model = glide.Upsampler()
    model.load_state_dict(torch.load(work / "glide_upsampler.pt"))
    inputs = {"sample": torch.randn(2, 3, glide.LARGE, glide.LARGE), "timestep": torch.tensor([417, 30]),
              "low_res": torch.rand(2, 3, glide.SIZE, glide.SIZE) * 2 - 1, "xf_out": words}
    return graphs.export(model.eval(), folder / "upsampler" / "model.onnx", inputs, ["noise_pred"],
                         {**{name: BATCH for name in inputs}, "noise_pred": BATCH}, eight_bit=True)
