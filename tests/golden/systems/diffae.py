"""Diffusion autoencoders: an encoder whose code z tells a U-Net what it draws, and a prior that draws such codes.

tiny-diffae, after phizaz/diffae (experiment.py, manipulate.ipynb, interpolate.ipynb); the oracle is reference_process.py.
By `mode`:
  reconstruct   init -> z; x_T is the picture inverted (ddim_reverse, 20 levels); decoded in 10 steps by DDIM
  random        the same z, but x_T is noise of the seed: init is read for its code alone
  edit          reconstruct with z moved along `edits` ({attribute: amount}) before it is decoded; x_T is that of z itself
  interpolate   init and init_2 at `at`: z along the line, x_T along the arc
  sample        no picture: z is the prior's (20 steps in the code's own scale), x_T is noise
"""

import functools
from types import SimpleNamespace

import numpy as np
import torch
from family_tools import finish, generator, picture, write_json
from reference_networks import Denoiser, drawn, picture_inputs
from reference_process import f64, lerp_arc, pictures, signed, told, walk
from safetensors.torch import save_file
from system_tools import EACH, export, start
from make_diffusion_references import trained_alphas
from torch import nn
from torch.nn import functional

FOLDER, SIDE, CODE = "tiny-diffae", 32, 16
DEFAULTS = {"folder": FOLDER, "seed": 0, "mode": "reconstruct"}
DECODE = {"_class_name": "DDIMScheduler", "beta_schedule": "linear", "num_train_timesteps": 1000, "clip_sample": True,
          "timestep_respacing": "ddim10"}
INVERT = {**DECODE, "timestep_respacing": "ddim20"}
PRIOR = {**DECODE, "beta_start": 0.008, "beta_end": 0.008, "clip_sample": False, "timestep_respacing": "ddim20"}
ATTRIBUTES = ["smile", "night"]
VISIBLE = {"init": ["reconstruct", "reconstruct_mask"], "x_T": ["reconstruct", "random"],
           "edits": ["reconstruct", "edit", "edit_back"], "at": ["reconstruct", "interpolate"],
           "seed": ["sample", "sample_42"]}
MANIFEST = {
    "_class_name": "CascadePipeline", "_version": 1,
    "title": "a diffusion autoencoder: a code for what a picture shows, a noise for the rest, and a prior of codes",
    "pictures": {"image": {"size": [SIDE, SIDE]}},
    "constants": {name: {"file": "constants.safetensors", "tensor": name} for name in ["mean", "std", *ATTRIBUTES]},
    "graphs": {"encoder": {"inputs": {"sample": "image"}}},
    "values": {
        "drawn_code": {"op": "affine", "of": "prior", "multiply": "std", "add": "mean"},
        "z_sem": {"op": "first_of", "of": ["encoder.cond", "drawn_code"]},
        "x_T": {"op": "first_of", "of": ["invert"]},
        "z_edited": {"op": "edit", "of": "z_sem", "mean": "mean", "std": "std",
                     "directions": {name: name for name in ATTRIBUTES}},
    },
    "stages": [
        {"name": "prior", "denoiser": "prior", "sample": [CODE], "scheduler": "prior_scheduler"},
        {"name": "invert", "denoiser": "unet", "sample": [3, SIDE, SIDE], "inputs": {"cond": "z_sem"}, "from": "image",
         "invert": "ddim_reverse", "scheduler": "invert_scheduler"},
        {"name": "decode", "denoiser": "unet", "sample": [3, SIDE, SIDE], "inputs": {"cond": "z_edited"}, "from": "x_T",
         "scheduler": "scheduler"},
    ],
    "picture": {"of": "decode"},
    "embeddings": ["z_sem", "x_T"],
    "main": "decode",
}


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 2, 1)
        self.say = nn.Linear(8 * 16, CODE)

    def forward(self, x):
        h = functional.silu(self.second(functional.silu(self.first(x))))
        return 0.8 * self.say(functional.avg_pool2d(h, 2).flatten(1))


class Prior(nn.Module):
    """Noise of codes, as reference_networks.Denoiser predicts that of pictures."""

    def __init__(self):
        super().__init__()
        self.register_buffer("level", torch.from_numpy(np.sqrt(trained_alphas(PRIOR))).float())
        self.first, self.last = nn.Linear(CODE + 1, 24), nn.Linear(24, CODE)

    def forward(self, x, t):
        a = self.level[t][:, None]
        return (1 - a * a).sqrt() * x + a * torch.tanh(self.last(functional.silu(self.first(torch.cat([x, a], 1)))))


@functools.cache
def networks():
    return {"encoder": drawn(Encoder(), 4201, 1.6), "prior": drawn(Prior(), 4202, 1.5),
            "unet": drawn(Denoiser(DECODE, vector=CODE), 4203, 1.0)}


