"""Trains what refines the base model's pictures, everything else held still; resumable, ends on time.

    python train_refine.py --minutes 3.5            # after train_base.py
    python train_refine.py --together --minutes 6   # then everything once more, as train_base.py does

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


class Together(train_base.Base):
    """The base's task from where its training ended."""

    def __init__(self, work: Path) -> None:
        super().__init__(work)
        given = self.model.load_state_dict(torch.load(work / "glide_base.pt"), strict=False)
        assert not given.unexpected_keys and all(".refine." in k for k in given.missing_keys), given


class Refine(Together):
    """Only the refining convolutions learn."""

    def __init__(self, work: Path) -> None:
        super().__init__(work)
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
    parser = loop.parser(__doc__, 3.5, 3e-3)
    parser.add_argument("--together", action="store_true", help="everything learns; --peak-lr 3e-4 fits")
    args = parser.parse_args()
    loop.run(args, "glide_train_together" if args.together else "glide_train_refine", Together if args.together else Refine)
