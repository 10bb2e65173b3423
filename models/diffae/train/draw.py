"""Encodes held-out pictures, edits them along the directions, and judges the results.

    python draw.py judge --count 128      # reconstruction, and every direction at its strength
    python draw.py gallery                # ../gallery.png: picture, reconstruction, edits

z = encoder(x); x_T = DDIM backwards from x under z (`--invert-steps`); an edit moves the normalised
z by strength * sqrt(64) * w / |w| and draws from the same x_T.  For the judge, 32x32 pixels are
enlarged to 128x128 (bicubic); it then reads real renders like this without loss, but for the trees.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import load_file

import diffae
import graphs
import pixels
import sampler
import train_judge
from dataset import pictures as render_all
from scene import ATTRIBUTES, sample_scene

FOLDER = Path(__file__).resolve().parents[1]
FIRST_SCENE = 300_000
STEPS = 25


class Model:
    """The graphs and numbers of a folder."""

    def __init__(self, folder: Path) -> None:
        self.config = sampler.read_config(folder)
        self.encoder, self.unet = (graphs.session(folder / name / "model.onnx") for name in ("encoder", "unet"))
        statistics = load_file(folder / "statistics.safetensors")
        self.mean, self.std = statistics["mean"], statistics["std"]
        self.directions = load_file(folder / "directions.safetensors")

    def encode(self, x: np.ndarray) -> np.ndarray:
        """z [B, 64] of float pictures [B, 3, 32, 32]."""
        return self.encoder.run(None, {"sample": x})[0]

    def edit(self, z: np.ndarray, name: str, strength: float) -> np.ndarray:
        """z moved along a direction."""
        w = self.directions[name]
        return ((z - self.mean) / self.std + strength * len(w) ** 0.5 * w / np.linalg.norm(w)) * self.std + self.mean

    def _predict(self, z: np.ndarray):
        return lambda x, t: self.unet.run(None, {"sample": x, "timestep": np.full(len(x), t, np.int64),
                                                 "cond": z.astype(np.float32)})[0]

    def invert(self, x: np.ndarray, z: np.ndarray, steps: int) -> np.ndarray:
        """x_T of pictures."""
        return sampler.ddim_invert(x, steps, self.config, self._predict(z), clip=1.0)

    def draw(self, noise: np.ndarray, z: np.ndarray, steps: int = STEPS) -> np.ndarray:
        """uint8 pictures [B, 32, 32, 3]."""
        return sampler.to_pictures(sampler.ddim(noise, steps, self.config, self._predict(z), clip=1.0))


def enlarge(pictures: np.ndarray, size: int = 128) -> np.ndarray:
    """Bicubic, uint8 [B, size, size, 3]."""
    return np.stack([np.asarray(Image.fromarray(p).resize((size, size), Image.BICUBIC)) for p in pictures])


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Mean over the pictures, dB."""
    error = ((a.astype(np.float32) - b.astype(np.float32)) ** 2).mean((1, 2, 3))
    return round(float((10 * np.log10(255 ** 2 / error.clip(1e-3))).mean()), 2)


def wanted(attribute: str, before: np.ndarray, end: str) -> np.ndarray:
    """What must be seen after an edit towards `end`: the same; at night the sun is the moon."""
    bodies = ATTRIBUTES["body"]
    if attribute == "body" and end == "night":
        return np.where(before == bodies.index("sun"), bodies.index("moon"), before)
    return before


def judge(model: Model, count: int, steps: int, strengths: dict[str, float]) -> dict:
    """The card's figures on held-out scenes."""
    scenes = [sample_scene(FIRST_SCENE + i) for i in range(count)]
    small = pixels.shrink(render_all(FIRST_SCENE, count))
    x = small.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
    z = model.encode(x)
    codes = model.invert(x, z, steps)
    reader, names = train_judge.load(), list(ATTRIBUTES)
    truth = np.array([s.classes() for s in scenes])
    same, fresh = model.draw(codes, z), model.draw(sampler.noise(range(count), x.shape[1:]), z)
    out = {"pictures": count, "steps": STEPS, "invert_steps": steps,
           "psnr": {"with its own noise": psnr(same, small), "with random noise": psnr(fresh, small)}}
    for name, drawn in (("with its own noise", same), ("with random noise", fresh)):
        right = train_judge.classify(reader, enlarge(drawn)) == truth
        out.setdefault("kept", {})[name] = {n: round(float(r), 4) for n, r in zip(names, right.mean(0))}
    before = train_judge.classify(reader, enlarge(same))
    for name, (attribute, start, end) in diffae.DIRECTIONS.items():
        k = names.index(attribute)
        values = ATTRIBUTES[attribute]
        rows = np.flatnonzero(before[:, k] == values.index(start))
        after = train_judge.classify(reader, enlarge(model.draw(codes[rows], model.edit(z[rows], name, strengths[name]))))
        out.setdefault("directions", {})[name] = {
            "strength": strengths[name], "pictures": len(rows),
            "moved": round(float((after[:, k] == values.index(end)).mean()), 4),
            "kept": {n: round(float((after[:, j] == wanted(n, before[rows, j], end)).mean()), 4)
                     for j, n in enumerate(names) if j != k}}
    return out


def main() -> None:
    """See the module's docstring."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=("judge", "gallery"))
    p.add_argument("--folder", type=Path, default=FOLDER)
    p.add_argument("--count", type=int, default=128)
    p.add_argument("--invert-steps", type=int, default=50)
    p.add_argument("--strengths", type=json.loads, required=True, help='{"night": 1.0, ...}, one for each direction')
    args = p.parse_args()
    model = Model(args.folder)
    if args.what == "judge":
        print(json.dumps(judge(model, args.count, args.invert_steps, args.strengths)))
        return
    rows = []
    chosen = [i for i in range(200) if sample_scene(FIRST_SCENE + i).time == "noon"
              and sample_scene(FIRST_SCENE + i).ground == "meadow" and sample_scene(FIRST_SCENE + i).weather == "clear"]
    for i in chosen[:5]:
        small = pixels.shrink(render_all(FIRST_SCENE + i, 1))
        x = small.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
        z = model.encode(x)
        code = model.invert(x, z, args.invert_steps)
        edits = [model.draw(code, model.edit(z, name, args.strengths[name])) for name in diffae.DIRECTIONS]
        rows += [small, model.draw(code, z), model.draw(sampler.noise([i], x.shape[1:]), z), *edits]
    large = np.concatenate(rows)
    sampler.sheet(enlarge(large, 96), 3 + len(diffae.DIRECTIONS), args.folder / "gallery.png")


if __name__ == "__main__":
    main()
