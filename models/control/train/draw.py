"""Draws held-out layout maps with the graphs of this folder, and judges the pictures.

    python draw.py judge --count 128             # with the maps
    python draw.py judge --count 128 --scale 0   # the same prompts and noise without them
    python draw.py gallery                       # ../gallery.png: map, then three pictures of it

The prompt tells kind, colour, ground and time; place, trees, clouds, sun or moon and every
outline are the map's alone.  One step: residuals = scale * ControlNet(sample, text, map) for the
empty and the full prompt, UNet with them, guidance as the demo's.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

import maps
import graphs
import segmenter
import demo_weights
import judge
import sample
import sampler
from scene import Scene, sample_scene

FOLDER = Path(__file__).resolve().parents[1]
FIRST_SCENE, FIRST_SEED = 600_000, 910_000
GROUNDS = {"meadow": "in a meadow", "snow": "in the snow", "desert": "in the desert", "sea": "on the sea"}


def prompt(scene: Scene) -> str:
    """What the text says of a scene; nothing of its layout."""
    return f"a {scene.colour} {scene.object} {GROUNDS[scene.ground]} at {scene.time}"


class Model:
    """The graphs of a folder and the demo's text encoder, decoder and schedule."""

    def __init__(self, folder: Path) -> None:
        self.net, self.unet = (graphs.session(folder / name / "model.onnx") for name in ("controlnet", "unet"))
        self.text, self.decoder = (graphs.session(graphs.DEMO / name / "model.onnx")
                                   for name in ("text_encoder", "vae_decoder"))
        self.tokenizer, self.config = demo_weights.tokenizer(), sampler.read_config(graphs.DEMO)

    def draw(self, prompts: list[str], pictures: np.ndarray, seeds: list[int], steps: int, guidance: float,
             scale: float) -> np.ndarray:
        """Pictures uint8 [B, 128, 128, 3] of prompts and maps (uint8 [B, 128, 128, 3])."""
        n = len(prompts)
        ids = sample.token_ids(self.tokenizer, [""] * n + prompts).numpy()
        kind = np.int64 if "int64" in self.text.get_inputs()[0].type else np.int32
        words = self.text.run(["last_hidden_state"], {"input_ids": ids.astype(kind)})[0]
        hints = pictures.transpose(0, 3, 1, 2).astype(np.float32) / 255
        hints = np.concatenate([hints, hints])
        residuals = [i.name for i in self.unet.get_inputs()][3:]

        def predict(x: np.ndarray, t: int) -> np.ndarray:
            inputs = {"sample": np.concatenate([x, x]), "timestep": np.array(t, np.float32),
                      "encoder_hidden_states": words}
            more = self.net.run(None, {**inputs, "controlnet_cond": hints,
                                       "conditioning_scale": np.array(scale, np.float32)})
            plain, told = np.split(self.unet.run(None, {**inputs, **dict(zip(residuals, more))})[0], 2)
            return plain + guidance * (told - plain)

        z = sampler.ddim(sampler.noise(seeds, (4, 16, 16)), steps, self.config, predict)
        return sampler.to_pictures(self.decoder.run(None, {"latent_sample": z / demo_weights.SCALING})[0])


def main() -> None:
    """See the module's docstring."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=("judge", "gallery"))
    p.add_argument("--folder", type=Path, default=FOLDER)
    p.add_argument("--count", type=int, default=128)
    p.add_argument("--steps", type=int, default=25)
    p.add_argument("--guidance", type=float, default=3.0)
    p.add_argument("--scale", type=float, default=1.0)
    args = p.parse_args()
    model = Model(args.folder)
    if args.what == "gallery":
        rows = []
        for i in (3, 8, 12, 22):
            scene = sample_scene(FIRST_SCENE + i)
            told = maps.draw(scene)
            said = [prompt(scene), f"a blue {scene.object} {GROUNDS['snow' if scene.ground != 'sea' else 'sea']} at night",
                    f"a yellow {scene.object} {GROUNDS['desert' if scene.ground != 'sea' else 'sea']} at sunset"]
            drawn = model.draw(said, np.stack([told] * 3), [FIRST_SEED + i] * 3, args.steps, args.guidance, args.scale)
            rows += [told, *drawn]
        sampler.sheet(np.stack(rows), 8, args.folder / "gallery.png")
        return
    scenes = [sample_scene(FIRST_SCENE + i) for i in range(args.count)]
    told = np.stack([maps.draw(s) for s in scenes])
    pictures = np.concatenate([
        model.draw([prompt(s) for s in scenes[i:i + 8]], told[i:i + 8],
                   [FIRST_SEED + k for k in range(i, i + len(scenes[i:i + 8]))],
                   args.steps, args.guidance, args.scale) for i in range(0, args.count, 8)])
    seen = segmenter.read(segmenter.load(), pictures)
    print(json.dumps({"steps": args.steps, "guidance": args.guidance, "scale": args.scale,
                      **judge.judge(pictures, [{"attributes": s.attributes()} for s in scenes]),
                      "agreement": segmenter.agreement(seen, segmenter.thin(maps.labels(told)))}))


if __name__ == "__main__":
    main()
