"""Pixel statistics that tell attributes apart without a network: the cheap check.

    python measure.py                       # over 500 real renders a class
    python measure.py --folder PICTURES     # also over judged pictures (with their prompts.json)

Three measurements, all on 8-bit sRGB values of a 128x128 picture:
  sky     median luma (0.299 R + 0.587 G + 0.114 B) of rows 0..19, and median R - B of rows 52..67
  ground  median R, G, B of rows 112..127
  colour  share of the pixels of a box on the main object whose hue, saturation and value
          fit the colour's name (`COLOUR_RANGES`)
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

import common
from render import render
from scene import COLOURS, GROUNDS, TIMES, Scene, sample_scene

FIRST_SEED = 200_000
# Hue in degrees from..to, least saturation, greatest saturation, least value (0..1).
COLOUR_RANGES = {
    "red": (345, 15, 0.45, 1.0, 0.3),
    "yellow": (35, 65, 0.5, 1.0, 0.4),
    "green": (110, 170, 0.35, 1.0, 0.18),
    "blue": (205, 245, 0.5, 1.0, 0.25),
    "purple": (255, 325, 0.3, 1.0, 0.25),
    "white": (0, 360, 0.0, 0.25, 0.55),
}
PLACE_X = {"left": 31, "middle": 64, "right": 97}
# Rows of the box by object (top, bottom) and its half width; the object's flat coloured area.
BOX = {
    "house": (74, 104, 24), "castle": (70, 104, 24), "windmill": (72, 100, 11), "tent": (74, 104, 20),
    "lighthouse": (54, 92, 8), "boat": (62, 104, 18), "balloon": (18, 52, 17),
}


def hsv(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hue in degrees, saturation and value in 0..1 of uint8 [..., 3]."""
    x = rgb.astype(np.float32) / 255
    top, low = x.max(-1), x.min(-1)
    span = np.maximum(top - low, 1e-6)
    r, g, b = x[..., 0], x[..., 1], x[..., 2]
    hue = np.where(top == r, (g - b) / span % 6, np.where(top == g, (b - r) / span + 2, (r - g) / span + 4)) * 60
    return hue, (top - low) / np.maximum(top, 1e-6), top


def colour_share(picture: np.ndarray, attributes: dict, colour: str) -> float:
    """Share of the main object's box that has this colour."""
    top, bottom, half = BOX[attributes["object"]]
    x = PLACE_X[attributes["place"]]
    hue, saturation, value = hsv(picture[top:bottom, x - half:x + half])
    a, b, least, most, dark = COLOUR_RANGES[colour]
    inside = (hue >= a) & (hue <= b) if a <= b else (hue >= a) | (hue <= b)
    return float((inside & (saturation >= least) & (saturation <= most) & (value >= dark)).mean())


def measure(picture: np.ndarray, attributes: dict) -> dict[str, float]:
    """Every measurement of one picture."""
    x = picture.astype(np.float32)
    luma = x @ np.array([0.299, 0.587, 0.114], np.float32)
    ground = np.median(x[112:128].reshape(-1, 3), 0)
    out = {"sky_luma": float(np.median(luma[:20])), "sky_warmth": float(np.median(x[52:68, :, 0] - x[52:68, :, 2])),
           "ground_r": float(ground[0]), "ground_g": float(ground[1]), "ground_b": float(ground[2])}
    shares = {c: colour_share(picture, attributes, c) for c in COLOURS}
    told = attributes["colour"]
    out["colour_share"] = shares[told]
    out["other_share"] = max(v for c, v in shares.items() if c != told)
    return out


def table(title: str, rows: dict[str, list[dict]]) -> None:
    """5 %, 50 % and 95 % quantiles of every measurement, a class a block."""
    print(f"\n{title}")
    for name, values in rows.items():
        if values:
            cells = [f"{k} " + "/".join(f"{q:.2f}" if "share" in k else f"{q:.0f}" for q in
                                        np.quantile([v[k] for v in values], (0.05, 0.5, 0.95))) for k in values[0]]
            print(f"  {name:8} n={len(values):3}  " + "  ".join(cells))


def group(pairs: list[tuple[np.ndarray, dict]], title: str) -> None:
    """Measures pictures with their attributes and prints them by time, ground by day, colour."""
    measured = [(measure(p, a), a) for p, a in pairs]
    table(f"{title}: by time", {t: [m for m, a in measured if a["time"] == t] for t in TIMES})
    table(f"{title}: by time and ground", {f"{t} {g}": [m for m, a in measured if a["time"] == t and a["ground"] == g]
                                           for t in TIMES for g in GROUNDS})
    table(f"{title}: by colour", {c: [m for m, a in measured if a["colour"] == c] for c in COLOURS})


def real(count: int) -> list[tuple[np.ndarray, dict]]:
    """Held-out renders: `count` of every time, ground and colour at least."""
    scenes: list[Scene] = []
    need = {v: count for v in (*TIMES, *GROUNDS, *COLOURS)}
    seed = FIRST_SEED
    while any(n > 0 for n in need.values()):
        scene = sample_scene(seed)
        seed += 1
        scenes.append(scene)
        for v in (scene.time, scene.ground, scene.colour):
            need[v] -= 1
    return [(render(s), s.attributes()) for s in scenes]


def main() -> None:
    """Prints the tables."""
    p = common.parser(__doc__)
    p.add_argument("--count", type=int, default=500)
    p.add_argument("--folder", type=Path)
    args = p.parse_args()
    group(real(args.count), "real renders")
    if args.folder:
        wanted = json.loads((args.folder / "prompts.json").read_text())
        group([(np.asarray(Image.open(args.folder / w["file"]).convert("RGB")), w["attributes"]) for w in wanted],
              "generated")


if __name__ == "__main__":
    main()
