"""Trains the prior: from a caption to the image embedding; resumable, ends on time.

    python train_prior.py --minutes 2      # after train_clip.py

The clean embedding is predicted (the loss of every level weighs the same); one caption in ten is empty.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

import unclip
import glide
import loop
import common
import train_base
import train_clip
from train_vae import to_tensor

BATCH, EMPTY = 256, 0.1


@torch.no_grad()
def embeddings(work: Path, image: unclip.ImageEncoder) -> torch.Tensor:
    """Image embeddings of the training pictures, [N, 64]; kept in WORK/unclip_embeds.pt."""
    path = work / "unclip_embeds.pt"
    if not path.exists():
        small = train_clip.views(work)
        common.save_atomic(torch.cat([image(to_tensor(np.array(small[i:i + 250]))) for i in range(0, len(small), 250)]), path)
    return torch.load(path)


def load_clip(work: Path) -> tuple[unclip.Clip, glide.Words]:
    """The trained CLIP and its words."""
    words = glide.Words(work / "glide_tokenizer")
    model = train_clip.Model(len(words))
    model.load_state_dict(torch.load(work / "unclip_clip.pt"))
    return model.clip.eval().requires_grad_(False), words


class Prior(loop.Task):
    """The network, embeddings, states of captions."""

    def __init__(self, work: Path) -> None:
        self.clip, words = load_clip(work)
        self.embeds, self.states = embeddings(work, self.clip.image), train_clip.states(work, self.clip.text)
        nothing = words.ids([""])
        self.empty = self.clip.text(*nothing)[0]
        self.model, self.alphas = unclip.Prior(), glide.cumulated(glide.cosine_betas()).float()

    def loss(self, model) -> torch.Tensor:
        i, t = torch.randint(len(self.embeds), (BATCH,)), loop.levels(BATCH)
        k = torch.randint(train_base.CAPTIONS_EACH, (BATCH,))
        states = self.states[i * train_base.CAPTIONS_EACH + k].float()
        states = torch.where(torch.rand(BATCH, 1, 1) < EMPTY, self.empty, states)
        x = self.embeds[i]
        noisy = loop.mix(x, torch.randn_like(x), self.alphas[t])[0]
        with torch.no_grad():
            text = self.clip.text.project(states)
        return (model(noisy, t, text, states) - x).square().mean()

    def save(self, model, work: Path) -> None:
        torch.save(model.state_dict(), work / "unclip_prior.pt")


if __name__ == "__main__":
    loop.run(loop.parser(__doc__, 2.0, 1.5e-3).parse_args(), "unclip_train_prior", Prior)
