"""Reads the layout map back from a picture: a small CNN, trained on real renders only.

    python segmenter.py        # writes segmenter.pt and segmenter.json beside this script

It works on 64x64 (means of 2x2 pixels); the maps are thinned to every second pixel.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import maps
import common
import dataset
from scene import sample_scene

WEIGHTS, FIGURES = Path(__file__).with_name("segmenter.pt"), Path(__file__).with_name("segmenter.json")
HELD_OUT, HELD_OUT_FIRST, BATCH = 200, 150_000, 16


class Segmenter(nn.Module):
    """float [B, 3, 128, 128] in -1..1 -> logits [B, parts, 64, 64]."""

    def __init__(self) -> None:
        super().__init__()
        def layer(i: int, o: int, stride: int) -> nn.Sequential:
            return nn.Sequential(nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU())
        self.down = nn.ModuleList([layer(3, 24, 1), layer(24, 40, 2), layer(40, 64, 2), layer(64, 64, 2)])
        self.up = nn.ModuleList([layer(64 + 64, 64, 1), layer(64 + 40, 40, 1), layer(40 + 24, 24, 1)])
        self.head = nn.Conv2d(24, len(maps.PARTS), 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x, kept = F.avg_pool2d(x, 2), []
        for layer in self.down:
            x = layer(x)
            kept.append(x)
        for layer, skip in zip(self.up, kept[-2::-1]):
            x = layer(torch.cat([F.interpolate(x, scale_factor=2.0), skip], 1))
        return self.head(x)


def thin(labels: np.ndarray) -> np.ndarray:
    """[B, 128, 128] -> [B, 64, 64]."""
    return labels[:, ::2, ::2]


@torch.no_grad()
def read(model: Segmenter, pictures: np.ndarray) -> np.ndarray:
    """Part indices uint8 [B, 64, 64] of uint8 pictures [B, 128, 128, 3]."""
    x = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float().div(127.5).sub(1)
    return torch.cat([model(part).argmax(1).byte() for part in x.split(32)]).numpy()


def load() -> Segmenter:
    """The trained network."""
    model = Segmenter()
    model.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in torch.load(WEIGHTS).items()})
    return model.eval()


def agreement(seen: np.ndarray, told: np.ndarray) -> dict:
    """Share of equal pixels, and intersection over union of each part over all pictures."""
    out = {"pixels": round(float((seen == told).mean()), 4)}
    for k, name in enumerate(maps.PARTS):
        either = ((seen == k) | (told == k)).sum()
        out[name] = round(float(((seen == k) & (told == k)).sum() / max(either, 1)), 4)
    return out


def main() -> None:
    """Trains, measures on held-out renders."""
    p = common.parser(__doc__)
    p.add_argument("--steps", type=int, default=450)
    args = p.parse_args()
    common.setup(6)
    torch.set_num_threads(1)
    pictures = np.load(args.work_dir / "pictures.npy", mmap_mode="r")
    labels = np.load(args.work_dir / "maps.npy", mmap_mode="r")
    model = Segmenter().to(memory_format=torch.channels_last)
    opt = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(opt, 4e-3, args.steps)
    for step in range(args.steps):
        i = torch.randint(len(labels), (BATCH,))
        x = torch.from_numpy(np.stack([pictures[k] for k in i])).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
        x = x + 0.05 * torch.randn_like(x)
        if torch.rand(()) < 0.5:  # as for the judge: not to hang on sharp edges
            x = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
        y = torch.from_numpy(thin(np.stack([labels[k] for k in i]))).long()
        with common.autocast():
            logits = model(x.contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(logits.float(), y)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        schedule.step()
        if step % 50 == 0:
            print(step, round(loss.item(), 4), flush=True)
    model.eval()
    scenes = [sample_scene(HELD_OUT_FIRST + i) for i in range(HELD_OUT)]
    told = thin(maps.labels(np.stack([maps.draw(s) for s in scenes])))
    figures = agreement(read(model, dataset.pictures(HELD_OUT_FIRST, HELD_OUT)), told)
    torch.save({k: v.half() if v.is_floating_point() else v for k, v in model.state_dict().items()}, WEIGHTS)
    FIGURES.write_text(json.dumps({"held_out_renders": HELD_OUT, "agreement": figures}, indent=2) + "\n")
    print(figures)


if __name__ == "__main__":
    main()
