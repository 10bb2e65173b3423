"""A denoiser of vectors: the priors of unCLIP and of the diffusion autoencoder."""

from __future__ import annotations

import torch
from torch import nn

WIDTH, BLOCKS, WAVES = 256, 4, 32


class VectorDenoiser(nn.Module):
    """sample [B, size], timestep int64 [B], told [B, told] -> the clean vector [B, size].

    Residual blocks of two linear layers; the timestep enters as sinusoids.
    """

    def __init__(self, size: int, told: int = 0) -> None:
        super().__init__()
        self.read = nn.Linear(size + told, WIDTH)
        self.time = nn.Sequential(nn.Linear(2 * WAVES, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH))
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH))
            for _ in range(BLOCKS))
        self.out = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, size))
        rates = torch.exp(-torch.arange(WAVES) / WAVES * torch.log(torch.tensor(10000.0)))
        self.register_buffer("rates", rates, persistent=False)

    def forward(self, sample: torch.Tensor, timestep: torch.Tensor, told: torch.Tensor | None = None) -> torch.Tensor:
        angle = timestep[:, None].float() * self.rates
        x = self.read(sample if told is None else torch.cat([sample, told], 1))
        x = x + self.time(torch.cat([angle.sin(), angle.cos()], 1))
        for block in self.blocks:
            x = x + block(x)
        return self.out(x)
