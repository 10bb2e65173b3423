"""Trains what refines the base model's pictures, everything else held still; resumable, ends on time.

    python train_refine.py --minutes 4      # after train_base.py

Low noise levels weigh more than in train_base.py: what is left of the noise there is what one sees.
"""

from __future__ import annotations

from pathlib import Path

import torch

import train_base
import loop
import pixels
from train_vae import to_tensor

BATCH, MOST, NOISY = 16, 40.0, 1.3


class Refine(train_base.Base):
    """The base's task; only the refining convolutions learn."""

    def __init__(self, work: Path) -> None:
        super().__init__(work)
        given = self.model.load_state_dict(torch.load(work / "glide_base.pt"), strict=False)
        assert not given.unexpected_keys and all(".refine." in k for k in given.missing_keys), given
        self.model.requires_grad_(False)
        self.model.base.refine.requires_grad_(True)

    def loss(self, model) -> torch.Tensor:
        i = torch.randint(len(self.pictures), (BATCH,))
        t = (loop.levels(BATCH) / 1000).pow(NOISY).mul(1000).long()
        k = torch.randint(train_base.CAPTIONS_EACH, (BATCH,))
        x = to_tensor(self.pictures[i.numpy()])
        noisy = loop.mix(x, torch.randn_like(x), self.alphas[t])[0]
        words = model.text(self.tokens[i, k].long(), self.mask[i, k])[0]
        clean = model.base.planes(noisy, t, words)[0]
        return ((clean - x).square().mean((1, 2, 3)) * pixels.clean_weight(self.alphas[t], MOST)).mean()


if __name__ == "__main__":
    loop.run(loop.parser(__doc__, 4.0, 3e-3).parse_args(), "glide_train_refine", Refine)