@functools.cache
def constants():
    random = torch.Generator().manual_seed(4204)
    out = {"mean": torch.randn(CODE, generator=random) * 0.3, "std": 0.3 + 0.5 * torch.rand(CODE, generator=random)}
    return out | {name: torch.randn(CODE, generator=random) for name in ATTRIBUTES}


def make_models(out):
    folder, parts = start(out, FOLDER), networks()
    write_json(folder / "model_index.json", MANIFEST)
    for name, config in {"scheduler": DECODE, "invert_scheduler": INVERT, "prior_scheduler": PRIOR}.items():
        write_json(folder / name / "scheduler_config.json", config)
    save_file(constants(), folder / "constants.safetensors")
    random = torch.Generator().manual_seed(9)
    code = (torch.randn(2, CODE, generator=random), EACH)
    export(folder / "encoder" / "model.onnx", parts["encoder"], lambda m, x: m(x),
           {"sample": (torch.randn(2, 3, SIDE, SIDE, generator=random), EACH)}, {"cond": EACH})
    export(folder / "unet" / "model.onnx", parts["unet"], lambda m, x, t, z: m(x, t, vector=z),
           picture_inputs(3, SIDE, cond=code), {"out_sample": EACH})
    export(folder / "prior" / "model.onnx", parts["prior"], lambda m, x, t: m(x, t),
           {"sample": code, "timestep": (torch.tensor([741, 20]), EACH)}, {"out_sample": EACH})
    finish(folder)


def cases():
    house = {"init": "low_32.png"}
    yield from {
        "reconstruct": house, "reconstruct_mask": {"init": "low_mask.png"}, "reconstruct_large": {"init": "house.png"},
        "reconstruct_steps": {**house, "steps": 25, "invert_steps": 50}, "random": {**house, "mode": "random"},
        "random_42": {**house, "mode": "random", "seed": 42}, "edit": {**house, "mode": "edit", "edits": {"smile": 1.0}},
        "edit_back": {**house, "mode": "edit", "edits": {"smile": -1.0}},
        "edit_both": {**house, "mode": "edit", "edits": {"smile": 0.5, "night": -0.8}},
        "interpolate": {**house, "mode": "interpolate", "init_2": "low_mask.png", "at": 0.5},
        "interpolate_0.2": {**house, "mode": "interpolate", "init_2": "low_mask.png", "at": 0.2},
        "sample": {"mode": "sample"}, "sample_42": {"mode": "sample", "seed": 42},
        "sample_edit": {"mode": "sample", "edits": {"night": 1.0}}, "sample_count_2": {"mode": "sample", "count": 2},
    }.items()


def draw(case, swap, trace):
    pipe, source, count = SimpleNamespace(**networks()), generator(case), case.get("count", 1)
    swap(pipe)
    shape = (count, 3, SIDE, SIDE)
    mean, std = (f64(constants()[name]) for name in ("mean", "std"))

    def unet(z):
        return lambda x, t: (f64(pipe.unet(*told(x, t), vector=torch.from_numpy(z).float())), None)

    def code(name):
        x = signed(picture(name), SIDE, 1)  # 1: Lanczos
        z = f64(pipe.encoder(torch.from_numpy(x).float()))
        config = {**INVERT, "timestep_respacing": f"ddim{case.get('invert_steps', 20)}"}
        return z, walk("ddim_reverse", config, shape, unet(z), source, x=x)

    noise = None
    if case["mode"] == "sample":
        z = walk("ddim", PRIOR, (count, CODE), lambda x, t: (f64(pipe.prior(*told(x, t))), None), source) * std + mean
    else:
        z, noise = code(case["init"])
    if case["mode"] == "random":
        noise = None
    if case["mode"] == "interpolate":
        z_2, noise_2 = code(case["init_2"])
        z, noise = z + case["at"] * (z_2 - z), lerp_arc(noise, noise_2, case["at"])
    trace.keep("z_sem", torch.from_numpy(z))
    for attribute, amount in case.get("edits", {}).items():
        w = f64(constants()[attribute])
        z = ((z - mean) / std + amount * np.sqrt(CODE) * w / np.linalg.norm(w)) * std + mean
    config = {**DECODE, "timestep_respacing": f"ddim{case.get('steps', 10)}"}
    return pictures(walk("ddim", config, shape, unet(z), source, x=noise))


def swap(pipe, folder, graphs):
    graphs.replace(pipe.encoder, "forward", lambda x: graphs.only(folder, "encoder", sample=x))
    graphs.replace(pipe.prior, "forward", lambda x, t: graphs.only(folder, "prior", sample=x, timestep=t))
    graphs.replace(pipe.unet, "forward", lambda x, t, vector: graphs.only(folder, "unet", sample=x, timestep=t,
                                                                          cond=vector))
