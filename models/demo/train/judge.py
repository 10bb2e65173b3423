"""Does the model draw what it is told?  Judges pictures with the attribute classifier.

    python judge.py draw --count 256 --out WORK/judged     # optimum draws the exported ONNX graphs
    python judge.py folder PICTURES PROMPTS.json           # pictures that another program drew

`PROMPTS.json` is a list of {"prompt": ..., "attributes": {...}, "file": "0000.png"} (without
"file": picture i is the i-th PNG by name), or an object with such a list as "prompts".
`python judge.py prompts --count 256 > PROMPTS.json` writes such a list, every attribute stated.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import common
import train_judge
from captions import caption
from scene import ATTRIBUTES, sample_scene

PROMPT_SEED = 500_000


def prompts(count: int) -> list[dict]:
    """Scenes and captions that no picture of the training set has been drawn from."""
    rng = random.Random(PROMPT_SEED)
    out = []
    for i in range(count):
        scene = sample_scene(PROMPT_SEED + i)
        out.append({"file": f"{i:04}.png", "prompt": caption(scene, rng, full=True), "seed": i,
                    "attributes": scene.attributes()})
    return out


def judge(pictures: np.ndarray, wanted: list[dict]) -> dict:
    """Share of pictures in which each attribute is as told (only pictures whose prompt tells it)."""
    seen = train_judge.classify(train_judge.load(), pictures)
    figures: dict = {}
    hits = {}
    for k, (name, values) in enumerate(ATTRIBUTES.items()):
        rows = [i for i, w in enumerate(wanted) if name in w["attributes"]]
        hits[name] = {i: bool(values[seen[i, k]] == wanted[i]["attributes"][name]) for i in rows}
        if rows:
            figures[name] = round(float(np.mean(list(hits[name].values()))), 4)
    figures["average"] = round(float(np.mean(list(figures.values()))), 4)
    both = [hits["object"][i] and hits["colour"][i] for i in hits["object"] if i in hits["colour"]]
    if both:
        figures["object and colour"] = round(float(np.mean(both)), 4)
    return {"pictures": len(pictures), "accuracy": figures}


def draw(model: Path, wanted: list[dict], steps: int | None, guidance: float | None, batch: int = 16) -> np.ndarray:
    """Pictures by optimum's ORTStableDiffusionPipeline; uint8 [N, 128, 128, 3]."""
    import onnxruntime
    import torch
    from optimum.onnxruntime import ORTStableDiffusionPipeline

    defaults = json.loads((model / "model_index.json").read_text())["libdiffusion"]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", common.THREADS))
    pipe = ORTStableDiffusionPipeline.from_pretrained(model, session_options=options)
    pipe.set_progress_bar_config(disable=True)
    out = []
    for i in range(0, len(wanted), batch):
        part = wanted[i:i + batch]
        generators = [torch.Generator().manual_seed(w.get("seed", k + i)) for k, w in enumerate(part)]
        result = pipe([w["prompt"] for w in part], num_inference_steps=steps or defaults["steps"],
                      guidance_scale=defaults["guidance"] if guidance is None else guidance,
                      height=defaults["height"], width=defaults["width"], generator=generators, output_type="np")
        out.append((result.images * 255).round().astype(np.uint8))
    return np.concatenate(out)


def read_prompts(path: Path) -> list[dict]:
    """The list, or the "prompts" of an object."""
    wanted = json.loads(path.read_text())
    return wanted["prompts"] if isinstance(wanted, dict) else wanted


def read_pictures(folder: Path, wanted: list[dict]) -> np.ndarray:
    """The PNGs as uint8 RGB; each must be 128x128."""
    names = sorted(p.name for p in folder.glob("*.png"))
    out = []
    for i, w in enumerate(wanted):
        if "file" not in w and i >= len(names):
            sys.exit(f"{folder}: {len(names)} PNGs for {len(wanted)} prompts")
        picture = np.asarray(Image.open(folder / w.get("file", names[i] if i < len(names) else "")).convert("RGB"))
        if picture.shape != (128, 128, 3):
            sys.exit(f"{folder}: picture {i} has the shape {picture.shape}, not 128x128")
        out.append(picture)
    return np.stack(out)


def main() -> None:
    """See the module's docstring."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(dest="what", required=True)
    a = sub.add_parser("draw")
    a.add_argument("--model", type=Path, default=common.MODEL_DIR)
    a.add_argument("--count", type=int, default=256)
    a.add_argument("--steps", type=int)
    a.add_argument("--guidance", type=float)
    a.add_argument("--out", type=Path, help="keep the pictures and prompts.json here")
    a = sub.add_parser("folder")
    a.add_argument("pictures", type=Path)
    a.add_argument("prompts", type=Path)
    a = sub.add_parser("prompts")
    a.add_argument("--count", type=int, default=256)
    args = p.parse_args()
    if args.what == "prompts":
        print(json.dumps(prompts(args.count), indent=1))
        return
    if args.what == "folder":
        wanted = read_prompts(args.prompts)
        pictures = read_pictures(args.pictures, wanted)
    else:
        wanted = prompts(args.count)
        pictures = draw(args.model, wanted, args.steps, args.guidance)
        if args.out:
            args.out.mkdir(parents=True, exist_ok=True)
            for w, picture in zip(wanted, pictures):
                Image.fromarray(picture).save(args.out / w["file"])
            (args.out / "prompts.json").write_text(json.dumps(wanted, indent=1))
    print(json.dumps(judge(pictures, wanted), indent=2))


if __name__ == "__main__":
    main()
