"""Latents, captions and attributes of the training pictures, with the demo's own networks.

    python encode_demo.py --count 6000      # WORK/demo_latents.pt; after the demo's dataset.py

The members that build on the demo (classes, control) are trained on these.
"""

from __future__ import annotations

import random

import numpy as np
import torch

import demo_weights
import common
import sample
from captions import caption
from dataset import FIRST_SEED
from scene import sample_scene

CAPTIONS_EACH, PART = 4, 500


def main() -> None:
    """Encodes in parts; a run that was stopped goes on with the next part."""
    p = common.parser(__doc__)
    p.add_argument("--count", type=int, default=6000)
    args = p.parse_args()
    common.setup(2)
    torch.set_num_threads(1)  # on a shared machine a second thread mostly waits for the first
    pictures = np.load(args.work_dir / "pictures.npy", mmap_mode="r")[:args.count]
    parts = args.work_dir / "demo_latents"
    parts.mkdir(exist_ok=True)
    for i in range(0, len(pictures), PART):
        path = parts / f"{i:06}.pt"
        if not path.exists():
            common.save_atomic(demo_weights.latents(np.array(pictures[i:i + PART])), path)
            print(i, flush=True)
    latents = torch.cat([torch.load(parts / f"{i:06}.pt") for i in range(0, len(pictures), PART)])
    rng, tokenizer = random.Random(3), demo_weights.tokenizer()
    scenes = [sample_scene(FIRST_SEED + i) for i in range(len(pictures))]
    ids = sample.token_ids(tokenizer, [caption(s, rng) for s in scenes for _ in range(CAPTIONS_EACH)])
    common.save_atomic({"latents": latents, "ids": ids.view(len(scenes), CAPTIONS_EACH, -1).short(),
                        "classes": torch.tensor([s.classes() for s in scenes])}, args.work_dir / "demo_latents.pt")
    print(f"std {latents.std().item():.4f}, largest {latents.abs().max().item():.2f}")


if __name__ == "__main__":
    main()
