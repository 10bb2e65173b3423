"""Pixel-space denoisers of 32x32 pictures that start from the demo's UNet.

The UNet looks at cells of 2x2 pixels, so that its 16x16 places are the demo's.  What it learnt there
(which words make which shapes) is worth most of its training; only the way from latents to
pixels is new: two least-squares maps, and the demo's timestep of the same noise level.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from torch import nn

import demo_weights
import networks

SIZE, PATCH = 32, 2
REST = 0.1  # deviation of pixels from the mean of their cell, in units of -1..1


def shrink(pictures: np.ndarray, to: int = SIZE) -> np.ndarray:
    """uint8 [B, 128, 128, 3] -> uint8 [B, to, to, 3], means of whole blocks."""
    b, h, w, c = pictures.shape
    means = pictures.reshape(b, to, h // to, to, w // to, c).mean((2, 4), dtype=np.float32)
    return means.round().astype(np.uint8)


def small_pictures(work) -> np.ndarray:
    """All training pictures at 32x32, kept in WORK/pictures32.npy; uint8 [N, 32, 32, 3]."""
    path = work / "pictures32.npy"
    if not path.exists():
        large = np.load(work / "pictures.npy", mmap_mode="r")
        np.save(path, np.concatenate([shrink(large[i:i + 500]) for i in range(0, len(large), 500)]))
    return np.load(path)


def log_snr(alphas: torch.Tensor) -> torch.Tensor:
    """log(alpha / (1 - alpha)) of cumulated alphas."""
    return torch.log(alphas) - torch.log1p(-alphas)


def demo_timesteps(alphas: torch.Tensor) -> torch.Tensor:
    """For each cumulated alpha (float64 [T]) the demo's timestep of the same noise level; float32 [T]."""
    known = log_snr(networks.noise_schedule().alphas_cumprod.double()).flip(0)  # rising
    wanted = log_snr(alphas.double())
    right = torch.searchsorted(known, wanted).clamp(1, len(known) - 1)
    share = (wanted - known[right - 1]) / (known[right] - known[right - 1])
    return (len(known) - 1 - (right - 1 + share).clamp(0, len(known) - 1)).float()


