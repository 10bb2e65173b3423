"""Draws with the graphs of this folder, and judges the pictures.

    python draw.py judge --count 128          # text -> prior -> decoder -> upsampler
    python draw.py variations --count 128     # a held-out render -> its embedding -> decoder -> upsampler, without any text
    python draw.py gallery                    # ../gallery.png

Prior: DDIM on 64 numbers, 25 steps, guidance 2, of two samples the one nearer to the text; decoder: DDPM with learned-range
variances, respaced to 50 steps, guidance 3 over no text and no embedding; upsampler: GLIDE's.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

import unclip
import glide
import graphs
import judge
import pixels
import respaced
import sampler
from dataset import pictures as render_all
from safetensors.numpy import load_file
from scene import sample_scene

import draw_glide

FOLDER = Path(__file__).resolve().parents[1]
FIRST_SCENE, PART = 700_000, 16


class Model:
    """The graphs of a folder."""

    def __init__(self, folder: Path) -> None:
        self.words = glide.Words(folder / "tokenizer")
        self.text, self.image, self.prior, self.decoder = (
            graphs.session(folder / name / "model.onnx") for name in ("text_encoder", "image_encoder", "prior", "decoder"))
        self.config = json.loads((folder / "prior_scheduler" / "scheduler_config.json").read_text())
        self.process = respaced.Process(glide.cosine_betas().numpy(), respaced.kept(50))
        self.upsampler = draw_glide.Upsampler(folder)
        self.no_words = load_file(folder / "constants.safetensors")["no_words"]
        self.alphas = glide.cumulated(glide.cosine_betas()).numpy()

    def states(self, prompts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """last_hidden_state and text_embeds."""
        tokens, mask = self.words.ids(prompts)
        return self.text.run(["last_hidden_state", "text_embeds"], {"tokens": tokens.numpy(), "mask": mask.numpy()})

    def look(self, pictures: np.ndarray) -> np.ndarray:
        """image_embeds of uint8 [B, 128, 128, 3]."""
        x = pixels.shrink(pictures, unclip.VIEW).transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
        return self.image.run(None, {"sample": x})[0]

    def imagine(self, prompts: list[str], random: np.random.Generator, guidance: float, candidates: int = 2) -> np.ndarray:
        """image_embeds of prompts: the prior's."""
        (told, text), (empty, nothing) = self.states(prompts), self.states([""] * len(prompts))
        states, embeds = np.concatenate([told, empty]), np.concatenate([text, nothing])

        def clean(x: np.ndarray, t: int) -> np.ndarray:
            out = self.prior.run(None, {"sample": np.concatenate([x, x]), "timestep": np.full(2 * len(x), t, np.int64),
                                        "text_embeds": embeds, "last_hidden_state": states})[0].astype(np.float64)
            return out[len(x):] + guidance * (out[:len(x)] - out[len(x):])

        best, reach = None, None
        for _ in range(candidates):
            x, grid = random.standard_normal((len(prompts), unclip.EMBED)), sampler.timesteps(25, 1000)
            for k, t in enumerate(grid):
                a, b = self.alphas[t], self.alphas[grid[k + 1]] if k + 1 < len(grid) else 1.0
                x0 = clean(x.astype(np.float32), int(t))
                eps = (x - a ** 0.5 * x0) / (1 - a) ** 0.5
                x = b ** 0.5 * x0.clip(-5, 5) + (1 - b) ** 0.5 * eps
            near = (x * text).sum(1)
            best = x if best is None else np.where((near > reach)[:, None], x, best)
            reach = near if reach is None else np.maximum(near, reach)
        return best.astype(np.float32)

    def draw(self, embeds: np.ndarray, prompts: list[str], random: np.random.Generator, guidance: float) -> np.ndarray:
        """Pictures uint8 [B, 128, 128, 3] of embeddings, and of what a text says beside them."""
        n = len(embeds)
        states = np.concatenate([self.states(prompts)[0], self.states([""] * n)[0]])
        both = np.concatenate([embeds, np.zeros_like(embeds)])

        def predict(x: np.ndarray, t: int) -> tuple[np.ndarray, np.ndarray]:
            out = self.decoder.run(None, {"sample": np.concatenate([x, x]), "timestep": np.full(2 * n, t, np.int64),
                                          "last_hidden_state": states, "image_embeds": both})[0]
            (eps, share), plain = np.split(out[:n], 2, 1), out[n:, :3]
            return plain + guidance * (eps - plain), share

        small = self.process.ddpm(random.standard_normal((n, 3, glide.SIZE, glide.SIZE)), predict, random)
        return sampler.to_pictures(self.upsampler.draw(small, np.repeat(self.no_words[None], n, 0), random))


def main() -> None:
    """See the module's docstring."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=("judge", "variations", "gallery"))
    p.add_argument("--folder", type=Path, default=FOLDER)
    p.add_argument("--count", type=int, default=128)
    p.add_argument("--guidance", type=float, default=3.0)
    p.add_argument("--prior-guidance", type=float, default=2.0)
    args = p.parse_args()
    model = Model(args.folder)
    if args.what == "gallery":
        random, rows = np.random.default_rng(5), []
        for prompt in draw_glide.GALLERY[:6]:
            rows.append(model.draw(model.imagine([prompt], random, args.prior_guidance), [prompt], random, args.guidance)[0])
        for i in (1, 3, 4):
            original = render_all(FIRST_SCENE + i, 1)
            embeds = np.repeat(model.look(original), 5, 0)
            rows += [original[0], *model.draw(embeds, [""] * 5, random, args.guidance)]
        sampler.sheet(np.stack(rows), 6, args.folder / "gallery.png")
        return
    wanted = judge.prompts(args.count)
    if args.what == "variations":
        wanted = [{"prompt": "", "attributes": sample_scene(FIRST_SCENE + i).attributes()} for i in range(args.count)]
    pictures = []
    for i in range(0, args.count, PART):
        random, prompts = np.random.default_rng(7 + i), [w["prompt"] for w in wanted[i:i + PART]]
        embeds = (model.imagine(prompts, random, args.prior_guidance) if args.what == "judge"
                  else model.look(render_all(FIRST_SCENE + i, len(prompts))))
        pictures.append(model.draw(embeds, prompts, random, args.guidance))
    print(json.dumps({"guidance": args.guidance, "prior_guidance": args.prior_guidance,
                      **judge.judge(np.concatenate(pictures), wanted)}))


if __name__ == "__main__":
    main()
