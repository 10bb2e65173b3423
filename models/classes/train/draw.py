"""Draws classes with the exported graphs, and judges them.

    python draw.py judge --count 252                 # classifier-free guidance as in model_index.json
    python draw.py judge --guidance 1 --scale 3      # the classifier's gradient instead
    python draw.py gallery                           # ../gallery.png

One picture: noise [4, 16, 16] -> DDIM with the UNet (label and null label) -> each latent vector
replaced by its nearest code -> decoder.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

import classes
import graphs
import sampler
import judge
from scene import COLOURS, OBJECTS
from safetensors.numpy import load_file

FOLDER = Path(__file__).resolve().parents[1]
FIRST_SEED = 900_000  # of the noise; training draws its noise elsewhere


class Model:
    """The graphs of a folder."""

    def __init__(self, folder: Path) -> None:
        self.config = sampler.read_config(folder)
        self.unet, self.decoder = (graphs.session(folder / name / "model.onnx") for name in ("unet", "vae_decoder"))
        guide = folder / "classifier_grad" / "model.onnx"
        self.gradient = graphs.session(guide) if guide.exists() else None
        self.codes = load_file(folder / "codebook.safetensors")["codebook"]

    def quantise(self, z: np.ndarray) -> np.ndarray:
        """Nearest code of each vector: the smallest e^2 - 2 z e; the first wins."""
        rows = z.transpose(0, 2, 3, 1).reshape(-1, z.shape[1])
        which = ((self.codes ** 2).sum(1) - 2 * rows @ self.codes.T).argmin(1)
        b, c, h, w = z.shape
        return self.codes[which].reshape(b, h, w, c).transpose(0, 3, 1, 2)

    def draw(self, labels: np.ndarray, seeds: list[int], steps: int, guidance: float, scale: float) -> np.ndarray:
        """Pictures uint8 [B, 128, 128, 3] of the class labels."""
        n = len(labels)

        def unet(x: np.ndarray, t: int, label: np.ndarray) -> np.ndarray:
            return self.unet.run(None, {"sample": x, "timestep": np.full(n, t, np.int64), "class_labels": label})[0]

        def predict(x: np.ndarray, t: int) -> np.ndarray:
            plain = unet(x, t, np.full(n, classes.NULL, np.int64)) if guidance != 1 else 0.0
            told = unet(x, t, labels) if guidance != 0 else 0.0
            return plain + guidance * (told - plain) if guidance != 1 else told

        def gradient(x: np.ndarray, t: int) -> np.ndarray:
            rows = [self.gradient.run(None, {"sample": x[i:i + 1], "timestep": np.array([t], np.int64),
                                             "class_labels": labels[i:i + 1]})[0] for i in range(n)]
            return scale * np.concatenate(rows)

        z = sampler.ddim(sampler.noise(seeds, (4, 16, 16)), steps, self.config, predict, gradient if scale else None)
        return sampler.to_pictures(self.decoder.run(None, {"latent_sample": self.quantise(z)})[0])


def main() -> None:
    """See the module's docstring."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=("judge", "gallery"))
    p.add_argument("--folder", type=Path, default=FOLDER)
    p.add_argument("--count", type=int, default=252)
    p.add_argument("--steps", type=int, default=25)
    p.add_argument("--guidance", type=float, help="0: no class, 1: the class alone; default: model_index.json's")
    p.add_argument("--scale", type=float, default=0.0, help="of the classifier's gradient")
    args = p.parse_args()
    model = Model(args.folder)
    if args.scale and model.gradient is None:
        p.error(f"{args.folder} has no classifier_grad/")
    stage = json.loads((args.folder / "model_index.json").read_text())["stages"][0]
    guidance = stage["guidance"] if args.guidance is None else args.guidance
    count = 18 if args.what == "gallery" else args.count
    labels = np.arange(count) * (5 if args.what == "gallery" else 1) % classes.COUNT
    seeds = [FIRST_SEED + i for i in range(count)]
    pictures = np.concatenate([model.draw(labels[i:i + 6], seeds[i:i + 6], args.steps, guidance, args.scale)
                               for i in range(0, count, 6)])
    if args.what == "gallery":
        sampler.sheet(pictures, 6, args.folder / "gallery.png")
        return
    wanted = [{"attributes": {"object": OBJECTS[k // len(COLOURS)], "colour": COLOURS[k % len(COLOURS)]}}
              for k in labels]
    print(json.dumps({"steps": args.steps, "guidance": guidance, "classifier_scale": args.scale,
                      **judge.judge(pictures, wanted)}))


if __name__ == "__main__":
    main()
