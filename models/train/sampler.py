"""DDIM on ONNX graphs in numpy: the reference that the cards' figures and galleries are drawn with.

Formulas: Song et al. 2021 (eta = 0), v-prediction as in Salimans and Ho 2022.  Timesteps are
diffusers' "trailing" ones, the last step ends at alpha = 1.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image


def alphas_cumprod(config: dict) -> np.ndarray:
    """Cumulated alphas of a scheduler_config.json; float64 [T]."""
    start, end, count = config["beta_start"], config["beta_end"], config["num_train_timesteps"]
    if config["beta_schedule"] == "scaled_linear":
        betas = np.linspace(start ** 0.5, end ** 0.5, count) ** 2
    else:
        betas = np.linspace(start, end, count)
    return np.cumprod(1 - betas)


def read_config(folder: Path) -> dict:
    """FOLDER/scheduler/scheduler_config.json."""
    return json.loads((folder / "scheduler" / "scheduler_config.json").read_text())


def timesteps(count: int, total: int) -> np.ndarray:
    """Trailing spacing: total - 1 down to about total / count - 1."""
    return np.round(np.arange(total, 0, -total / count)).astype(np.int64)[:count] - 1


def ddim(x: np.ndarray, steps: int, config: dict, predict: Callable[[np.ndarray, int], np.ndarray],
         gradient: Callable[[np.ndarray, int], np.ndarray] | None = None, clip: float | None = None) -> np.ndarray:
    """From noise `x` to a clean sample.  `predict` is the network's output as `prediction_type` says.

    `gradient` is added as classifier guidance in its score form: eps - sqrt(1 - alpha) * gradient.
    With `clip` the clean sample is kept within +-clip and eps follows it.
    """
    alphas = alphas_cumprod(config)
    grid = timesteps(steps, len(alphas))
    for k, t in enumerate(grid):
        a = alphas[t]
        b = alphas[grid[k + 1]] if k + 1 < len(grid) else 1.0
        out = predict(x.astype(np.float32), int(t)).astype(np.float64)
        eps = a ** 0.5 * out + (1 - a) ** 0.5 * x if config["prediction_type"] == "v_prediction" else out
        if gradient is not None:
            eps = eps - (1 - a) ** 0.5 * gradient(x.astype(np.float32), int(t))
        clean = (x - (1 - a) ** 0.5 * eps) / a ** 0.5
        if clip is not None:
            clean = clean.clip(-clip, clip)
            eps = (x - a ** 0.5 * clean) / (1 - a) ** 0.5
        x = b ** 0.5 * clean + (1 - b) ** 0.5 * eps
    return x.astype(np.float32)


def ddim_invert(x: np.ndarray, steps: int, config: dict, predict: Callable[[np.ndarray, int], np.ndarray],
                clip: float | None = None) -> np.ndarray:
    """From a clean sample to its noise: the same steps the other way (Diffusion Autoencoders' stochastic code).

    At each level the network is asked at that level, and the sample moves to the next noisier one;
    the last step leaves the noise alone (alpha = 0).
    """
    alphas = alphas_cumprod(config)
    grid = timesteps(steps, len(alphas))[::-1]
    for k, t in enumerate(grid):
        a, b = alphas[t], alphas[grid[k + 1]] if k + 1 < len(grid) else 0.0
        out = predict(x.astype(np.float32), int(t)).astype(np.float64)
        eps = a ** 0.5 * out + (1 - a) ** 0.5 * x if config["prediction_type"] == "v_prediction" else out
        clean = (x - (1 - a) ** 0.5 * eps) / a ** 0.5
        if clip is not None:
            clean = clean.clip(-clip, clip)
            eps = (x - a ** 0.5 * clean) / (1 - a) ** 0.5
        x = b ** 0.5 * clean + (1 - b) ** 0.5 * eps
    return x.astype(np.float32)


def noise(seeds: list[int], shape: tuple[int, ...]) -> np.ndarray:
    """Starting noise, one seed a picture; float32 [len(seeds), *shape]."""
    return np.stack([np.random.default_rng(s).standard_normal(shape).astype(np.float32) for s in seeds])


def to_pictures(x: np.ndarray) -> np.ndarray:
    """float [B, 3, H, W] in -1..1 -> uint8 [B, H, W, 3]."""
    return ((x + 1) * 127.5).round().clip(0, 255).astype(np.uint8).transpose(0, 2, 3, 1)


def sheet(pictures: np.ndarray, columns: int, path: Path) -> None:
    """A gallery, row by row; the number of pictures must be a multiple of `columns`."""
    rows = [np.concatenate(list(pictures[i:i + columns]), 1) for i in range(0, len(pictures), columns)]
    Image.fromarray(np.concatenate(rows, 0)).quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
