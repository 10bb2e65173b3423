"""OpenAI's respaced processes on ONNX graphs in numpy: what the pixel-space members' figures are drawn with.

Formulas: Nichol and Dhariwal 2021 (learned range), Song et al. 2021 (DDIM), and the respacing of guided-diffusion:
the kept timesteps have betas of their own, the network is told the original timestep.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def kept(count: int, total: int = 1000) -> list[int]:
    """`space_timesteps(total, [count])`."""
    stride, at, out = (total - 1) / (count - 1), 0.0, []
    for _ in range(count):
        out.append(round(at))
        at += stride
    return out


def sections(counts: list[int], total: int = 1000) -> list[int]:
    """`space_timesteps(total, counts)`: each section of equal length keeps so many."""
    size, extra, start, out = total // len(counts), total % len(counts), 0, []
    for i, count in enumerate(counts):
        length = size + (1 if i < extra else 0)
        stride, at = 1.0 if count <= 1 else (length - 1) / (count - 1), 0.0
        for _ in range(count):
            out.append(start + round(at))
            at += stride
        start += length
    return out


def fast27() -> list[int]:
    """GLIDE's timesteps of the upsampler: sections of 10, 10, 3, 2 and 2, the last one 997."""
    out = sections([10, 10, 3, 2, 2])
    return [997 if t == 999 else t for t in out]


class Process:
    """A schedule, respaced."""

    def __init__(self, betas: np.ndarray, steps: list[int]) -> None:
        self.steps = sorted(set(steps))
        self.alphas = np.cumprod(1 - betas)[self.steps]
        self.before = np.concatenate([[1.0], self.alphas[:-1]])
        self.betas = 1 - self.alphas / self.before
        true = self.betas * (1 - self.before) / (1 - self.alphas)
        self.log_true = np.log(np.concatenate([true[1:2], true[1:]]))

    def clean(self, x: np.ndarray, eps: np.ndarray, k: int) -> np.ndarray:
        """The clean sample within -1..1."""
        return ((x - (1 - self.alphas[k]) ** 0.5 * eps) / self.alphas[k] ** 0.5).clip(-1, 1)

    def ddpm(self, x: np.ndarray, predict: Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]],
             random: np.random.Generator) -> np.ndarray:
        """From noise to a sample; `predict` gives epsilon and the variance's share in -1..1."""
        for k in range(len(self.steps))[::-1]:
            eps, share = (y.astype(np.float64) for y in predict(x.astype(np.float32), self.steps[k]))
            clean = self.clean(x, eps, k)
            a, b, beta = self.alphas[k], self.before[k], self.betas[k]
            mean = beta * b ** 0.5 / (1 - a) * clean + (1 - beta) ** 0.5 * (1 - b) / (1 - a) * x
            f = (share + 1) / 2
            log_variance = f * np.log(beta) + (1 - f) * self.log_true[k]
            x = mean + (np.exp(0.5 * log_variance) * random.standard_normal(x.shape) if k else 0.0)
        return x

    def ddim(self, x: np.ndarray, predict: Callable[[np.ndarray, int], np.ndarray]) -> np.ndarray:
        """From noise to a sample with eta 0; epsilon follows the clipped clean sample."""
        for k in range(len(self.steps))[::-1]:
            clean = self.clean(x, predict(x.astype(np.float32), self.steps[k]).astype(np.float64), k)
            eps = (x - self.alphas[k] ** 0.5 * clean) / (1 - self.alphas[k]) ** 0.5
            x = self.before[k] ** 0.5 * clean + (1 - self.before[k]) ** 0.5 * eps
        return x


def eight_bit(x: np.ndarray) -> np.ndarray:
    """What is left of a picture in -1..1 that was a file in between (GLIDE)."""
    return (((x + 1) * 127.5).round() / 127.5 - 1).astype(np.float32)
