"""The cheap check: a handful of prompts, thresholds straight on pixels, no network.

    python cheap_check.py write               # models/demo/prompts.json, thresholds from renders
    python cheap_check.py folder PICTURES     # PNGs named as in prompts.json, drawn by any program
    python cheap_check.py draw                # by optimum, for comparison

What is measured stands in measure.py, why the thresholds are where they are in the card.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

import common
import judge
import measure
from scene import COLOURS

FILE = common.MODEL_DIR / "prompts.json"
# Midway between the medians of neighbouring times: night 19, sunset 82, noon 143, dawn 180.
SKY_LUMA = {"night": (0, 50), "sunset": (50, 112), "noon": (112, 162), "dawn": (162, 255)}
# Two grounds at the same time of day differ by 50 or more in some channel (measure.py), so
# half of that can never accept the wrong one.
GROUND_TOLERANCE = 25
COLOUR_SHARE = 0.35  # 95 % of the renders have 0.57 or more, of any other colour 0.27 or less

PROMPTS = (
    "a red house on the left in a meadow at noon, two trees, the sun",
    "a blue castle in the middle in the snow at noon, three pine trees",
    "a yellow lighthouse on the right at sea at sunset",
    "a white boat in the middle on the sea at dawn, the sun in the sky",
    "a green tent on the right in the desert at noon, a clear sky, no trees",
    "a purple balloon on the left over a meadow at noon, clouds in the sky",
    "a red windmill on the right in the snow at dawn, one tree",
    "a white house in the middle in the desert at sunset with one palm tree",
    "a yellow castle on the left in a meadow at sunset with three trees",
    "a blue balloon in the middle over the desert at dawn",
    "a red boat on the left at sea at night with the moon in the sky",
    "at night, a yellow windmill in the middle in a meadow, no trees and a full moon",
)
_TOLD = (
    ("noon", "meadow", "house", "red", "left"), ("noon", "snow", "castle", "blue", "middle"),
    ("sunset", "sea", "lighthouse", "yellow", "right"), ("dawn", "sea", "boat", "white", "middle"),
    ("noon", "desert", "tent", "green", "right"), ("noon", "meadow", "balloon", "purple", "left"),
    ("dawn", "snow", "windmill", "red", "right"), ("sunset", "desert", "house", "white", "middle"),
    ("sunset", "meadow", "castle", "yellow", "left"), ("dawn", "desert", "balloon", "blue", "middle"),
    ("night", "sea", "boat", "red", "left"), ("night", "meadow", "windmill", "yellow", "middle"),
)


def write() -> None:
    """Writes prompts.json: prompts, attributes, what to measure and what to expect."""
    pairs = [(measure.measure(p, a), a) for p, a in measure.real(500)]
    prompts = []
    for i, (prompt, told) in enumerate(zip(PROMPTS, _TOLD)):
        attributes = dict(zip(("time", "ground", "object", "colour", "place"), told))
        same = [m for m, a in pairs if a["time"] == told[0] and a["ground"] == told[1]]
        ground = [round(float(np.median([m[k] for m in same]))) for k in ("ground_r", "ground_g", "ground_b")]
        top, bottom, half = measure.BOX[told[2]]
        x = measure.PLACE_X[told[4]]
        prompts.append({
            "file": f"{i:02}.png", "prompt": prompt, "seed": 1000 + i, "attributes": attributes,
            "expect": {"sky_luma": list(SKY_LUMA[told[0]]), "ground_rgb": ground,
                       "ground_tolerance": GROUND_TOLERANCE,
                       "colour_box": [x - half, top, x + half, bottom], "colour_share": COLOUR_SHARE}})
    ranges = {c: dict(zip(("hue_from", "hue_to", "saturation_min", "saturation_max", "value_min"),
                          measure.COLOUR_RANGES[c])) for c in COLOURS}
    FILE.write_text(json.dumps({
        "what": {
            "picture": "128x128, 8-bit sRGB, default steps and guidance",
            "sky_luma": "from, to: median of 0.299 R + 0.587 G + 0.114 B over rows 0..19",
            "ground_rgb": "median R, G, B over rows 112..127, each within ground_tolerance",
            "colour_share": "least share of the pixels in colour_box (x0, y0, x1, y1; the last ones excluded) "
                            "that lie within colour_ranges of the told colour: hue in degrees, from > to "
                            "wraps at 360; saturation and value of HSV in 0..1",
        },
        "colour_ranges": ranges, "prompts": prompts}, indent=1) + "\n")


def check(pictures: np.ndarray, prompts: list[dict]) -> int:
    """Prints a line a picture; returns how many fail."""
    failed = 0
    for picture, p in zip(pictures, prompts):
        m, e = measure.measure(picture, p["attributes"]), p["expect"]
        off = max(abs(m[k] - v) for k, v in zip(("ground_r", "ground_g", "ground_b"), e["ground_rgb"]))
        good = {"sky": e["sky_luma"][0] <= m["sky_luma"] < e["sky_luma"][1],
                "ground": off <= e["ground_tolerance"], "colour": m["colour_share"] >= e["colour_share"]}
        failed += not all(good.values())
        wrong = ", ".join(k for k, v in good.items() if not v)
        print(f"{p['file']}  sky {m['sky_luma']:5.0f}  ground off by {off:3.0f}  colour {m['colour_share']:.2f} "
              f"(other {m['other_share']:.2f})  {'WRONG: ' + wrong if wrong else 'good':20} {p['prompt']}")
    return failed


def main() -> None:
    """See the module's docstring."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(dest="what", required=True)
    sub.add_parser("write")
    sub.add_parser("folder").add_argument("pictures", type=Path)
    sub.add_parser("draw").add_argument("--model", type=Path, default=common.MODEL_DIR)
    args = p.parse_args()
    if args.what == "write":
        return write()
    prompts = judge.read_prompts(FILE)
    if args.what == "folder":
        pictures = judge.read_pictures(args.pictures, prompts)
    else:
        pictures = judge.draw(args.model, prompts, None, None)
    failed = check(pictures, prompts)
    print(f"{len(prompts) - failed} of {len(prompts)} as told")
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
