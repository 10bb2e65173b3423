"""Trains the upsampler, 32 to 128 pixels, beside the finished text encoder; resumable, ends on time.

    python train_upsampler.py --minutes 15      # after train_base.py

The small picture is the mean of 4x4 pixels with a little blur and noise, which are what the
base model's pictures have.  The loss is that of F (glide.Upsampler), the same at every level.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers.models.attention_processor import AttnProcessor

import glide
import loop
import common
import fastnorm
import pixels
import train_base
from train_vae import to_tensor

BATCH, EMPTY, NOISE = 6, 0.15, 0.12


class Upsampler(loop.Task):
    """The network, pictures of both sizes, captions."""

    def __init__(self, work: Path) -> None:
        words = glide.Words(work / "glide_tokenizer")
        self.large = np.load(work / "pictures.npy", mmap_mode="r")
        self.small = pixels.small_pictures(work)
        self.tokens, self.mask = train_base.caption_ids(work, words, len(self.small))
        self.text = train_base.load(work, words).text.eval()
        self.model = glide.Upsampler()
        torch.nn.init.zeros_(self.model.unet.conv_out.weight)
        self.model.unet.set_attn_processor(AttnProcessor())
        fastnorm.install(self.model).to(memory_format=torch.channels_last)

    def loss(self, model) -> torch.Tensor:
        i, t = torch.randint(len(self.small), (BATCH,)), loop.levels(BATCH)
        tokens = self.tokens[i, 0].long()
        mask = self.mask[i, 0] & (torch.rand(BATCH, 1) >= EMPTY)
        with torch.no_grad():
            xf_out = self.text(tokens, mask)[0]
        x, low = to_tensor(np.stack([self.large[k] for k in i])), to_tensor(self.small[i.numpy()])
        soft = F.avg_pool2d(F.pad(low, (1, 1, 1, 1), mode="replicate"), 3, 1)
        low = torch.lerp(low, soft, 0.7 * torch.rand(BATCH, 1, 1, 1))
        low = low + NOISE * torch.rand(BATCH, 1, 1, 1) * torch.randn_like(low)
        detail = x - model.enlarged(low)

        def at(values: torch.Tensor) -> torch.Tensor:
            return values[t].view(-1, 1, 1, 1)
        y = at(model.signal) * detail + at(model.noise) * torch.randn_like(x)
        with common.autocast():
            out = model.network(y, t, low, xf_out).float()
        return (out - (detail - at(model.c_skip) * y) / at(model.c_out)).square().mean()

    def save(self, model, work: Path) -> None:
        torch.save(model.state_dict(), work / "glide_upsampler.pt")


if __name__ == "__main__":
    loop.run(loop.parser(__doc__, 15.0, 2e-3).parse_args(), "glide_train_upsampler", Upsampler)
