"""Draws held-out prompts with the graphs of this folder, and judges the pictures.

    python draw_glide.py judge --count 128
    python draw_glide.py gallery               # ../gallery.png

Base: DDPM with learned-range variances, respaced to 50 steps, guidance 3; the small picture is rounded to eight bits;
upsampler: DDIM over GLIDE's fast27, first noise times 0.997, no guidance.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

import glide
import graphs
import judge
import respaced
import sampler

FOLDER = Path(__file__).resolve().parents[1]
PART = 16
GALLERY = [f"a {c} {o} {rest}" for c, o, rest in (
    ("red", "house", "on the left in a meadow at noon, two trees, the sun and clouds"),
    ("blue", "castle", "in the middle in the snow at night, three pine trees and the moon"),
    ("yellow", "lighthouse", "on the right at sea at sunset, a clear sky"),
    ("white", "boat", "in the middle on the sea at dawn, the sun in the sky"),
    ("green", "tent", "on the right in the desert at night, a full moon, no clouds"),
    ("purple", "balloon", "on the left over a meadow at noon, clouds in the sky"),
    ("red", "windmill", "on the right in the snow at dawn, one tree"),
    ("white", "house", "in the middle in the desert at sunset with one palm tree"),
    ("yellow", "castle", "on the left in a meadow at sunset with three trees"),
    ("blue", "balloon", "in the middle over the desert at dawn, a clear sky"),
    ("purple", "windmill", "on the left in a meadow at noon, no trees"),
    ("green", "boat", "on the right at sea at noon, clouds"))]


class Upsampler:
    """From 32 to 128 pixels."""

    def __init__(self, folder: Path) -> None:
        self.graph = graphs.session(folder / "upsampler" / "model.onnx")
        self.process = respaced.Process(glide.linear_betas().numpy(), respaced.fast27())

    def draw(self, small: np.ndarray, words: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """float [B, 3, 128, 128] of float [B, 3, 32, 32]."""
        low = respaced.eight_bit(small)
        noise = 0.997 * random.standard_normal((len(low), 3, glide.LARGE, glide.LARGE))
        return self.process.ddim(noise, lambda x, t: self.graph.run(None, {
            "sample": x, "timestep": np.full(len(x), t, np.int64), "low_res": low, "xf_out": words})[0])


class Model:
    """The graphs of a folder."""

    def __init__(self, folder: Path, steps: int) -> None:
        self.words = glide.Words(folder / "tokenizer")
        self.text, self.base = (graphs.session(folder / name / "model.onnx") for name in ("text_encoder", "base"))
        self.process = respaced.Process(glide.cosine_betas().numpy(), respaced.kept(steps))
        self.upsampler = Upsampler(folder)

    def states(self, prompts: list[str]) -> np.ndarray:
        """xf_out of prompts."""
        tokens, mask = self.words.ids(prompts)
        return self.text.run(["xf_out"], {"tokens": tokens.numpy(), "mask": mask.numpy()})[0]

    def draw(self, prompts: list[str], seed: int, guidance: float) -> tuple[np.ndarray, np.ndarray]:
        """Small and large pictures, float."""
        random = np.random.default_rng(seed)
        told, empty = self.states(prompts), self.states([""] * len(prompts))
        both = np.concatenate([told, empty])

        def predict(x: np.ndarray, t: int) -> tuple[np.ndarray, np.ndarray]:
            out = self.base.run(None, {"sample": np.concatenate([x, x]), "timestep": np.full(2 * len(x), t, np.int64),
                                       "xf_out": both})[0]
            (eps, share), plain = np.split(out[:len(x)], 2, 1), out[len(x):, :3]
            return plain + guidance * (eps - plain), share

        small = self.process.ddpm(random.standard_normal((len(prompts), 3, glide.SIZE, glide.SIZE)), predict, random)
        return small, self.upsampler.draw(small, told, random)


def main() -> None:
    """See the module's docstring."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=("judge", "gallery"))
    p.add_argument("--folder", type=Path, default=FOLDER)
    p.add_argument("--count", type=int, default=128)
    p.add_argument("--steps", type=int, default=50)
    p.add_argument("--guidance", type=float, default=3.0)
    args = p.parse_args()
    model = Model(args.folder, args.steps)
    wanted = judge.prompts(args.count) if args.what == "judge" else [{"prompt": t} for t in GALLERY]
    pictures = np.concatenate([sampler.to_pictures(model.draw([w["prompt"] for w in wanted[i:i + PART]], 7 + i, args.guidance)[1])
                               for i in range(0, len(wanted), PART)])
    if args.what == "gallery":
        sampler.sheet(pictures, 6, args.folder / "gallery.png")
        return
    print(json.dumps({"steps": args.steps, "guidance": args.guidance, **judge.judge(pictures, wanted)}))


if __name__ == "__main__":
    main()
