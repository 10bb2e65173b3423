"""Classifier guidance (guided-diffusion): a U-Net of a class on 16x16 pixels, and the gradient of a classifier of noise.

No class of diffusers does this: the oracle is sample() below, written from openai/guided-diffusion's
gaussian_diffusion.py (p_mean_variance, condition_mean, p_sample) and respace.py in float64; unguided it is compared with
diffusers' DDPMScheduler. Folder: unet (sample [B,3,16,16], timestep int64 [B], class_labels int64 [B] -> [B,6,16,16]),
classifier_grad (sample [1,3,16,16], timestep int64 [1], class_labels int64 [1] -> grad: one picture at a time),
classifier (sample, timestep -> logits [B,10]), scheduler. Settings: classes (one picture each), steps, scale, seed.
Pictures: (x + 1) * 127.5, clamped, cut to uint8 and not rounded, as classifier_sample.py does.
"""

import functools

import numpy as np
import torch
from diffusers import DDPMScheduler, UNet2DModel
from diffusers.models.embeddings import get_timestep_embedding
from family_tools import finish, generator, write_json
from gradient_graph import export as export_gradient
from PIL import Image
from system_networks import lean
from system_tools import EACH, FLAT, GRID, TOLERANCE, export, gain, scheduler_files, start

CLASSES = 10
DEFAULTS = {"folder": "tiny-guided", "classes": [3], "steps": 8, "scale": 1.0, "seed": 0}
SCHEDULER = {"_class_name": "DDPMScheduler", "_diffusers_version": "0.35.2", "beta_end": 0.02, "beta_schedule": "linear",
             "beta_start": 0.0001, "clip_sample": True, "num_train_timesteps": 1000, "prediction_type": "epsilon",
             "timestep_spacing": "linspace", "variance_type": "learned_range"}
VISIBLE = {"class": ["base", "class_7"], "scale": ["base", "scale_4"], "seed": ["base", "seed_42"]}


class Classifier(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.norm = torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.GroupNorm(2, 8)
        self.second, self.time = torch.nn.Conv2d(8, 8, 3, stride=2, padding=1), torch.nn.Linear(16, 8)
        self.out = torch.nn.Linear(8, CLASSES)

    def forward(self, sample, timestep):
        time = self.time(get_timestep_embedding(timestep, 16, flip_sin_to_cos=True, downscale_freq_shift=0))
        hidden = torch.nn.functional.silu(self.norm(self.first(sample)) + time[:, :, None, None])
        return self.out(torch.nn.functional.silu(self.second(hidden)).mean((2, 3)))


@functools.cache
def networks():
    torch.manual_seed(3701)
    unet = UNet2DModel(
        sample_size=16, in_channels=3, out_channels=6, layers_per_block=1, block_out_channels=(8, 8),
        down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        norm_num_groups=4, attention_head_dim=4, num_class_embeds=CLASSES, resnet_time_scale_shift="scale_shift",
    )
    lean(gain(unet, {"class_embedding": 2.0}, 3701), 3)
    torch.manual_seed(3702)
    classifier = Classifier().eval().requires_grad_(False)
    for layer, factor in ((classifier.first, 3.0), (classifier.second, 4.0), (classifier.out, 60.0)):
        layer.weight.mul_(factor)
    return {"unet": unet, "classifier": classifier}


def gradient(classifier, sample, timestep, labels):
    """grad_x sum(log_softmax(classifier(x, t))[y]) by autograd."""
    with torch.enable_grad():
        x = sample.detach().requires_grad_(True)
        chosen = torch.log_softmax(classifier(x, timestep), -1)[torch.arange(len(x)), labels].sum()
        return torch.autograd.grad(chosen, x)[0]


def make_models(out):
    folder, parts = start(out, "tiny-guided"), networks()
    write_json(folder / "model_index.json", {
        "_class_name": "GuidedDiffusion", "_diffusers_version": "0.35.2", "scheduler": ["diffusers", "DDPMScheduler"],
        "unet": ["diffusers", "UNet2DModel"],
    })
    scheduler_files(folder, scheduler=SCHEDULER)
    parts["unet"].save_config(folder / "unet")
    sample = {"sample": (torch.randn(2, 3, 16, 16), GRID), "timestep": (torch.tensor([741, 3]), EACH)}
    export(folder / "unet" / "model.onnx", parts["unet"], lambda m, x, t, labels: m(x, t, labels).sample,
           {**sample, "class_labels": (torch.tensor([7, 0]), EACH)}, {"out_sample": GRID})
    export(folder / "classifier" / "model.onnx", parts["classifier"], lambda m, x, t: m(x, t), sample, {"logits": FLAT})
    one = (torch.randn(1, 3, 16, 16), torch.tensor([741]), torch.tensor([7]))
    export_gradient(parts["classifier"], one, folder / "classifier_grad" / "model.onnx", gradient, TOLERANCE)
    finish(folder)


def respaced(steps):
    """space_timesteps(1000, [steps]): the kept original steps, ascending; python's rounding of an accumulated stride."""
    stride, at, kept = 999 / (steps - 1), 0.0, []
    for _ in range(steps):
        kept.append(round(at))
        at += stride
    return kept


def sample(predict, score, case, source, trace):
    """predict(x, t): [n, 6, ...]; score(x, t): the classifier's gradient times the scale, or None."""
    kept = respaced(case["steps"])
    bars = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))[kept]
    before = np.concatenate([[1.0], bars[:-1]])
    betas = 1 - bars / before
    small = betas * (1 - before) / (1 - bars)
    small_log = np.log(np.concatenate([small[1:2], small[1:]]))  # the first is nothing: its neighbour's instead
    shape = (len(case["classes"]), 3, 16, 16)
    x = torch.randn(shape, generator=source).double()
    for i in reversed(range(len(kept))):
        t = torch.full(shape[:1], kept[i])
        out = predict(x.float(), t).double()
        fraction = (out[:, 3:] + 1) / 2
        log = fraction * np.log(betas[i]) + (1 - fraction) * small_log[i]
        x_0 = ((x - (1 - bars[i]) ** 0.5 * out[:, :3]) / bars[i] ** 0.5).clamp(-1, 1)
        mean = betas[i] * before[i] ** 0.5 / (1 - bars[i]) * x_0
        mean = mean + (1 - betas[i]) ** 0.5 * (1 - before[i]) / (1 - bars[i]) * x
        if score:
            mean = mean + log.exp() * score(x.float(), t).double()
        x = mean
        if i:
            x = mean + (log / 2).exp() * torch.randn(shape, generator=source).double()
        if i == len(kept) - 1:
            trace.keep("first_step", x)
    trace.keep("last_step", x)
    return x


