"""Trains the small CLIP and then the prior; resumable, ends on time.

    python train_clip.py --minutes 4      # after ../../glide/train/train_base.py

CLIP: the contrastive loss over 96 pictures and captions that state everything, or not; beside it, linear heads name the
attributes from the image embedding (a quarter of the loss, thrown away later).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import unclip
import glide
import loop
import common
import pixels
import train_base
from dataset import FIRST_SEED
from scene import ATTRIBUTES, sample_scene
from train_vae import to_tensor

BATCH, NAMING = 96, 0.25


def views(work: Path) -> np.ndarray:
    """All training pictures at 64x64, kept in WORK/pictures64.npy."""
    path = work / "pictures64.npy"
    if not path.exists():
        large = np.load(work / "pictures.npy", mmap_mode="r")
        np.save(path, np.concatenate([pixels.shrink(large[i:i + 500], unclip.VIEW) for i in range(0, len(large), 500)]))
    return np.load(path, mmap_mode="r")


@torch.no_grad()
def states(work: Path, model: unclip.TextEncoder) -> torch.Tensor:
    """last_hidden_state of the training captions, float16 [N * 4, 41, 128]; kept in WORK/glide_states.pt."""
    path = work / "glide_states.pt"
    if not path.exists():
        tokens, mask = (x.flatten(0, 1) for x in torch.load(work / "glide_captions.pt"))
        common.save_atomic(torch.cat([model.words(a.long(), b)[0].half() for a, b in zip(tokens.split(256), mask.split(256))]), path)
    return torch.load(path, mmap=True)


class Model(nn.Module):
    """CLIP and the heads."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.clip = unclip.Clip(vocabulary)
        self.heads = nn.Linear(unclip.EMBED, sum(len(v) for v in ATTRIBUTES.values()))


class Clip(loop.Task):
    """Networks, pictures, states of captions."""

    def __init__(self, work: Path) -> None:
        words = glide.Words(work / "glide_tokenizer")
        self.model = Model(len(words))
        self.model.clip.text.words.load_state_dict(train_base.load(work, words).text.state_dict())
        self.model.clip.text.words.requires_grad_(False)
        self.model.clip.image.to(memory_format=torch.channels_last)
        self.views, self.states = views(work), states(work, self.model.clip.text)
        self.classes = torch.tensor([sample_scene(FIRST_SEED + i).classes() for i in range(len(self.views))])

    def loss(self, model) -> torch.Tensor:
        i = torch.randint(len(self.views), (BATCH,))
        k = torch.randint(train_base.CAPTIONS_EACH, (BATCH,))
        x = to_tensor(np.stack([self.views[j] for j in i]))
        x = x + 0.06 * torch.rand(BATCH, 1, 1, 1) * torch.randn_like(x)
        said = model.clip.text.project(self.states[i * train_base.CAPTIONS_EACH + k].float())
        seen = model.clip.image(x)
        logits = model.clip.scale.exp() * said @ seen.T / unclip.EMBED
        each = torch.arange(BATCH)
        contrast = (F.cross_entropy(logits, each) + F.cross_entropy(logits.T, each)) / 2
        parts = model.heads(seen).split([len(v) for v in ATTRIBUTES.values()], 1)
        naming = torch.stack([F.cross_entropy(p, self.classes[i, n]) for n, p in enumerate(parts)]).mean()
        return contrast + NAMING * naming

    def save(self, model, work: Path) -> None:
        torch.save(model.state_dict(), work / "unclip_clip.pt")


if __name__ == "__main__":
    loop.run(loop.parser(__doc__, 4.0, 2e-3).parse_args(), "unclip_train_clip", Clip)
