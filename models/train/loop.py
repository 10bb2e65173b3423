"""The training loop that the small members share: two processes, a budget of time, resumable.

A script makes a `Task` (networks, a loss of one random batch, what to write) and calls `run`.
Two processes of one thread each average their gradients once a step, as for the demo's UNet:
on a machine that others use as well, that loses far less than two threads that meet at every
operation.  AdamW, EMA of the weights, learning rate by the share of the budget used.  The budget
is CPU time of one process, not wall time: a busy machine then changes how long the training
takes, not how good it gets.
"""

from __future__ import annotations

import copy
import os
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

import graphs  # noqa: F401  (makes the demo's scripts importable)
import common
from train_unet import average_gradients

EMA, SNR_CAP = 0.998, 5.0


class Task(ABC):
    """What is trained: every parameter of `model` that requires a gradient."""

    model: nn.Module

    @abstractmethod
    def loss(self, model: nn.Module) -> torch.Tensor:
        """The loss of one random batch, a scalar."""

    @abstractmethod
    def save(self, model: nn.Module, work: Path) -> None:
        """Writes what later scripts read; `model` holds the averaged weights."""


class Clock:
    """CPU time of this process: `fraction` runs from 0 to 1 and drives the learning rate."""

    def __init__(self, minutes: float, used: float) -> None:
        self.budget, self.start = minutes * 60.0, time.process_time() - used

    def used(self) -> float:
        """Seconds used so far, those of resumed runs included."""
        return time.process_time() - self.start

    def fraction(self) -> float:
        """0 at the start, 1 when the budget is used up."""
        return min(1.0, self.used() / self.budget) if self.budget else 1.0


def levels(n: int) -> torch.Tensor:
    """n timesteps in 0..999, spread over all levels; int64."""
    return ((torch.arange(n) + torch.rand(n)) * (1000 / n)).long()


def mix(x: torch.Tensor, noise: torch.Tensor, alphas: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The noisy sample and the v-prediction target at cumulated alphas [B]."""
    a = alphas.view(-1, *[1] * (x.ndim - 1))
    return a.sqrt() * x + (1 - a).sqrt() * noise, a.sqrt() * noise - (1 - a).sqrt() * x


def v_weight(alphas: torch.Tensor) -> torch.Tensor:
    """The demo's loss weight for v-prediction: min(1, 5 / (SNR + 1))."""
    return torch.clamp(SNR_CAP / (alphas / (1 - alphas) + 1), max=1.0)


def parser(doc: str | None, minutes: float, peak_lr: float):
    """The options of every training script."""
    p = common.parser(doc)
    p.add_argument("--minutes", type=float, default=minutes, help="CPU minutes of each process")
    p.add_argument("--peak-lr", type=float, default=peak_lr)
    p.add_argument("--save-every", type=float, default=1.0, help="CPU minutes between checkpoints")
    p.add_argument("--processes", type=int, default=common.THREADS)
    return p


def run(args, name: str, make: Callable[[Path], Task]) -> None:
    """Trains until the minutes are used up; checkpoint WORK/NAME.pt, log WORK/NAME.jsonl."""
    with tempfile.TemporaryDirectory() as folder:
        rest = (args, name, make, Path(folder) / "meeting")
        if args.processes == 1:
            _worker(0, *rest)
        else:
            mp.spawn(_worker, rest, nprocs=args.processes)


def _worker(rank: int, args, name: str, make: Callable[[Path], Task], meeting: Path) -> None:
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=args.processes)
    torch.set_num_threads(1)
    torch.manual_seed(3)
    first = rank == 0
    task = make(args.work_dir)
    model, ema = task.model, copy.deepcopy(task.model).eval()
    weights = [w for w in model.parameters() if w.requires_grad]
    opt = torch.optim.AdamW(weights, lr=args.peak_lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    parts = {"model": model, "ema": ema, "opt": opt}
    checkpoint, step, used = args.work_dir / f"{name}.pt", 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=False)
        for key, part in parts.items():
            part.load_state_dict(state[key])
        step, used = state["step"], state["used"]
    clock, log = Clock(args.minutes, used), common.Log(args.work_dir / f"{name}.jsonl")
    torch.manual_seed(1000 * step + rank)
    trained = [(a, b) for a, b in zip(ema.parameters(), model.parameters()) if b.requires_grad]
    averaged, current = [a for a, _ in trained], [b for _, b in trained]
    last_save, mean_loss = clock.used(), None
    if first:
        log(parameters=sum(w.numel() for w in weights))

    def save() -> None:
        common.save_atomic({k: v.state_dict() for k, v in parts.items()} | {"step": step, "used": clock.used()},
                           checkpoint)
        task.save(ema, args.work_dir)

    while True:
        now = torch.tensor([clock.fraction()])
        dist.broadcast(now, 0)  # one clock for all
        if float(now) >= 1.0:
            break
        for group in opt.param_groups:
            group["lr"] = common.cosine(float(now), step, 100, args.peak_lr, 0.01)
        loss = task.loss(model)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        average_gradients(weights)
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        opt.step()
        step += 1
        if not first:
            continue
        with torch.no_grad():
            torch._foreach_lerp_(averaged, current, 1 - min(EMA, step / (step + 9)))
        mean_loss = loss.item() if mean_loss is None else 0.98 * mean_loss + 0.02 * loss.item()
        if step % 20 == 0:
            log(step=step, minutes=clock.used() / 60, loss=mean_loss, lr=opt.param_groups[0]["lr"])
        if clock.used() - last_save > args.save_every * 60:
            last_save = clock.used()
            save()
    if first:
        save()
        log(step=step, minutes=clock.used() / 60, loss=mean_loss)
    dist.destroy_process_group()
