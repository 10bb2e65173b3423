"""A code read as words: what a text encoder would have said of a sentence that names everything.

A denoiser that was trained on text understands such words at once; a code (an image embedding, a
semantic code) needs no long training of the denoiser then.
"""

from __future__ import annotations

import torch
from torch import nn

import graphs  # noqa: F401  (makes the demo's scripts importable)
import networks
from scene import Scene

SENTENCE, HIDDEN = 24, 160  # words of the sentence that are told, width of the network that tells them


def sentence(scene: Scene) -> str:
    """Every attribute, each at its own place, so that one place always tells the same attribute."""
    trees = {0: "no trees", 1: "one tree", 2: "two trees", 3: "three trees"}[scene.trees]
    sky = "clear" if scene.weather == "clear" else "cloudy"
    ground = {"meadow": "in a meadow", "snow": "in the snow", "desert": "in the desert", "sea": "on the sea"}[scene.ground]
    body = "no moon" if scene.body == "none" and scene.time == "night" else "no sun" if scene.body == "none" else f"the {scene.body}"
    where = {"left": "on the left", "middle": "in the middle", "right": "on the right"}[scene.place]
    return f"a {scene.colour} {scene.object} {where} {ground} at {scene.time}, {trees}, {body}, a {sky} sky"


class Words(nn.Module):
    """code [B, width] -> words [B, 24, 128]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, HIDDEN), nn.GELU(),
                                    nn.Linear(HIDDEN, SENTENCE * networks.WIDTH))

    def forward(self, code: torch.Tensor) -> torch.Tensor:
        return self.layers(code).view(-1, SENTENCE, networks.WIDTH)  # any batch, in a graph too
