"""Tiny networks of the systems that diffusers has no class for, as OpenAI, CompVis and diffae cut theirs into graphs.

Every denoiser predicts the noise s x + a n with a = sqrt(alpha_bar_t), s = sqrt(1 - alpha_bar_t) and n what its weights
make of x, t and what it is told: the clean picture that follows is a x - s n, whatever the noise level is. A network
whose prediction has nothing to do with x gives one of black and white alone (system_networks.lean says why). Where a is
so small that one float's rounding would show in the clean picture (a cosine's last levels), n counts for 0.05 at least,
and clipping makes black and white of it: the rounding is gone. n sees x faintly, or many steps would enlarge a rounding.
"""

import numpy as np
import torch
from make_diffusion_references import trained_alphas
from system_tools import EACH, export
from torch import nn
from torch.nn import functional

WIDTH = 8


def drawn(model, seed, gain=1.0):
    """The module with weights of a fixed seed, each output of a deviation of about `gain`."""
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            fan = parameter[0].numel() if parameter.ndim > 1 else 9
            parameter.copy_(torch.randn(parameter.shape, generator=draw) * gain / fan**0.5)
    return model.eval()


class Denoiser(nn.Module):
    """sample [B, C, H, W], timestep [B] -> [B, C or 2C, H, W].

    more: the channels behind the sample's; vector: the width of what is added beside the time; rows: the width of the
    rows [B, N, rows] that it looks at; classes: how many labels there are. The second half of what a `learned` one
    gives is where its variance lies, -1 to 1. An `enlarger`'s clean picture follows the last channels behind the sample."""

    def __init__(self, schedule, channels=3, more=0, vector=0, rows=0, classes=0, learned=False, enlarger=False):
        super().__init__()
        self.register_buffer("level", torch.from_numpy(np.sqrt(trained_alphas(schedule))).float())
        self.channels, self.learned, self.enlarger = channels, learned, enlarger
        self.first = nn.Conv2d(channels + more, WIDTH, 3, padding=1)
        self.time = nn.Linear(3, WIDTH)
        self.vector = nn.Linear(vector, WIDTH) if vector else None
        self.classes = nn.Embedding(classes, WIDTH) if classes else None
        self.look = nn.Linear(rows, 2 * WIDTH) if rows else None
        self.middle = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.last = nn.Conv2d(WIDTH, channels * (2 if learned else 1), 3, padding=1)

    def forward(self, x, t, more=None, vector=None, rows=None, label=None):
        a = self.level[t][:, None, None, None]
        s = (1 - a * a).sqrt()
        told = self.time(torch.cat([t[:, None] / 1000.0, a[:, :, 0, 0], s[:, :, 0, 0]], 1))
        if vector is not None:
            told = told + self.vector(vector)
        if label is not None:
            told = told + self.classes(label)
        h = self.first(0.3 * x if more is None else torch.cat([0.3 * x, more], 1)) + told[:, :, None, None]
        if rows is not None:
            keys, values = self.look(rows).chunk(2, 2)
            places = h.flatten(2).transpose(1, 2)
            seen = functional.softmax(places @ keys.transpose(1, 2), 2) @ values
            h = h + seen.transpose(1, 2).reshape(h.shape)
        h = functional.silu(h)
        out = self.last(h + functional.silu(self.middle(h)))
        if self.enlarger:
            rest = torch.zeros_like(out[:, self.channels:])
            out = 0.4 * out - torch.cat([1.2 * more[:, -self.channels:], rest], 1)
        out = torch.tanh(out)
        noise = s * x + a.clamp(min=0.05) * out[:, : self.channels]
        return torch.cat([noise, out[:, self.channels:]], 1) if self.learned else noise


class Text(nn.Module):
    """GLIDE's: ids [B, N], mask [B, N] -> xf_proj [B, width], xf_out [B, width, N]. Places that the mask leaves out hold
    the network's own padding."""

    def __init__(self, vocabulary, length, width):
        super().__init__()
        self.words, self.places = nn.Embedding(vocabulary, width), nn.Parameter(torch.zeros(length, width))
        self.padding = nn.Parameter(torch.zeros(length, width))
        self.attend, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, ids, mask):
        h = torch.where(mask[:, :, None], 4 * self.words(ids), self.padding) + self.places
        q, k, v = self.attend(h).chunk(3, 2)
        h = h + functional.softmax(q @ k.transpose(1, 2) / 3, 2) @ v
        return self.project(h[:, -1]), h.transpose(1, 2)


class Critic(nn.Module):
    """Something that looks at a noisy picture: [B, 3, 16, 16], timestep [B] -> [B, out], and the gradient of a sum over
    what it says, written out (`torch.func.grad` does not go through torch.onnx.export; make_fx's graph of it would)."""

    def __init__(self, out, patch=4):
        super().__init__()
        self.patch = patch
        self.see, self.time, self.say = nn.Linear(3 * patch**2, 12), nn.Linear(1, 12), nn.Linear(12, out)

    def patches(self, x):
        p, n = self.patch, 16 // self.patch
        return x.reshape(-1, 3, n, p, n, p).permute(0, 2, 4, 1, 3, 5).reshape(-1, n * n, 3 * p * p)

    def before(self, x, t):
        return self.see(self.patches(x)) + self.time(t[:, None] / 1000.0)[:, None]

    def forward(self, x, t):
        return self.say(functional.silu(self.before(x, t)).mean(1))

    def back(self, x, t, change):
        """The gradient of sum(change * forward(x, t)) with respect to x."""
        u, p, n = self.before(x, t), self.patch, 16 // self.patch
        gate = torch.sigmoid(u)
        slope = gate * (1 + u * (1 - gate))
        small = ((change @ self.say.weight)[:, None] / n**2 * slope) @ self.see.weight
        return small.reshape(-1, n, n, 3, p, p).permute(0, 3, 1, 4, 2, 5).reshape(x.shape)


def label_gradient(critic, x, t, label):
    """grad_x log p(label | x): of a classifier."""
    rest = functional.softmax(critic(x, t), 1)
    hot = (torch.arange(rest.shape[1])[None] == label[:, None]).float()
    return critic.back(x, t, hot - rest)


def text_gradient(critic, x, t, told, scale):
    """grad_x of scale times the cosine to the unit vector `told`: of CLIP's picture encoder."""
    z = critic(x, t)
    length = z.norm(dim=1, keepdim=True)
    z = z / length
    return critic.back(x, t, scale * (told - (told * z).sum(1, keepdim=True) * z) / length)


def checked_gradient(path, critic, call, value, inputs, static=False):
    """Exports call(critic, x, t, ...) as `grad`, after comparing it with autograd of value(critic, x, t, ...)."""
    examples = [example for example, _ in inputs.values()]
    x = examples[0].clone().requires_grad_()
    true = torch.autograd.grad(value(critic, x, *examples[1:]), x)[0]
    assert torch.allclose(call(critic, *examples), true, atol=1e-6, rtol=1e-4), path
    if static:
        inputs = {name: (example[:1], (None,) * example.ndim) for name, (example, _) in inputs.items()}
    export(path, critic, call, inputs, {"grad": ("batch",) if not static else ()})


def picture_inputs(channels, side, **more):
    """What a denoiser's export begins with."""
    draw = torch.Generator().manual_seed(3)
    return {"sample": (torch.randn(2, channels, side, side, generator=draw), EACH),
            "timestep": (torch.tensor([741, 20]), EACH), **more}
