"""Sampling with the torch networks: previews during training, and the export's counterpart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from PIL import Image

import common
import networks
import vocabulary

PREVIEW = (
    "a red house on the left in a meadow at noon, two trees, the sun",
    "a blue castle in the middle in the snow at night, three pine trees and the moon",
    "a yellow lighthouse on the right at sea at sunset",
    "a white boat in the middle on the sea at dawn, the sun in the sky",
    "a green tent on the right in the desert at night, a full moon, no clouds",
    "a purple balloon on the left over a meadow at noon, clouds in the sky",
    "a red windmill on the right in the snow at dawn, one tree",
    "a white house in the middle in the desert at sunset with one palm tree",
    "a yellow castle on the left in a meadow at sunset with three trees",
    "a blue balloon in the middle over the desert at dawn",
    "a red boat on the left at sea at night with the moon",
    "a purple lighthouse at noon, cloudy sky",
    "a yellow tent on the left in the snow at noon",
    "a white windmill in the middle in a meadow at night, two trees",
    "a green house",
    "a blue boat",
    "night, desert",
    "a winter landscape at sunset with a red balloon",
)


def load_vae(work_dir: Path) -> AutoencoderKL:
    """The trained autoencoder."""
    return AutoencoderKL.from_pretrained(work_dir / "vae").eval()


def token_ids(tokenizer, prompts: list[str]) -> torch.Tensor:
    """int64 [B, 77]."""
    return torch.tensor(tokenizer(prompts, padding="max_length", truncation=True,
                                  max_length=vocabulary.LENGTH).input_ids)


def contact_sheet(pictures: np.ndarray, columns: int) -> Image.Image:
    """uint8 [N, H, W, 3] -> one picture, row by row; N must be a multiple of `columns`."""
    rows = [np.concatenate(list(pictures[i:i + columns]), 1) for i in range(0, len(pictures), columns)]
    return Image.fromarray(np.concatenate(rows, 0))


@torch.no_grad()
def generate(tokenizer, text, unet, vae, prompts: list[str], steps: int = 25, guidance: float = 3.0,
             seed: int = 0, scheduler=None) -> np.ndarray:
    """Pictures uint8 [B, 128, 128, 3] of the prompts."""
    scheduler = scheduler or networks.default_scheduler()
    scheduler.set_timesteps(steps)
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(len(prompts), 4, 16, 16, generator=generator) * scheduler.init_noise_sigma
    words = text(token_ids(tokenizer, [""] * len(prompts) + prompts)).last_hidden_state
    for t in scheduler.timesteps:
        inputs = scheduler.scale_model_input(torch.cat([x, x]), t)
        plain, told = unet(inputs, t, words).sample.chunk(2)
        x = scheduler.step(plain + guidance * (told - plain), t, x, return_dict=False)[0]
    y = vae.decode(x / vae.config.scaling_factor).sample
    return ((y + 1) * 127.5).round().clamp(0, 255).permute(0, 2, 3, 1).to(torch.uint8).numpy()


def preview(work_dir: Path, tokenizer, text, unet, vae, name: str) -> None:
    """A contact sheet of fixed prompts under WORK/preview/."""
    folder = work_dir / "preview"
    folder.mkdir(exist_ok=True)
    with common.autocast():
        pictures = generate(tokenizer, text, unet, vae, list(PREVIEW))
    contact_sheet(pictures, 6).save(folder / f"{name}.png")
