"""Trains the ControlNet on layout maps, the demo's UNet frozen; resumable, ends on time.

    python train_control.py --minutes 35      # after encode_demo.py

v-prediction and loss weight as for the demo; four captions in ten are empty, so that the map
alone has to say the layout.  High noise levels come more often: there the layout is decided.
"""

from __future__ import annotations

from multiprocessing import Pool
from pathlib import Path

import numpy as np
import torch
from diffusers.models.attention_processor import AttnProcessor
from torch import nn

import control
import maps
import demo_weights
import loop
import common
import fastnorm
import networks
import sample
from dataset import FIRST_SEED
from scene import sample_scene

BATCH, EMPTY, NOISY = 12, 0.4, 0.7


def _labels(seed: int) -> np.ndarray:
    return maps.labels(maps.draw(sample_scene(seed)))


def label_maps(work: Path, count: int) -> np.ndarray:
    """Part indices of the training pictures, uint8 [count, 128, 128]; kept in WORK/maps.npy."""
    path = work / "maps.npy"
    if not path.exists() or len(np.load(path, mmap_mode="r")) < count:
        with Pool(common.THREADS) as pool:
            np.save(path, np.stack(pool.map(_labels, range(FIRST_SEED, FIRST_SEED + count), 100)))
    return np.load(path, mmap_mode="r")


def hint(labels: np.ndarray) -> torch.Tensor:
    """Part indices uint8 [B, 128, 128] -> the ControlNet's picture in 0..1, [B, 3, 128, 128]."""
    return torch.from_numpy(maps.COLOURS[labels]).permute(0, 3, 1, 2).float().div_(255)


class Pair(nn.Module):
    """Frozen UNet and trained ControlNet."""

    def __init__(self) -> None:
        super().__init__()
        self.unet = demo_weights.unet().requires_grad_(False)
        self.net = control.build(self.unet)

    def forward(self, x, t, words, hints):
        down, mid = self.net(x, t, words, hints, return_dict=False)
        return self.unet(x, t, words, down_block_additional_residuals=down, mid_block_additional_residual=mid).sample


class Control(loop.Task):
    """ControlNet and data."""

    def __init__(self, work: Path) -> None:
        data = torch.load(work / "demo_latents.pt")
        self.latents, self.ids = data["latents"], data["ids"]
        self.maps = label_maps(work, len(self.latents))
        self.text = demo_weights.text_encoder()
        self.empty = sample.token_ids(demo_weights.tokenizer(), [""])[0].short()
        self.model = fastnorm.install(Pair()).to(memory_format=torch.channels_last)
        self.model.unet.set_attn_processor(AttnProcessor())
        self.model.net.set_attn_processor(AttnProcessor())
        self.alphas = networks.noise_schedule().alphas_cumprod

    def loss(self, model) -> torch.Tensor:
        i, t = torch.randint(len(self.latents), (BATCH,)), (loop.levels(BATCH) / 1000).pow(NOISY).mul(1000).long()
        ids = self.ids[i, torch.randint(self.ids.shape[1], (BATCH,))]
        ids[torch.rand(BATCH) < EMPTY] = self.empty
        with torch.no_grad():
            words = self.text(ids.long()).last_hidden_state
        alphas = self.alphas[t]
        noisy, target = loop.mix(self.latents[i], torch.randn(BATCH, 4, 16, 16), alphas)
        hints = hint(np.stack([self.maps[k] for k in i])).contiguous(memory_format=torch.channels_last)
        with common.autocast():
            out = model(noisy.to(memory_format=torch.channels_last), t, words, hints)
        return ((out.float() - target).square().mean((1, 2, 3)) * loop.v_weight(alphas)).mean()

    def save(self, model, work: Path) -> None:
        model.net.save_pretrained(work / "controlnet")


def main() -> None:
    """Maps first, by all processes; then the training."""
    args = loop.parser(__doc__, 35.0, 1e-3).parse_args()
    label_maps(args.work_dir, len(torch.load(args.work_dir / "demo_latents.pt")["latents"]))
    loop.run(args, "control", Control)


if __name__ == "__main__":
    main()
