"""The networks of the diffusion autoencoder (Preechakul et al. 2022), 32x32 pixels."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "train"))
import graphs  # noqa: E402,F401  (first: it makes the demo's scripts importable)
import pixels  # noqa: E402
import said  # noqa: E402
import vectors  # noqa: E402
from scene import ATTRIBUTES  # noqa: E402

SIZE, CODE = pixels.SIZE, 64
DIRECTIONS = {  # name: (attribute, from, to)
    "night": ("time", "noon", "night"),
    "sunset": ("time", "noon", "sunset"),
    "snow": ("ground", "meadow", "snow"),
}
NOISE = {"num_train_timesteps": 1000, "beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02,
         "prediction_type": "epsilon"}


def alphas_cumprod() -> torch.Tensor:
    """The cumulated alphas; float64 [1000]."""
    return torch.cumprod(1 - torch.linspace(NOISE["beta_start"], NOISE["beta_end"], NOISE["num_train_timesteps"],
                                            dtype=torch.float64), 0)


class Encoder(nn.Module):
    """sample [B, 3, 32, 32] in -1..1 -> z [B, 64]."""

    def __init__(self) -> None:
        super().__init__()
        def layer(i: int, o: int, stride: int) -> list[nn.Module]:
            return [nn.Conv2d(i, o, 3, stride, 1), nn.GroupNorm(8, o), nn.SiLU()]
        self.body = nn.Sequential(*layer(3, 32, 1), *layer(32, 64, 2), *layer(64, 96, 2), *layer(96, 96, 1),
                                  *layer(96, 128, 2), nn.Conv2d(128, 48, 1), nn.SiLU(), nn.Flatten(),
                                  nn.Linear(48 * 16, CODE))

    def forward(self, sample: torch.Tensor) -> torch.Tensor:
        return self.body(sample)


class Denoiser(pixels.PixelDenoiser):
    """sample [B, 3, 32, 32], timestep int64 [B], cond [B, 64] -> epsilon [B, 3, 32, 32].

    z is added to the time embedding, whose scale and shift follow every group normalisation (AdaGN), and is
    read as words (said.Words) by the cross-attention.
    """

    def __init__(self) -> None:
        super().__init__(alphas_cumprod(), vector=True)
        self.words = said.Words(CODE)
        self.shift = nn.Linear(CODE, self.time_width)
        nn.init.zeros_(self.shift.weight)
        nn.init.zeros_(self.shift.bias)

    def clean(self, sample: torch.Tensor, timestep: torch.Tensor, cond: torch.Tensor) -> torch.Tensor:
        """The clean picture."""
        return self.planes(sample, timestep, self.words(cond), self.shift(cond))[0]

    def forward(self, sample: torch.Tensor, timestep: torch.Tensor, cond: torch.Tensor) -> torch.Tensor:
        return self.epsilon(self.clean(sample, timestep, cond), sample, timestep)


class Prior(vectors.VectorDenoiser):
    """sample [B, 64] and timestep int64 [B] -> the clean code, (z - mean) / std."""

    def __init__(self) -> None:
        super().__init__(CODE)


class Autoencoder(nn.Module):
    """Encoder, denoiser, and heads that name the attributes from z (an auxiliary loss, thrown away later)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.denoiser = Encoder(), Denoiser()
        self.heads = nn.Linear(CODE, sum(len(v) for v in ATTRIBUTES.values()))

    def naming(self, z: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """Mean cross-entropy over the attributes."""
        parts = self.heads(z).split([len(v) for v in ATTRIBUTES.values()], 1)
        return torch.stack([F.cross_entropy(p, classes[:, k]) for k, p in enumerate(parts)]).mean()
