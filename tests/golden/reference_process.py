"""Sampling loops of OpenAI's, diffae's and CompVis' code in float64, for the systems that diffusers has no class for.

The networks are float32; everything between two calls of them is float64. The process and its steps are those of
make_diffusion_references.py. Noise comes from one torch.Generator("cpu"): the first sample of a stage, then one draw a
step, where OpenAI's code draws it (also where it has no weight).
"""

import numpy as np
import torch
from make_diffusion_references import Process, trained_alphas
from PIL import Image


def told(x, t):
    """x and the timestep as a network takes them."""
    return torch.from_numpy(np.asarray(x)).float(), torch.full((len(x),), int(t))


def f64(tensor):
    return tensor.detach().numpy().astype(np.float64)


def guided(network, scale, halves, channels=3):
    """(x, t) -> prediction, where its variance lies. `halves`: what the two branches are told, the null one first; one
    alone where scale is 1. The variance is that of what was asked for."""
    def predict(x, t):
        outputs = [f64(network(*told(x, t), **half)) for half in halves]
        noise = [output[:, :channels] for output in outputs]
        led = noise[-1] if len(halves) == 1 else noise[0] + scale * (noise[1] - noise[0])
        return led, outputs[-1][:, channels:]
    return predict


def walk(kind, config, shape, predict, source, x=None, eta=0.0, known=None, gradient=None, form="mean", scale=1.0):
    """One stage: ddpm, ddim, or ddim_reverse from x upwards. known: the picture that is kept, and 1 where not;
    gradient(x, t) moves the mean of a step, or with form="score" the prediction; scale: that of the first noise."""
    process = Process(config)
    if x is None:
        x = f64(torch.randn(shape, generator=source)) * scale
    places = range(len(process.timesteps))
    for k in places if kind == "ddim_reverse" else reversed(places):
        t = process.timesteps[k]
        output, second = predict(x, t)
        g = gradient(x, t) if gradient else 0.0
        if form == "score":
            output, g = output - np.sqrt(1 - process.abar[k]) * g, 0.0
        x0 = process.clean(x, output, k, known)
        if kind == "ddim_reverse":
            x = process.reverse(x, x0, k)
            continue
        z = f64(torch.randn(shape, generator=source))
        x = process.ddpm(x, x0, k, z, second, g) if kind == "ddpm" else process.ddim(x, x0, k, z, eta, g)
    return x


def compvis_ddim(config, steps, shape, predict, source, eta=0.0):
    """latent-diffusion's ldm/models/diffusion/ddim.py: t = range(0, 1000, 1000 // steps) + 1, which ends at the level of
    timestep 0. It draws a noise a step only where eta asks for one here; there the last bits of the stream differ."""
    alphas = trained_alphas(config)
    times = np.arange(0, 1000, 1000 // steps) + 1
    below = np.append(alphas[0], alphas[times[:-1]])
    x = f64(torch.randn(shape, generator=source))
    for t, p in zip(times[::-1], below[::-1]):
        a, (noise, _) = alphas[t], predict(x, t)
        x0 = (x - np.sqrt(1 - a) * noise) / np.sqrt(a)
        sigma = eta * np.sqrt((1 - p) / (1 - a) * (1 - a / p))
        x = np.sqrt(p) * x0 + np.sqrt(1 - p - sigma**2) * noise
        if eta:
            x = x + sigma * f64(torch.randn(shape, generator=source))
    return x


def pictures(x):
    """-1 to 1 as this library writes it: rounded."""
    levels = np.clip(np.round((np.asarray(x) + 1) * 127.5), 0, 255).astype(np.uint8)
    return [Image.fromarray(one.transpose(1, 2, 0)) for one in levels]


def signed(image, side, how=None):
    """A picture as [1, 3, side, side], -1 to 1."""
    image = image.convert("RGB")
    image = image if image.size == (side, side) else image.resize((side, side), how)
    return np.asarray(image).astype(np.float64).transpose(2, 0, 1)[None] / 127.5 - 1


def hole(image):
    """1 where the mask is white, [1, 1, side, side]."""
    return (np.asarray(image.convert("L")) >= 128).astype(np.float64)[None, None]


def lerp_arc(a, b, at):
    """Along the arc between two noises (diffae's interpolate.ipynb)."""
    angle = np.arccos((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))
    return (np.sin((1 - at) * angle) * a + np.sin(at * angle) * b) / np.sin(angle)
