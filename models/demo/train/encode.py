"""Latents and captions of every training picture, computed once before the UNet's training.

    python encode.py        # reads WORK/pictures.npy and WORK/vae, writes WORK/encoded.pt

Also sets `scaling_factor` = 1 / std of the latents in WORK/vae/config.json.
"""

from __future__ import annotations

import random
import time

import numpy as np
import torch
from diffusers import AutoencoderKL
from transformers import CLIPTokenizerFast

import common
import vocabulary
from captions import caption
from dataset import FIRST_SEED
from scene import sample_scene
from train_vae import to_tensor

CAPTIONS_EACH = 8


def encode_captions(work_dir, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """ids int16 [count, CAPTIONS_EACH, 77] and the attribute classes int64 [count, 8]."""
    slow = vocabulary.load(work_dir)
    fast = CLIPTokenizerFast.from_pretrained(work_dir / "tokenizer")
    ids, classes = np.empty((count, CAPTIONS_EACH, vocabulary.LENGTH), np.int16), []
    rng = random.Random(3)
    options = {"padding": "max_length", "truncation": True, "max_length": vocabulary.LENGTH}
    for i in range(count):
        scene = sample_scene(FIRST_SEED + i)
        lines = [caption(scene, rng) for _ in range(CAPTIONS_EACH)]
        ids[i] = fast(lines, **options).input_ids
        if i % 2000 == 0:
            assert slow(lines, **options).input_ids == ids[i].tolist(), "the two tokenizers differ"
        classes.append(scene.classes())
    return torch.from_numpy(ids), torch.tensor(classes)


@torch.no_grad()
def main() -> None:
    """Encodes everything, in bfloat16 on the CPU."""
    p = common.parser(__doc__)
    args = p.parse_args()
    common.setup(2)
    start = time.time()
    pictures = np.load(args.work_dir / "pictures.npy", mmap_mode="r")
    vae = AutoencoderKL.from_pretrained(args.work_dir / "vae").eval().to(memory_format=torch.channels_last)
    latents = torch.empty(len(pictures), 4, 16, 16)
    with common.autocast():
        for i in range(0, len(pictures), 16):
            latents[i:i + 16] = vae.encode(to_tensor(pictures[i:i + 16])).latent_dist.mode().float()
    factor = 1.0 / latents.std().item()
    vae.register_to_config(scaling_factor=round(factor, 5))
    vae.save_config(args.work_dir / "vae")
    ids, classes = encode_captions(args.work_dir, len(pictures))
    common.save_atomic({"latents": latents, "ids": ids, "classes": classes}, args.work_dir / "encoded.pt")
    print(f"scaling factor {factor:.5f}; channel mean {latents.mean((0, 2, 3)).tolist()}, "
          f"std {latents.std((0, 2, 3)).tolist()}; {time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
