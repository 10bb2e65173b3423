"""Trains encoder and denoiser together; resumable, ends on time.

    python train_diffae.py --minutes 30      # after encode_demo.py

The loss is that of v (see diffae.Denoiser), weight min(1, 5 / (SNR + 1)), plus a tenth of the
cross-entropy of linear heads on z that name the scene's attributes: it makes z linear in them.
A little noise on z keeps the denoiser smooth in it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from diffusers.models.attention_processor import AttnProcessor

import diffae
import loop
import common
import fastnorm
from dataset import FIRST_SEED
from scene import sample_scene
from train_vae import to_tensor

BATCH, NAMING, JITTER = 12, 0.1, 0.05


class DiffAE(loop.Task):
    """Networks and pictures."""

    def __init__(self, work: Path) -> None:
        self.pictures = np.load(work / "pictures32.npy")
        self.classes = torch.tensor([sample_scene(FIRST_SEED + i).classes() for i in range(len(self.pictures))])
        self.model = diffae.Autoencoder()
        known = to_tensor(self.pictures[:400])
        diffae.start(self.model.denoiser, known, torch.load(work / "demo_latents.pt")["latents"][:400])
        self.model.denoiser.unet.set_attn_processor(AttnProcessor())  # the fused one is slow backwards on a CPU
        fastnorm.install(self.model).to(memory_format=torch.channels_last)
        self.alphas = diffae.alphas_cumprod()

    def loss(self, model) -> torch.Tensor:
        i, t = torch.randint(len(self.pictures), (BATCH,)), loop.levels(BATCH)
        x = to_tensor(self.pictures[i.numpy()])
        alphas = self.alphas[t]
        noisy, target = loop.mix(x, torch.randn_like(x), alphas)
        with torch.autocast("cpu", torch.bfloat16):
            z = model.encoder(x).float()
            out = model.denoiser.velocity(noisy, t, z + JITTER * torch.randn_like(z)).float()
        error = ((out - target).square().mean((1, 2, 3)) * loop.v_weight(alphas)).mean()
        return error + NAMING * model.naming(z, self.classes[i])

    def save(self, model, work: Path) -> None:
        torch.save(model.state_dict(), work / "diffae_weights.pt")


def main() -> None:
    """Small pictures first; then the training."""
    args = loop.parser(__doc__, 30.0, 1e-3).parse_args()
    path = args.work_dir / "pictures32.npy"
    if not path.exists():
        large = np.load(args.work_dir / "pictures.npy", mmap_mode="r")
        np.save(path, np.concatenate([diffae.shrink(large[i:i + 500]) for i in range(0, len(large), 500)]))
    loop.run(args, "diffae", DiffAE)


if __name__ == "__main__":
    main()
