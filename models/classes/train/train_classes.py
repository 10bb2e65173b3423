"""Trains the class-conditional UNet on the VQ latents (not quantised, as in LDM); resumable, ends on time.

    python train_classes.py --minutes 10      # after encode_demo.py

The demo's UNet is trained on, with class vectors for words (classes.ClassUnet); v-prediction on
the demo's noise schedule; one label in ten is the null class.
"""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers.models.attention_processor import AttnProcessor

import classes
import common
import fastnorm
import loop
import networks

BATCH, EMPTY = 16, 0.1


class Classes(loop.Task):
    """The UNet and the encoded pictures."""

    def __init__(self, work: Path) -> None:
        data = torch.load(work / "demo_latents.pt")
        self.latents, self.labels = data["latents"], classes.label(data["classes"])
        self.model = fastnorm.install(classes.unet()).to(memory_format=torch.channels_last)
        self.model.unet.set_attn_processor(AttnProcessor())  # the fused one is slow backwards on a CPU
        self.alphas = networks.noise_schedule().alphas_cumprod

    def loss(self, model) -> torch.Tensor:
        i, t = torch.randint(len(self.latents), (BATCH,)), loop.levels(BATCH)
        label = torch.where(torch.rand(BATCH) < EMPTY, classes.NULL, self.labels[i])
        alphas = self.alphas[t]
        noisy, target = loop.mix(self.latents[i], torch.randn(BATCH, 4, 16, 16), alphas)
        with common.autocast():
            out = model(noisy.to(memory_format=torch.channels_last), t, label)
        return ((out.float() - target).square().mean((1, 2, 3)) * loop.v_weight(alphas)).mean()

    def save(self, model, work: Path) -> None:
        torch.save(model.state_dict(), work / "class_unet_weights.pt")


if __name__ == "__main__":
    loop.run(loop.parser(__doc__, 10.0, 3e-4).parse_args(), "class_unet", Classes)