def cases():
    yield "base", {}
    yield "class_7", {"classes": [7]}
    yield "seed_42", {"seed": 42}
    yield "scale_0", {"scale": 0.0}
    yield "scale_4", {"scale": 4.0}
    yield "steps_25", {"steps": 25}
    yield "three_classes", {"classes": [0, 7, 9]}


class Parts:
    """What swap() changes: the two networks as functions."""

    def __init__(self):
        self.unet = networks()["unet"]
        self.score = functools.partial(gradient, networks()["classifier"])

    def predict(self, x, t, labels):
        return self.unet(x, t, labels).sample


@torch.no_grad()
def draw(case, swap, trace):
    parts, labels = Parts(), torch.tensor(case["classes"])
    swap(parts)

    def predict(x, t):
        return parts.predict(x, t, labels)

    def score(x, t):
        rows = [parts.score(x[i : i + 1], t[i : i + 1], labels[i : i + 1]) for i in range(len(x))]
        return case["scale"] * torch.cat(rows)

    x = sample(predict, score if case["scale"] else None, case, generator(case), trace)
    if not case["scale"]:
        check(predict, case, x)
    levels = ((x + 1) * 127.5).clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return [Image.fromarray(picture) for picture in levels]


def check(predict, case, ours):
    """The unguided run is diffusers' over the same steps and noise."""
    scheduler, source = DDPMScheduler.from_config(SCHEDULER), generator(case)
    scheduler.set_timesteps(timesteps=respaced(case["steps"])[::-1])
    x = torch.randn(ours.shape, generator=source)
    for t in scheduler.timesteps:
        x = scheduler.step(predict(x, t.expand(len(x))), t, x, generator=source).prev_sample
    assert (x - ours).abs().max() < 1e-3, (x - ours).abs().max()


def swap(parts, folder, graphs):
    parts.predict = lambda x, t, labels: graphs.only(folder, "unet", sample=x, timestep=t, class_labels=labels)
    parts.score = lambda x, t, labels: graphs.only(folder, "classifier_grad", sample=x, timestep=t, class_labels=labels)
