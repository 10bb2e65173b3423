"""The 42 classes (object kind x colour), the UNet and the noisy classifier."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "train"))
import demo_weights  # noqa: E402
import networks  # noqa: E402
import sample  # noqa: E402
from scene import COLOURS, OBJECTS  # noqa: E402

NAMES = [f"{colour} {kind}" for kind in OBJECTS for colour in COLOURS]
COUNT = len(NAMES)
TOKENS = 16
NULL = COUNT  # "no class": the label of classifier-free guidance


def label(classes: torch.Tensor) -> torch.Tensor:
    """Class of each picture from its attribute classes int64 [B, 8] (scene.ATTRIBUTES' order)."""
    return classes[:, 2] * len(COLOURS) + classes[:, 3]


class ClassUnet(nn.Module):
    """sample [B, 4, h, w], timestep int64 [B], class_labels int64 [B] -> v [B, 4, h, w].

    The demo's UNet; where that has the words of a prompt, this has 16 learnt vectors for each
    class, as LDM's class embedder has one (Rombach et al. 2022).
    """

    def __init__(self) -> None:
        super().__init__()
        self.unet = networks.unet()
        self.context = nn.Embedding(COUNT + 1, TOKENS * networks.WIDTH)

    def forward(self, sample: torch.Tensor, timestep: torch.Tensor, class_labels: torch.Tensor) -> torch.Tensor:
        words = self.context(class_labels).view(-1, TOKENS, networks.WIDTH)
        return self.unet(sample, timestep, words, return_dict=False)[0]


@torch.no_grad()
def unet() -> ClassUnet:
    """Starts as the demo: the vectors are the text encoder's first 16 of "a COLOUR KIND" (and "")."""
    model = ClassUnet()
    model.unet.load_state_dict(demo_weights.unet().state_dict())
    words = demo_weights.text_encoder()(
        sample.token_ids(demo_weights.tokenizer(), [f"a {name}" for name in NAMES] + [""])).last_hidden_state
    model.context.weight.copy_(words[:, :TOKENS].flatten(1))
    return model


class _Block(nn.Module):
    """Convolution, normalisation, time as scale and shift, SiLU."""

    def __init__(self, i: int, o: int, stride: int, time: int) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(i, o, 3, stride, 1), nn.GroupNorm(8, o)
        self.time = nn.Linear(time, 2 * o)

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        scale, shift = self.time(t)[:, :, None, None].chunk(2, 1)
        return nn.functional.silu(self.norm(self.conv(x)) * (1 + scale) + shift)


class Classifier(nn.Module):
    """Class logits [B, 42] of noisy latents [B, 4, 16, 16] at timesteps int64 [B]."""

    def __init__(self, time: int = 64) -> None:
        super().__init__()
        self.register_buffer("frequencies", torch.exp(-torch.arange(16) * (9.21 / 16)))
        self.time = nn.Sequential(nn.Linear(32, time), nn.SiLU(), nn.Linear(time, time), nn.SiLU())
        sizes = ((4, 32, 1), (32, 48, 1), (48, 64, 2), (64, 64, 1), (64, 96, 2), (96, 96, 1))
        self.blocks = nn.ModuleList(_Block(i, o, s, time) for i, o, s in sizes)
        self.head = nn.Linear(96, COUNT)

    def forward(self, sample: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        angle = timestep[:, None].to(sample.dtype) * self.frequencies
        t, x = self.time(torch.cat([angle.sin(), angle.cos()], 1)), sample
        for block in self.blocks:
            x = block(x, t)
        return self.head(x.amax((2, 3)))