class Refine(nn.Module):
    """A few convolutions over single pixels, which see what cells of 2x2 pixels are too coarse for.

    sample, clean [B, 3, 32, 32] and sigma [B, 1, 1, 1] (noise over signal) -> what to add to `clean`.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(7, width, 3, 1, 1), nn.SiLU(), nn.Conv2d(width, width, 3, 1, 1), nn.SiLU(),
                                    nn.Conv2d(width, width, 3, 1, 1), nn.SiLU(), nn.Conv2d(width, 3, 3, 1, 1))
        nn.init.zeros_(self.layers[-1].weight)
        nn.init.zeros_(self.layers[-1].bias)

    def forward(self, sample: torch.Tensor, clean: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        level = (torch.log(sigma) / 4).clamp(-1, 1) + torch.zeros_like(sample[:, :1])
        seen = sample * (1 + sigma ** 2).sqrt() / (0.25 + sigma ** 2).sqrt()
        return sigma / (1 + 5 * sigma) * self.layers(torch.cat([seen, clean, level], 1))


class PixelDenoiser(nn.Module):
    """A UNet over cells, and the noise schedule that turns what it says into x0 and epsilon.

    `planes` colour planes come out: 3, or 6 with the variance's (learned range).  With `vector` a
    vector [B, width of the time embedding] is added to the time embedding.
    """

    def __init__(self, alphas: torch.Tensor, planes: int = 3, vector: bool = False) -> None:
        super().__init__()
        self.unet = UNet2DConditionModel.from_config({
            **networks.unet().config, "in_channels": 3 * PATCH ** 2, "out_channels": planes * PATCH ** 2,
            **({"class_embed_type": "identity"} if vector else {})})
        self.refine = Refine()
        self.register_buffer("clock", demo_timesteps(alphas), persistent=False)
        self.register_buffer("signal", alphas.sqrt().float(), persistent=False)
        self.register_buffer("noise", (1 - alphas).sqrt().float(), persistent=False)

    @property
    def time_width(self) -> int:
        """The width of the time embedding."""
        return self.unet.time_embedding.linear_2.out_features

    def planes(self, sample: torch.Tensor, timestep: torch.Tensor, words: torch.Tensor,
               vector: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """The clean picture [B, 3, 32, 32], and what else the network says of every pixel.

        x0 = sqrt(alpha) S x + w (1 - S) x - sqrt(1 - alpha) u.  S is the mean of a cell; there u is v.  What the
        pixels of a cell differ by is small, of deviation r: w is its Wiener gain, so that no noise of those
        directions has to find its way through the network.  A few convolutions refine the result.
        """
        def at(values: torch.Tensor) -> torch.Tensor:
            return values[timestep].view(-1, 1, 1, 1)
        cells = F.pixel_unshuffle(sample, PATCH)
        out = self.unet(cells, self.clock[timestep], words, class_labels=vector, return_dict=False)[0]
        smooth = F.interpolate(F.avg_pool2d(sample, PATCH), scale_factor=float(PATCH))
        gain = at(self.signal) * REST ** 2 / (at(self.signal) ** 2 * REST ** 2 + at(self.noise) ** 2)
        u, more = F.pixel_shuffle(out[:, :cells.shape[1]], PATCH), F.pixel_shuffle(out[:, cells.shape[1]:], PATCH)
        clean = at(self.signal) * smooth + gain * (sample - smooth) - at(self.noise) * u
        return clean + self.refine(sample, clean, at(self.noise) / at(self.signal)), more

    def epsilon(self, clean: torch.Tensor, sample: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        """The noise: (x - sqrt(alpha) x0) / sqrt(1 - alpha)."""
        return (sample - self.signal[timestep].view(-1, 1, 1, 1) * clean) / self.noise[timestep].view(-1, 1, 1, 1)


def clean_weight(alphas: torch.Tensor, most: float = 5.0) -> torch.Tensor:
    """The demo's loss weight of v, min(1, 5 / (SNR + 1)), for the clean picture: min(1 / (1 - alpha), 5)."""
    return torch.clamp(1 / (1 - alphas), max=most)


@torch.no_grad()
def start(model: PixelDenoiser, pictures: torch.Tensor, latents: torch.Tensor) -> None:
    """Gives `model` the demo's weights.

    The demo reads and writes latents [N, 4, 16, 16]; the least-squares maps between them and the
    cells of the same pictures [N, 3, 32, 32] go into the first and the last convolution.  Further planes
    start at zero.
    """
    def rows(x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, 2, 3, 1).flatten(0, 2)

    cells, latent = rows(F.pixel_unshuffle(pictures, PATCH)), rows(latents)
    one = torch.ones(len(cells), 1)
    to_latent = torch.linalg.lstsq(torch.cat([cells, one], 1), latent).solution
    to_cells = torch.linalg.lstsq(torch.cat([latent, one], 1), cells).solution
    given = demo_weights.unet().state_dict()
    given["conv_in.weight"] = torch.einsum("ochw,ic->oihw", given["conv_in.weight"], to_latent[:-1])
    means = to_cells[:-1].unflatten(1, (3, -1)).mean(2, keepdim=True).expand(-1, -1, PATCH ** 2).flatten(1)
    weight = torch.einsum("cxhw,ci->ixhw", given["conv_out.weight"], means)
    bias = given["conv_out.bias"] @ means
    own = model.unet.state_dict()
    given["conv_out.weight"] = torch.zeros_like(own["conv_out.weight"])
    given["conv_out.bias"] = torch.zeros_like(own["conv_out.bias"])
    given["conv_out.weight"][:len(weight)], given["conv_out.bias"][:len(bias)] = weight, bias
    model.unet.load_state_dict(given)
