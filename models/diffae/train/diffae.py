"""The networks of the diffusion autoencoder (Preechakul et al. 2022), 32x32 pixels."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "train"))
import demo_weights  # noqa: E402
import networks  # noqa: E402
import sample as sample_ids  # noqa: E402
from scene import ATTRIBUTES  # noqa: E402

SIZE, CODE, PATCH = 32, 64, 2
CONSTANT, WORDS = 8, 4  # vectors for the cross-attention: the demo's empty prompt, z
DIRECTIONS = {  # name: (attribute, from, to)
    "night": ("time", "noon", "night"),
    "sunset": ("time", "noon", "sunset"),
    "snow": ("ground", "meadow", "snow"),
    "cloudy": ("weather", "clear", "cloudy"),
}
NOISE = {"num_train_timesteps": 1000, "beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02,
         "prediction_type": "epsilon"}


def alphas_cumprod() -> torch.Tensor:
    """The cumulated alphas; float32 [1000]."""
    betas = torch.linspace(NOISE["beta_start"], NOISE["beta_end"], NOISE["num_train_timesteps"], dtype=torch.float64)
    return torch.cumprod(1 - betas, 0).float()


def shrink(pictures: np.ndarray, to: int = SIZE) -> np.ndarray:
    """uint8 [B, 128, 128, 3] -> uint8 [B, to, to, 3], means of whole blocks."""
    b, h, w, c = pictures.shape
    means = pictures.reshape(b, to, h // to, to, w // to, c).mean((2, 4), dtype=np.float32)
    return means.round().astype(np.uint8)


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


class Denoiser(nn.Module):
    """sample [B, 3, 32, 32], timestep int64 [B], cond [B, 64] -> epsilon [B, 3, 32, 32].

    The demo's UNet on 2x2 pixels a cell, 16x16 cells.  z is added to the time embedding, whose
    scale and shift follow every group normalisation (AdaGN); it also gives four of the vectors
    that the cross-attention looks at, the others are constant.  Inside, the network answers with
    v, which is well conditioned at every level; epsilon = sqrt(alpha) v + sqrt(1 - alpha) x.
    """

    def __init__(self) -> None:
        super().__init__()
        self.unet = UNet2DConditionModel.from_config({
            **networks.unet().config, "in_channels": 3 * PATCH ** 2, "out_channels": 3 * PATCH ** 2,
            "class_embed_type": "identity"})
        self.shift = nn.Linear(CODE, self.unet.time_embedding.linear_2.out_features)
        self.words = nn.Linear(CODE, WORDS * networks.WIDTH)
        self.constant = nn.Parameter(torch.zeros(1, CONSTANT, networks.WIDTH))
        alphas = alphas_cumprod()
        self.register_buffer("signal", alphas.sqrt())
        self.register_buffer("noise", (1 - alphas).sqrt())

    def velocity(self, sample: torch.Tensor, timestep: torch.Tensor, cond: torch.Tensor) -> torch.Tensor:
        """The network itself."""
        patches = F.pixel_unshuffle(sample, PATCH)
        words = torch.cat([self.constant.expand(len(cond), -1, -1),
                           self.words(cond).view(-1, WORDS, networks.WIDTH)], 1)
        out = self.unet(patches, timestep, words, class_labels=self.shift(cond), return_dict=False)[0]
        return F.pixel_shuffle(out, PATCH)

    def forward(self, sample: torch.Tensor, timestep: torch.Tensor, cond: torch.Tensor) -> torch.Tensor:
        v = self.velocity(sample, timestep, cond)
        return self.signal[timestep].view(-1, 1, 1, 1) * v + self.noise[timestep].view(-1, 1, 1, 1) * sample


@torch.no_grad()
def start(model: Denoiser, pictures: torch.Tensor, latents: torch.Tensor) -> None:
    """Gives `model` the demo's weights.

    The demo reads and writes latents [N, 4, 16, 16]; the least-squares maps between them and the
    cells of the same pictures [N, 3, 32, 32] go into the first and the last convolution.
    """
    def rows(x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, 2, 3, 1).flatten(0, 2)

    cells, latent = rows(F.pixel_unshuffle(pictures, PATCH)), rows(latents)
    one = torch.ones(len(cells), 1)
    to_latent = torch.linalg.lstsq(torch.cat([cells, one], 1), latent).solution
    to_cells = torch.linalg.lstsq(torch.cat([latent, one], 1), cells).solution
    given = demo_weights.unet().state_dict()
    given["conv_in.weight"] = torch.einsum("ochw,ic->oihw", given["conv_in.weight"], to_latent[:-1])
    given["conv_out.weight"] = torch.einsum("cxhw,ci->ixhw", given["conv_out.weight"], to_cells[:-1])
    given["conv_out.bias"] = given["conv_out.bias"] @ to_cells[:-1]
    model.unet.load_state_dict(given)
    empty = sample_ids.token_ids(demo_weights.tokenizer(), [""])
    model.constant.copy_(demo_weights.text_encoder()(empty).last_hidden_state[:, :CONSTANT])
    for layer in (model.shift, model.words):
        nn.init.normal_(layer.weight, std=0.02)
        nn.init.zeros_(layer.bias)


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
