"""Latent diffusion that is told where things are: a semantic map, a layout of boxes, a hole in a picture.

Three folders, by `pipeline`, after CompVis/latent-diffusion (models/ldm/{semantic_synthesis,layout2img-openimages256,
inpainting_big}/config.yaml, scripts/inpaint.py); the oracle is reference_process.py. All have a VQ autoencoder of 16
codes that shrinks by four, and DDIM.
  semantic   tiny-ldm-semantic   map (grey levels are labels): one plane a label, halved twice, one kernel of 1x1, behind
                                 the latents
  layout     tiny-ldm-layout     boxes [[class, left, top, right, bottom], ...]: tokens (4 boxes and the crop, a
                                 vocabulary of 102), embedded and looked at by the U-Net
  inpaint    tiny-ldm-inpaint    init, mask (white: drawn anew): the encoded picture without the hole, and the small mask
                                 behind the latents; outside the hole the picture stays as it is
steps, seed, eta, count.
"""

import functools
from types import SimpleNamespace

import numpy as np
import torch
from family_tools import finish, generator, picture, write_json
from PIL import Image
from reference_networks import Denoiser, drawn, picture_inputs
from reference_process import compvis_ddim, f64, guided, hole, pictures, signed
from safetensors.torch import save_file
from system_tools import EACH, export, start
from systems.ldm import nearest
from torch import nn
from torch.nn import functional

