"""Guided diffusion: a class-conditional U-Net that a classifier of noisy pictures leads, and an upsampler.

tiny-guided, after openai/guided-diffusion scripts/{classifier_sample,super_res_sample}.py; the oracle is
reference_process.py. Cases: class (a list makes several pictures), guide_scale, guidance (classifier-free, above 1: both),
scheduler "ddim" with eta, steps; manifest "score": score.json instead of model_index.json, where the gradient moves the
prediction before x0 is clipped, as solvers of other projects have it (guided-diffusion's DDIM moves it afterwards).
The classifier's gradient graph has a batch of one, as make_fx leaves it.
"""

import functools
import json
from types import SimpleNamespace

import torch
from family_tools import finish, generator, write_json
from reference_networks import Critic, Denoiser, checked_gradient, drawn, label_gradient, picture_inputs
from reference_process import f64, guided, pictures, told, walk
from system_tools import EACH, export, start
from torch.nn import functional

FOLDER, SIDE, CLASSES = "tiny-guided", 16, 10
DEFAULTS = {"folder": FOLDER, "seed": 0, "class": [3], "steps": 9, "guide_scale": 1.0}
BASE = {"_class_name": "DDPMScheduler", "beta_schedule": "squaredcos_cap_v2", "num_train_timesteps": 1000,
        "variance_type": "learned_range", "clip_sample": True, "timestep_respacing": "9"}
UP = {"_class_name": "DDPMScheduler", "beta_schedule": "linear", "num_train_timesteps": 1000,
      "variance_type": "learned_range", "clip_sample": True, "timestep_respacing": "5"}
VISIBLE = {"class": ["class", "class_7"], "guide_scale": ["class", "scale_30", "scale_-20"], "cfg": ["class", "cfg"]}

MANIFEST = {
    "_class_name": "CascadePipeline", "_version": 1,
    "title": "guided diffusion: a class-conditional UNet led by a classifier, and an upsampler",
    "classes": {"class": {"count": CLASSES, "null": CLASSES}},
    "values": {"enlarged": {"op": "resize", "of": "base", "how": "bilinear", "size": [2 * SIDE, 2 * SIDE]}},
    "stages": [
        {"name": "base", "denoiser": "unet", "sample": [3, SIDE, SIDE], "inputs": {"class_labels": "class"},
         "scheduler": "scheduler", "null": {"class": "null"},
         "guide": {"graph": "classifier", "inputs": {"class_labels": "class"}, "scale": 1.0, "form": "mean"}},
        {"name": "upsampler", "denoiser": "upsampler", "sample": [3, 2 * SIDE, 2 * SIDE], "concat": ["enlarged"],
         "inputs": {"class_labels": "class"}, "scheduler": "upsampler_scheduler"},
    ],
    "picture": {"of": "upsampler"},
}


@functools.cache
def networks():
    return {"unet": drawn(Denoiser(BASE, classes=CLASSES + 1, learned=True), 4001, 1.1),
            "upsampler": drawn(Denoiser(UP, more=3, classes=CLASSES, learned=True, enlarger=True), 4002, 1.0),
            "classifier": drawn(Critic(CLASSES), 4003, 3.0)}


def make_models(out):
    folder, parts = start(out, FOLDER), networks()
    write_json(folder / "model_index.json", MANIFEST)
    score = json.loads(json.dumps(MANIFEST))
    score["stages"][0]["guide"]["form"] = "score"
    write_json(folder / "score.json", score)
    for name, config in {"scheduler": BASE, "upsampler_scheduler": UP}.items():
        write_json(folder / name / "scheduler_config.json", config)
    label = {"class_labels": (torch.tensor([3, 8]), EACH)}
    export(folder / "unet" / "model.onnx", parts["unet"], lambda m, x, t, y: m(x, t, label=y),
           picture_inputs(3, SIDE, **label), {"out_sample": EACH})
    export(folder / "upsampler" / "model.onnx", parts["upsampler"], lambda m, x, t, y: m(x[:, :3], t, x[:, 3:], label=y),
           picture_inputs(6, 2 * SIDE, **label), {"out_sample": EACH})
    checked_gradient(folder / "classifier" / "model.onnx", parts["classifier"], label_gradient,
                     lambda m, x, t, y: m(x, t).log_softmax(1).gather(1, y[:, None]).sum(),
                     picture_inputs(3, SIDE, **label), static=True)
    finish(folder)


def cases():
    yield from {
        "class": {}, "class_7": {"class": [7]}, "seed_42": {"seed": 42}, "scale_0": {"guide_scale": 0.0},
        "scale_30": {"guide_scale": 30.0}, "scale_-20": {"guide_scale": -20.0}, "cfg": {"guidance": 3.0},
        "cfg_alone": {"guidance": 3.0, "guide_scale": 0.0}, "count_2": {"class": [1, 5], "guide_scale": 10.0},
        "ddim": {"scheduler": "ddim", "guide_scale": 5.0}, "ddim_eta": {"scheduler": "ddim", "eta": 1.0, "guide_scale": 5.0},
        "ddim_score": {"scheduler": "ddim", "manifest": "score", "guide_scale": 5.0},
        "ddpm_score": {"manifest": "score", "guide_scale": 5.0}, "steps_15": {"steps": 15},
    }.items()


def draw(case, swap, trace):
    pipe, source, label = SimpleNamespace(**networks()), generator(case), torch.tensor(case["class"])
    swap(pipe)
    null, scale = torch.full_like(label, CLASSES), case.get("guidance", 1.0)
    gradient_of = getattr(pipe, "gradient", true_gradient)

    def gradient(x, t):
        return case["guide_scale"] * f64(gradient_of(*told(x, t), label))

    config = {**BASE, "timestep_respacing": str(case["steps"])}
    halves = [{"label": null}, {"label": label}] if scale > 1 else [{"label": label}]
    small = walk(case.get("scheduler", "ddpm"), config, (len(label), 3, SIDE, SIDE), guided(pipe.unet, scale, halves),
                 source, eta=case.get("eta", 0.0), gradient=gradient if case["guide_scale"] else None,
                 form="score" if "manifest" in case else "mean")
    trace.keep("base", torch.from_numpy(small))
    more = functional.interpolate(torch.from_numpy(small).float(), scale_factor=2, mode="bilinear")
    return pictures(walk("ddpm", UP, (len(label), 3, 2 * SIDE, 2 * SIDE),
                         guided(pipe.upsampler, 1.0, [{"more": more, "label": label}]), source))


def true_gradient(x, t, label):
    x = x.requires_grad_()
    return torch.autograd.grad(networks()["classifier"](x, t).log_softmax(1).gather(1, label[:, None]).sum(), x)[0]


def swap(pipe, folder, graphs):
    for name in ("unet", "upsampler"):
        graphs.replace(getattr(pipe, name), "forward", lambda x, t, more=None, label=None, name=name: graphs.only(
            folder, name, sample=x if more is None else torch.cat([x, more], 1), timestep=t, class_labels=label))
    pipe.gradient = lambda x, t, label: torch.cat([
        graphs.only(folder, "classifier", sample=x[i:i + 1], timestep=t[i:i + 1], class_labels=label[i:i + 1])
        for i in range(len(x))])
