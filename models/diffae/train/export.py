"""Exports encoder, denoiser and prior, the statistics of z and the directions, into models/diffae.

    python export.py        # after train_prior.py

Directions are mean differences of (z - mean) / std between renders of the same scenes with two values of one attribute.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

import diffae
import graphs
import common
import pixels
import train_prior
from dataset import FIRST_SEED
from render import render
from scene import sample_scene
from train_vae import to_tensor

FOLDER = Path(__file__).resolve().parents[1]
PAIRS = 400
SCHEDULE = {"_class_name": "DDIMScheduler", **diffae.NOISE, "clip_sample": True, "clip_sample_range": 1.0,
            "set_alpha_to_one": True, "timestep_spacing": "trailing", "steps_offset": 0, "use_clipped_model_output": True}
PRIOR = {**SCHEDULE, "prediction_type": "sample", "clip_sample_range": 5.0, "use_clipped_model_output": False}
DENOISER = {"denoiser": "unet", "sample": [3, diffae.SIZE, diffae.SIZE], "scheduler": "scheduler"}
INDEX = {
    "_class_name": "CascadePipeline", "_version": 1,
    "title": "diffusion autoencoder of the demo's world, 32x32",
    "pictures": {"image": {"range": [-1, 1], "size": [diffae.SIZE, diffae.SIZE]}},
    "constants": {
        "z_mean": {"file": "statistics.safetensors", "tensor": "mean"},
        "z_std": {"file": "statistics.safetensors", "tensor": "std"},
        **{name: {"file": "directions.safetensors", "tensor": name} for name in diffae.DIRECTIONS}},
    "graphs": {"encoder": {"inputs": {"sample": "image"}}},
    "values": {
        "drawn_code": {"op": "affine", "of": "prior", "multiply": "z_std", "add": "z_mean"},
        "z_sem": {"op": "first_of", "of": ["encoder.z", "drawn_code"]},
        "x_T": {"op": "first_of", "of": ["invert"]},
        "z_edited": {"op": "edit", "of": "z_sem", "mean": "z_mean", "std": "z_std",
                     "directions": {name: name for name in diffae.DIRECTIONS}}},
    "stages": [
        {"name": "prior", "denoiser": "prior", "sample": [diffae.CODE], "scheduler": "prior_scheduler", "steps": 25},
        {"name": "invert", **DENOISER, "inputs": {"cond": "z_sem"}, "from": "image", "invert": "ddim_reverse", "steps": 50},
        {"name": "decode", **DENOISER, "inputs": {"cond": "z_edited"}, "from": "x_T", "steps": 25}],
    "picture": {"of": "decode", "range": [-1, 1]},
    "embeddings": ["z_sem", "x_T"],
    "main": "decode",
}


@torch.no_grad()
def direction(encoder: torch.nn.Module, attribute: str, start: str, end: str) -> torch.Tensor:
    """Mean difference of z between the same scenes with `end` and with `start`, [64].

    The renderer draws both pictures, so nothing but the attribute differs (and what depends on it: the sun of
    the day is the moon of the night).
    """
    scenes = [s for s in map(sample_scene, range(FIRST_SEED, FIRST_SEED + 10 * PAIRS)) if getattr(s, attribute) == start][:PAIRS]
    moon = {"body": "moon"} if end == "night" else {}
    after = [replace(s, **{attribute: end}, **(moon if s.body == "sun" else {})) for s in scenes]
    before, then = (encoder(to_tensor(pixels.shrink(np.stack([render(s) for s in part])))) for part in (scenes, after))
    return (then - before).mean(0)


def main() -> None:
    """Graphs, numbers and configurations; sizes and differences to torch are printed."""
    p = common.parser(__doc__)
    p.add_argument("--out", type=Path, default=FOLDER)
    args = p.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(5)
    model = train_prior.load(args.work_dir)
    z, mean, std = train_prior.codes(args.work_dir, model)
    normal = (z - mean) / std
    vectors, report = {}, {}
    for name, (attribute, start, end) in diffae.DIRECTIONS.items():
        vectors[name] = direction(model.encoder, attribute, start, end) / std
        # The strength s of z + s sqrt(n) w / |w| that goes the whole way.
        report[name] = {"strength": round(float(vectors[name].norm()) / diffae.CODE ** 0.5, 3)}
    args.out.mkdir(parents=True, exist_ok=True)
    save_file({"mean": mean, "std": std}, args.out / "statistics.safetensors")
    save_file(vectors, args.out / "directions.safetensors")
    x, t = torch.rand(2, 3, diffae.SIZE, diffae.SIZE) * 2 - 1, torch.tensor([417, 30])
    batch = {0: "batch"}
    prior = diffae.Prior()
    prior.load_state_dict(torch.load(args.work_dir / "diffae_prior.pt"))
    report |= {
        "prior": graphs.export(prior.eval(), args.out / "prior" / "model.onnx", {"sample": normal[:2], "timestep": t},
                               ["sample_out"], {"sample": batch, "timestep": batch, "sample_out": batch}, eight_bit=True),
        "encoder": graphs.export(model.encoder, args.out / "encoder" / "model.onnx", {"sample": x}, ["z"],
                                 {"sample": batch, "z": batch}),
        "unet": graphs.export(model.denoiser, args.out / "unet" / "model.onnx",
                              {"sample": x, "timestep": t, "cond": z[:2]}, ["out_sample"],
                              {"sample": batch, "timestep": batch, "cond": batch, "out_sample": batch}, eight_bit=True)}
    for name, config in (("scheduler", SCHEDULE), ("prior_scheduler", PRIOR)):
        (args.out / name).mkdir(exist_ok=True)
        (args.out / name / "scheduler_config.json").write_text(json.dumps(config, indent=2) + "\n")
    (args.out / "model_index.json").write_text(json.dumps(INDEX, indent=2) + "\n")
    print(json.dumps(report, indent=2))
    (args.work_dir / "diffae_export.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