SIDE, SMALL, LABELS, LENGTH, VOCABULARY = 64, 16, 5, 14, 102
CLASSES = ["house", "moon", "tree"]
FOLDERS = {kind: f"tiny-ldm-{kind}" for kind in ("semantic", "layout", "inpaint")}
DEFAULTS = {"steps": 10, "seed": 0, "eta": 0.0, "count": 1}
SCHEDULER = {"_class_name": "DDIMScheduler", "beta_schedule": "scaled_linear", "beta_start": 0.0015, "beta_end": 0.0205,
             "num_train_timesteps": 1000, "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}
VISIBLE = {"map": ["semantic", "semantic_flipped"], "boxes": ["layout", "layout_one", "layout_moved"],
           "seed": ["layout", "layout_42"]}


def manifest(kind, title, concat, **more):
    values = {"codes": {"op": "vq", "of": "denoiser", "codebook": "codebook"}, **more.pop("values", {})}
    stage = {"name": "denoiser", "denoiser": "unet", "sample": [3, SMALL, SMALL], "inputs": more.pop("inputs", {}),
             "concat": concat, "scheduler": "scheduler", "steps": 50}
    graphs = {"decoder": {"inputs": {"latent_sample": "codes"}}, **more.pop("graphs", {})}
    return {"_class_name": "CascadePipeline", "_version": 1, "title": title,
            "sizes": {"width": SIDE, "height": SIDE, "fixed": True}, **more,
            "constants": {"codebook": {"file": "codebook.safetensors", "tensor": "embedding"}},
            "graphs": graphs, "values": values, "stages": [{k: v for k, v in stage.items() if v or k == "sample"}],
            "picture": more.get("picture", {"of": "decoder.sample"})}


def manifests():
    half = lambda of, size: {"op": "resize", "of": of, "how": "bilinear", "size": [size, size]}
    affine = lambda of, multiply, add: {"op": "affine", "of": of, "multiply": multiply, "add": add}
    return {
        "semantic": manifest(
            "semantic", "latent diffusion from a semantic map", ["rescaler.out"],
            pictures={"map": {"size": [SIDE, SIDE], "prepare": "labels"}},
            graphs={"rescaler": {"inputs": {"planes": "quarter"}}},
            values={"planes": {"op": "one_hot", "of": "map", "count": LABELS}, "half": half("planes", SIDE // 2),
                    "quarter": half("half", SIDE // 4)}),
        "layout": manifest(
            "layout", "latent diffusion from boxes with what is in them", [],
            layouts={"layout": {"classes": CLASSES, "objects": 4, "vocabulary": VOCABULARY, "crop": True}},
            graphs={"embedder": {"inputs": {"input_ids": "layout"}}},
            inputs={"encoder_hidden_states": "embedder.last_hidden_state"}),
        "inpaint": manifest(
            "inpaint", "latent diffusion into the hole of a picture", ["encoder.latent_sample", "small_mask"],
            pictures={"image": {"size": [SIDE, SIDE], "range": [0, 1]}, "mask": {"size": [SIDE, SIDE], "prepare": "mask"}},
            graphs={"encoder": {"inputs": {"sample": "hidden"}}},
            values={"keep": affine("mask", -1, 1), "kept": {"op": "multiply", "of": ["image", "keep"]},
                    "hidden": affine("kept", 2, -1), "signed_mask": affine("mask", 2, -1),
                    "small_mask": {"op": "resize", "of": "signed_mask", "how": "nearest", "size": [SMALL, SMALL]},
                    "unsigned": affine("decoder.sample", 0.5, 0.5),
                    "drawn": {"op": "clamp", "of": "unsigned", "min": 0, "max": 1},
                    "inside": {"op": "multiply", "of": ["drawn", "mask"]},
                    "whole": {"op": "affine", "of": "inside", "add": "kept"}},
            picture={"of": "whole", "range": [0, 1]}),
    }


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.last = nn.Conv2d(8, 3, 3, padding=1)

    def forward(self, z):
        for layer in (self.first, self.second):
            z = functional.interpolate(functional.silu(layer(z)), scale_factor=2, mode="nearest")
        return self.last(z)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 3, 3, 2, 1)

    def forward(self, x):
        return self.second(functional.silu(self.first(x)))


class Embedder(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(VOCABULARY, 16), nn.Parameter(torch.zeros(LENGTH, 16))
        self.say = nn.Linear(16, 16)

    def forward(self, ids):
        return self.say(functional.silu(5 * (self.words(ids) + self.places)))


@functools.cache
def networks(kind):
    seed = 4300 + 10 * list(FOLDERS).index(kind)
    more = {"semantic": {"more": 3}, "layout": {"rows": 16}, "inpaint": {"more": 4}}[kind]
    parts = {"unet": drawn(Denoiser(SCHEDULER, **more), seed, 1.4), "decoder": drawn(Decoder(), seed + 1, 1.7)}
    own = {"semantic": ("rescaler", nn.Conv2d(LABELS, 3, 1)), "layout": ("embedder", Embedder()),
           "inpaint": ("encoder", Encoder())}[kind]
    return parts | {own[0]: drawn(own[1], seed + 2, 2.0)}


@functools.cache
def codebook():
    """16 codes of three channels, no two nearer than 0.7."""
    random, codes = torch.Generator().manual_seed(4390), []
    while len(codes) < 16:
        code = torch.rand(3, generator=random) * 2.6 - 1.3
        if all((code - other).norm() > 0.7 for other in codes):
            codes.append(code)
    return torch.stack(codes)


def make_models(out):
    random = torch.Generator().manual_seed(9)
    values = lambda *shape: (torch.randn(2, *shape, generator=random), EACH)
    ids = (torch.randint(0, VOCABULARY, (2, LENGTH), generator=random), EACH)
    for kind, content in manifests().items():
        folder, parts = start(out, FOLDERS[kind]), networks(kind)
        write_json(folder / "model_index.json", content)
        write_json(folder / "scheduler" / "scheduler_config.json", SCHEDULER)
        save_file({"embedding": codebook()}, folder / "codebook.safetensors")
        forward = lambda m, x: m(x)
        export(folder / "decoder" / "model.onnx", parts["decoder"], forward, {"latent_sample": values(3, SMALL, SMALL)},
               {"sample": EACH})
        if kind == "layout":
            export(folder / "embedder" / "model.onnx", parts["embedder"], forward, {"input_ids": ids},
                   {"last_hidden_state": EACH})
            export(folder / "unet" / "model.onnx", parts["unet"], lambda m, x, t, rows: m(x, t, rows=rows),
                   picture_inputs(3, SMALL, encoder_hidden_states=values(LENGTH, 16)), {"out_sample": EACH})
        else:
            more = 3 if kind == "semantic" else 4
            export(folder / "unet" / "model.onnx", parts["unet"], lambda m, x, t: m(x[:, :3], t, x[:, 3:]),
                   picture_inputs(3 + more, SMALL), {"out_sample": EACH})
            name, given, out_ = (("rescaler", {"planes": values(LABELS, SMALL, SMALL)}, "out") if kind == "semantic" else
                                 ("encoder", {"sample": values(3, SIDE, SIDE)}, "latent_sample"))
            export(folder / name / "model.onnx", parts[name], forward, given, {out_: EACH})
        finish(folder)


def cases():
    boxes = [["house", 0.1, 0.3, 0.6, 0.9], ["moon", 0.7, 0.05, 0.95, 0.3]]
    kinds = {
        "semantic": ({"map": "labels.png"}, {
            "semantic": {}, "semantic_flipped": {"map": "labels_flipped.png"}, "semantic_eta_1": {"eta": 1.0},
            "semantic_count_2": {"count": 2}}),
        "layout": ({"boxes": boxes}, {
            "layout": {}, "layout_one": {"boxes": [["tree", 0.0, 0.0, 1.0, 1.0]]}, "layout_42": {"seed": 42},
            "layout_moved": {"boxes": [["house", 0.4, 0.0, 0.9, 0.5], boxes[1]]},
            "layout_full": {"boxes": [*boxes, *boxes]}}),
        "inpaint": ({"init": "house.png", "mask": "mask.png"}, {
            "inpaint": {}, "inpaint_42": {"seed": 42}, "inpaint_small": {"mask": "mask_small.png"},
            "inpaint_steps": {"steps": 25}}),
    }
    for kind, (own, changed) in kinds.items():
        for name, changes in changed.items():
            yield name, {"folder": FOLDERS[kind], "pipeline": kind, **own, **changes}


def layout_tokens(boxes):
    """taming-transformers' objects_bbox.py; the whole picture is the crop."""
    side = int(VOCABULARY**0.5)
    place = lambda x, y: round(y * (side - 1)) * side + round(x * (side - 1))
    tokens = [token for name, *c in boxes for token in (CLASSES.index(name), place(*c[:2]), place(*c[2:]))]
    return torch.tensor([tokens + [VOCABULARY - 1] * (LENGTH - 2 - len(tokens)) + [0, side * side - 1]])


def draw(case, swap, trace):
    kind, count = case["pipeline"], case["count"]
    pipe, told = SimpleNamespace(**networks(kind)), {}
    swap(pipe)
    if kind == "layout":
        told["rows"] = pipe.embedder(layout_tokens(case["boxes"])).expand(count, -1, -1)
    elif kind == "semantic":
        labels = torch.from_numpy(np.asarray(picture(case["map"]))).long()
        planes = functional.one_hot(labels, LABELS).permute(2, 0, 1)[None].float()
        for _ in range(2):
            planes = functional.interpolate(planes, scale_factor=0.5, mode="bilinear")
        told["more"] = pipe.rescaler(planes).expand(count, -1, -1, -1)
    else:
        image, mask = (signed(picture(case["init"]), SIDE, Image.LANCZOS) + 1) / 2, hole(picture(case["mask"]))
        kept = torch.from_numpy((1 - mask) * image).float()
        small = functional.interpolate(torch.from_numpy(mask).float() * 2 - 1, size=(SMALL, SMALL))
        told["more"] = torch.cat([pipe.encoder(kept * 2 - 1), small], 1).expand(count, -1, -1, -1)
    z = compvis_ddim(SCHEDULER, case["steps"], (count, 3, SMALL, SMALL), guided(pipe.unet, 1.0, [told]),
                     generator(case), case["eta"])
    trace.keep("latents", torch.from_numpy(z))
    drawn_ = f64(pipe.decoder(nearest(torch.from_numpy(z).float(), codebook())))
    if kind == "inpaint":
        drawn_ = ((1 - mask) * image + mask * np.clip((drawn_ + 1) / 2, 0, 1)) * 2 - 1
    return pictures(drawn_)


def swap(pipe, folder, graphs):
    graphs.replace(pipe.decoder, "forward", lambda z: graphs.only(folder, "decoder", latent_sample=z))
    for name, given in {"rescaler": "planes", "encoder": "sample", "embedder": "input_ids"}.items():
        if hasattr(pipe, name):
            graphs.replace(getattr(pipe, name), "forward", lambda x, name=name, given=given: graphs.only(
                folder, name, **{given: x}))
    graphs.replace(pipe.unet, "forward", lambda x, t, more=None, rows=None: graphs.only(
        folder, "unet", sample=x if more is None else torch.cat([x, more], 1), timestep=t, encoder_hidden_states=rows))
