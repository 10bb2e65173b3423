"""The judge: a small CNN that reads a scene's attributes from a picture.

    python train_judge.py --epochs 3      # writes judge.pt beside this script

Trained on real renders only (a little blur, noise and shift, so that it does not hang on
single pixels); its accuracy on 2000 held-out renders stands in judge.json.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import common
import dataset
from scene import ATTRIBUTES, sample_scene

WEIGHTS = Path(__file__).with_name("judge.pt")
FIGURES = Path(__file__).with_name("judge.json")
HELD_OUT, HELD_OUT_FIRST = 2000, 100_000


class Judge(nn.Module):
    """float [B, 3, 128, 128] in -1..1 -> one row of logits an attribute, side by side."""

    def __init__(self) -> None:
        super().__init__()
        def layer(i: int, o: int, stride: int) -> list[nn.Module]:
            return [nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU()]
        self.body = nn.Sequential(
            *layer(3, 24, 2), *layer(24, 32, 2), *layer(32, 64, 2), *layer(64, 64, 1), *layer(64, 96, 2),
            nn.Conv2d(96, 32, 1), nn.ReLU(), nn.Flatten(), nn.Dropout(0.1), nn.Linear(32 * 64, 128), nn.ReLU())
        self.sizes = [len(v) for v in ATTRIBUTES.values()]
        self.head = nn.Linear(128, sum(self.sizes))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.head(self.body(x)).split(self.sizes, 1)


def to_input(pictures: np.ndarray) -> torch.Tensor:
    """uint8 [B, 128, 128, 3] -> the judge's input."""
    x = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
    return x.contiguous(memory_format=torch.channels_last)


def augment(x: torch.Tensor) -> torch.Tensor:
    """Noise for all, blur for half the batches, a shift of up to 3 pixels."""
    if torch.rand(()) < 0.5:
        x = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    dy, dx = torch.randint(-3, 4, (2,)).tolist()
    x = F.pad(x, (3, 3, 3, 3), mode="replicate")[..., 3 + dy:131 + dy, 3 + dx:131 + dx]
    return (x + 0.04 * torch.randn_like(x)).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def classify(judge: Judge, pictures: np.ndarray) -> np.ndarray:
    """Class indices int64 [B, attributes]."""
    judge.eval()
    out = []
    for i in range(0, len(pictures), 64):
        out.append(torch.stack([p.argmax(1) for p in judge(to_input(pictures[i:i + 64]))], 1))
    return torch.cat(out).numpy()


def load() -> Judge:
    """The trained judge."""
    judge = Judge()
    judge.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in torch.load(WEIGHTS).items()})
    return judge.eval()


def main() -> None:
    """Trains, measures on held-out renders, writes weights and figures."""
    p = common.parser(__doc__)
    p.add_argument("--epochs", type=float, default=3)
    p.add_argument("--threads", type=int, default=common.THREADS)
    args = p.parse_args()
    common.setup(5)
    torch.set_num_threads(args.threads)
    start = time.time()
    pictures = np.load(args.work_dir / "pictures.npy", mmap_mode="r")
    classes = torch.tensor([sample_scene(dataset.FIRST_SEED + i).classes() for i in range(len(pictures))])
    judge = Judge().to(memory_format=torch.channels_last)
    opt = torch.optim.AdamW(judge.parameters(), lr=2e-3, weight_decay=1e-2)
    size = 64
    steps = int(args.epochs * len(pictures) / size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(opt, 3e-3, steps)
    order: list[int] = []
    for step in range(steps):
        if len(order) < size:
            order = torch.randperm(len(pictures)).tolist()
        pick, order = sorted(order[:size]), order[size:]
        with common.autocast():
            logits = judge(augment(to_input(pictures[pick])))
        loss = sum(F.cross_entropy(z.float(), classes[pick, k]) for k, z in enumerate(logits))
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        schedule.step()
        if step % 50 == 0:
            print(step, round(loss.item(), 4), f"{time.time() - start:.0f} s", flush=True)
    held_out = dataset.pictures(HELD_OUT_FIRST, HELD_OUT)
    truth = np.array([sample_scene(HELD_OUT_FIRST + i).classes() for i in range(HELD_OUT)])
    right = (classify(judge, held_out) == truth).mean(0)
    figures = {name: round(float(a), 4) for name, a in zip(ATTRIBUTES, right)}
    figures["average"] = round(float(right.mean()), 4)
    torch.save({k: v.half() if v.is_floating_point() else v for k, v in judge.state_dict().items()}, WEIGHTS)
    FIGURES.write_text(json.dumps({"held_out_renders": HELD_OUT, "accuracy": figures,
                                   "seconds": round(time.time() - start)}, indent=2) + "\n")
    print(figures)


if __name__ == "__main__":
    main()
