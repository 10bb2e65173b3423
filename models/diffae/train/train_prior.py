"""Trains the latent prior, which samples codes where no picture is given; resumable, ends on time.

    python train_prior.py --minutes 1      # after train_diffae.py

The clean code is predicted, of codes with mean 0 and deviation 1.
"""

from __future__ import annotations

from pathlib import Path

import torch

import diffae
import loop
import common
import pixels
from train_vae import to_tensor

BATCH = 256


def load(work: Path) -> diffae.Autoencoder:
    """The trained autoencoder."""
    model = diffae.Autoencoder()
    model.load_state_dict(torch.load(work / "diffae_weights.pt"))
    return model.eval().requires_grad_(False)


def codes(work: Path, model: diffae.Autoencoder) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """z of the training pictures [N, 64], kept in WORK/diffae_codes.pt; their mean and deviation."""
    path = work / "diffae_codes.pt"
    if not path.exists():
        small = pixels.small_pictures(work)
        common.save_atomic(torch.cat([model.encoder(to_tensor(small[i:i + 250])) for i in range(0, len(small), 250)]), path)
    z = torch.load(path)
    return z, z.mean(0), z.std(0)


class Prior(loop.Task):
    """The network and the codes."""

    def __init__(self, work: Path) -> None:
        z, mean, std = codes(work, load(work))
        self.codes, self.model, self.alphas = (z - mean) / std, diffae.Prior(), diffae.alphas_cumprod().float()

    def loss(self, model) -> torch.Tensor:
        i, t = torch.randint(len(self.codes), (BATCH,)), loop.levels(BATCH)
        x = self.codes[i]
        noisy = loop.mix(x, torch.randn_like(x), self.alphas[t])[0]
        return (model(noisy, t) - x).square().mean()

    def save(self, model, work: Path) -> None:
        torch.save(model.state_dict(), work / "diffae_prior.pt")


if __name__ == "__main__":
    loop.run(loop.parser(__doc__, 1.0, 1.5e-3).parse_args(), "diffae_train_prior", Prior)
