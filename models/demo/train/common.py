"""What every script here shares: the work folder, threads, the data cache, the clock."""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import torch

REPOSITORY = Path(__file__).resolve().parents[3]
MODEL_DIR = Path(__file__).resolve().parents[1]
THREADS = 2
# Elsewhere bfloat16 is emulated, ten times slower than float32.
FAST_BFLOAT16 = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()


def parser(doc: str | None) -> argparse.ArgumentParser:
    """An argument parser with the options every script has."""
    p = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--work-dir", type=Path, default=REPOSITORY / "target" / "demo-train",
                   help="where data, checkpoints and logs lie (never committed)")
    return p


def setup(seed: int) -> None:
    """Threads and seeds of one script."""
    torch.set_num_threads(THREADS)
    torch.manual_seed(seed)
    np.random.seed(seed)


def autocast() -> torch.autocast:
    """bfloat16 where the processor computes with it, float32 elsewhere."""
    return torch.autocast("cpu", torch.bfloat16, enabled=FAST_BFLOAT16)


def save_atomic(obj, path: Path) -> None:
    """`torch.save` that never leaves half a checkpoint behind."""
    tmp = path.with_suffix(path.suffix + ".tmp")
    torch.save(obj, tmp)
    os.replace(tmp, path)


class Clock:
    """Wall time of a budgeted run: `fraction` runs from 0 to 1 and drives the learning rate."""

    def __init__(self, minutes: float, used: float = 0.0) -> None:
        self.budget = minutes * 60.0
        self.start = time.time() - used

    def used(self) -> float:
        """Seconds used so far, those of resumed runs included."""
        return time.time() - self.start

    def fraction(self) -> float:
        """0 at the start, 1 when the budget is used up."""
        return min(1.0, self.used() / self.budget)


def cosine(fraction: float, step: int, warmup: int, peak: float, floor: float = 0.02) -> float:
    """Linear warm-up over `warmup` steps, then a cosine from `peak` to `floor * peak`."""
    shape = floor + (1 - floor) * 0.5 * (1 + np.cos(np.pi * fraction))
    return peak * min(1.0, (step + 1) / warmup) * float(shape)


class Log:
    """Prints a line and appends it to WORK/NAME.jsonl."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, **values) -> None:
        line = json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in values.items()})
        print(line, flush=True)
        with self.path.open("a") as f:
            f.write(line + "\n")
