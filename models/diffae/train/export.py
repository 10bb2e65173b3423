"""Exports encoder and denoiser, the statistics of z and the directions, into models/diffae.

    python export.py        # after train_diffae.py

Directions are those of linear classifiers on (z - mean) / std: logistic regressions between two
values of one attribute, on the training pictures.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

import diffae
import graphs
import common
from dataset import FIRST_SEED
from scene import ATTRIBUTES, sample_scene
from train_vae import to_tensor

FOLDER = Path(__file__).resolve().parents[1]
PICTURES = 6000
INDEX = {
    "_class_name": "CascadePipeline", "_version": 1,
    "title": "diffusion autoencoder of the demo's world, 32x32",
    "pictures": {"image": {"range": [-1, 1], "size": [diffae.SIZE, diffae.SIZE]}},
    "constants": {
        "z_mean": {"file": "statistics.safetensors", "tensor": "mean"},
        "z_std": {"file": "statistics.safetensors", "tensor": "std"},
        **{name: {"file": "directions.safetensors", "tensor": name} for name in diffae.DIRECTIONS}},
    "graphs": {"encoder": {"inputs": {"sample": "image"}}},
    "values": {"z": {"op": "edit", "of": "encoder.z", "mean": "z_mean", "std": "z_std",
                     "directions": {name: name for name in diffae.DIRECTIONS}}},
    "stages": [{"name": "base", "denoiser": "unet", "sample": [3, diffae.SIZE, diffae.SIZE], "inputs": {"cond": "z"},
                "scheduler": "scheduler", "steps": 25, "guidance": 1.0}],
    "picture": {"of": "base", "range": [-1, 1]},
    "embeddings": ["z"],
    "main": "base",
}


@torch.no_grad()
def codes(model: diffae.Autoencoder, pictures: np.ndarray) -> torch.Tensor:
    """z of uint8 [N, 32, 32, 3]."""
    return torch.cat([model.encoder(to_tensor(pictures[i:i + 250])) for i in range(0, len(pictures), 250)])


def direction(z: torch.Tensor, positive: torch.Tensor) -> torch.Tensor:
    """Normal of the logistic regression that tells `positive` rows of normalised codes from the others."""
    w, b = torch.zeros(z.shape[1], requires_grad=True), torch.zeros((), requires_grad=True)
    opt = torch.optim.LBFGS([w, b], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        opt.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(z @ w + b, positive.float()) + 0.01 * w.square().sum()
        loss.backward()
        return loss

    opt.step(closure)
    return w.detach()


def main() -> None:
    """Graphs, numbers and configurations; sizes and differences to torch are printed."""
    p = common.parser(__doc__)
    p.add_argument("--out", type=Path, default=FOLDER)
    args = p.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(5)
    model = diffae.Autoencoder()
    model.load_state_dict(torch.load(args.work_dir / "diffae_weights.pt"))
    model.eval()
    pictures = np.load(args.work_dir / "pictures32.npy")[:PICTURES]
    z = codes(model, pictures)
    mean, std = z.mean(0), z.std(0)
    normal = (z - mean) / std
    values = {name: np.array([getattr(sample_scene(FIRST_SEED + i), name) for i in range(len(z))])
              for name in {d[0] for d in diffae.DIRECTIONS.values()}}
    vectors, report = {}, {}
    for name, (attribute, start, end) in diffae.DIRECTIONS.items():
        rows = np.isin(values[attribute], (start, end))
        positive = torch.from_numpy(values[attribute][rows] == end)
        chosen = normal[torch.from_numpy(rows)]
        w = direction(chosen, positive)
        gap = (chosen[positive].mean(0) - chosen[~positive].mean(0)) @ w / w.norm()
        # The strength s of z + s sqrt(n) w / |w| that carries one mean to the other along w.
        vectors[name] = w
        report[name] = {"strength": round(float(gap) / diffae.CODE ** 0.5, 3),
                        "separated": round(float(((chosen @ w > (chosen @ w).mean()) == positive).float().mean()), 4)}
    args.out.mkdir(parents=True, exist_ok=True)
    save_file({"mean": mean, "std": std}, args.out / "statistics.safetensors")
    save_file(vectors, args.out / "directions.safetensors")
    x, t = torch.rand(2, 3, diffae.SIZE, diffae.SIZE) * 2 - 1, torch.tensor([417, 30])
    batch = {0: "batch"}
    report |= {
        "encoder": graphs.export(model.encoder, args.out / "encoder" / "model.onnx", {"sample": x}, ["z"],
                                 {"sample": batch, "z": batch}),
        "unet": graphs.export(model.denoiser, args.out / "unet" / "model.onnx",
                              {"sample": x, "timestep": t, "cond": z[:2]}, ["out_sample"],
                              {"sample": batch, "timestep": batch, "cond": batch, "out_sample": batch}, eight_bit=True)}
    (args.out / "scheduler").mkdir(exist_ok=True)
    schedule = {"_class_name": "DDIMScheduler", **diffae.NOISE, "clip_sample": True, "clip_sample_range": 1.0,
                "set_alpha_to_one": True, "timestep_spacing": "trailing", "steps_offset": 0,
                "use_clipped_model_output": True}
    (args.out / "scheduler" / "scheduler_config.json").write_text(json.dumps(schedule, indent=2) + "\n")
    (args.out / "model_index.json").write_text(json.dumps(INDEX, indent=2) + "\n")
    print(json.dumps(report, indent=2))
    (args.work_dir / "diffae_export.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
