#!/usr/bin/env python3
"""Golden conditions: pictures, depth, masks, labels and boxes as the networks of a cascade are told them.

Usage: python make_conditions.py [OUTDIR]      (default: this folder)

Writes conditions.json; tensors are float32, row by row:
  vision      transformers' CLIPImageProcessor of RGB pictures (bytes in hexadecimal), for several of its settings
  depth       diffusers' StableDiffusionDepth2ImgPipeline.prepare_depth_map of a given depth
  holes       diffusers' Kandinsky prepare_mask
  eight_bits  glide-text2im's hand-over between its stages, in torch: `before` and `after`
  labels      one-hot maps, halved twice by torch.nn.functional.interpolate(scale_factor=0.5, mode="bilinear")
  layouts     boxes and classes as tokens: the formula of taming-transformers' ObjectsBoundingBoxConditionalBuilder, written
              again here from its description (docstring of `layout`)
"""

import json
import sys
import types
from pathlib import Path

import diffusers
import numpy as np
import PIL
import torch
import transformers
from diffusers import StableDiffusionDepth2ImgPipeline
from diffusers.pipelines.kandinsky2_2.pipeline_kandinsky2_2_inpainting import prepare_mask
from make_image import floats, one_a_line, scene
from PIL import Image
from transformers import CLIPImageProcessor

HERE = Path(__file__).resolve().parent
torch.set_num_threads(1)


def vision():
    cases = []
    for (width, height), settings in [
        ((37, 23), {"size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 16}}),
        ((23, 37), {"size": {"shortest_edge": 20}, "crop_size": {"height": 15, "width": 12}}),
        ((9, 9), {"size": {"shortest_edge": 24}, "crop_size": {"height": 24, "width": 24}}),
        ((64, 17), {"size": {"shortest_edge": 12}, "crop_size": {"height": 11, "width": 12}}),
        ((40, 31), {
            "size": {"shortest_edge": 14}, "crop_size": {"height": 14, "width": 14},
            "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.25, 0.125],
        }),
    ]:
        picture = scene(width, height, width)
        processor = CLIPImageProcessor(**settings)
        values = processor(Image.fromarray(picture), return_tensors="np").pixel_values[0]
        cases.append({
            "width": width, "height": height, "pixels": picture.tobytes().hex(),
            "shorter_side": processor.size["shortest_edge"], "crop": [processor.crop_size["height"], processor.crop_size["width"]],
            "mean": processor.image_mean, "deviation": processor.image_std, "values": floats(values),
        })
    return cases


def depth():
    # The method looks at nothing else of its pipeline.
    pipeline = types.SimpleNamespace(vae_scale_factor=8)
    cases = []
    for seed, (height, width), (rows, columns) in [(1, (12, 12), (8, 8)), (2, (9, 14), (5, 3)), (3, (6, 7), (16, 20)), (4, (5, 5), (5, 5))]:
        given = np.random.RandomState(seed).gamma(2, 300, (1, height, width)).astype(np.float32)
        picture = torch.zeros(1, 3, rows * 8, columns * 8)
        channel = StableDiffusionDepth2ImgPipeline.prepare_depth_map(
            pipeline, picture, torch.from_numpy(given), 1, False, torch.float32, torch.device("cpu"))
        assert channel.shape == (1, 1, rows, columns)
        cases.append({"height": height, "width": width, "depth": floats(given), "rows": rows, "columns": columns, "channel": floats(channel)})
    return cases


def holes():
    cases = []
    for seed, (height, width), share in [(1, (8, 8), 0.1), (2, (5, 9), 0.3), (3, (1, 6), 0.3), (4, (6, 1), 0.3), (5, (4, 4), 0), (6, (4, 4), 1), (7, (9, 7), 0.02)]:
        mask = (np.random.RandomState(seed).uniform(0, 1, (1, 1, height, width)) >= share).astype(np.float32)
        larger = prepare_mask(torch.from_numpy(mask.copy()))
        cases.append({"height": height, "width": width, "mask": floats(mask), "larger": floats(larger)})
    return cases


def eight_bits():
    before = torch.from_numpy(np.random.RandomState(5).uniform(-1.1, 1.1, 200).astype(np.float32))
    before = torch.cat([before, torch.tensor([-1.0, 0.0, 1.0]), (torch.arange(20) + 0.5) / 127.5 - 1])
    return {"before": floats(before), "after": floats(((before + 1) * 127.5).round() / 127.5 - 1)}


def labels():
    cases = []
    for seed, classes, (height, width) in [(1, 5, (8, 12)), (2, 3, (9, 7)), (3, 182, (4, 4)), (4, 2, (5, 6))]:
        drawn = np.random.RandomState(seed).randint(0, classes, (height, width))
        hot = torch.nn.functional.one_hot(torch.from_numpy(drawn), classes).permute(2, 0, 1)[None].float()
        half = torch.nn.functional.interpolate(hot, scale_factor=0.5, mode="bilinear")
        quarter = torch.nn.functional.interpolate(half, scale_factor=0.5, mode="bilinear")
        cases.append({
            "classes": classes, "height": height, "width": width, "labels": drawn.ravel().tolist(),
            "rows": quarter.shape[2], "columns": quarter.shape[3], "quarter": floats(quarter),
        })
    return cases


def layout(objects, classes, places, tokens, crop):
    """places · (object, left upper corner, right lower corner), then the two corners of the crop; an object that is not
    there is the last token three times. Objects are numbered class + classes · flags (group 1, occluded 2, depiction 4,
    inside 8), corners are numbered row · s + column on a grid of s = floor(sqrt(tokens)) a side, at
    round(coordinate · (s − 1)), halves to even as Python rounds. Boxes are left, top, right, bottom in 0 … 1."""
    side = int(np.sqrt(tokens))
    corner = lambda x, y: round(y * (side - 1)) * side + round(x * (side - 1))
    corners = lambda box: [corner(box[0], box[1]), corner(box[2], box[3])]
    row = []
    for of, flags, box in objects:
        row += [of + classes * flags, *corners(box)]
    return row + [tokens - 1] * (3 * (places - len(objects))) + corners(crop)


def layouts():
    cases = []
    for seed, count, classes, places, tokens in [(1, 0, 601, 30, 8192), (2, 3, 601, 30, 8192), (3, 30, 511, 30, 8192), (4, 5, 20, 7, 400)]:
        random = np.random.RandomState(seed)
        objects = []
        for number in range(count):
            # Eighths fall on the middle between two places of some grids.
            points = np.sort(random.randint(0, 9, (2, 2)) / 8 if number % 2 else random.uniform(0, 1, (2, 2)), axis=0)
            points[1] = np.where(points[0] == points[1], points[0] + 0.0625, points[1]).clip(0, 1)
            points[0] = np.where(points[0] == points[1], points[1] - 0.0625, points[0])
            box = [float(v) for v in (*points[0], *points[1])]
            objects.append((int(random.randint(0, classes)), int(random.randint(0, 14 if tokens == 8192 else 16)), box))
        crop = [0.0, 0.0, 1.0, 1.0] if seed % 2 else [0.125, 0.0, 0.875, 0.75]
        cases.append({
            "classes": classes, "places": places, "tokens": tokens, "crop": crop,
            "objects": [{"class": of, "flags": flags, "box": box} for of, flags, box in objects],
            "row": layout(objects, classes, places, tokens, crop),
        })
        assert all(0 <= token < tokens for token in cases[-1]["row"]) and len(cases[-1]["row"]) == places * 3 + 2
    return cases


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    golden = {
        "about": f"transformers {transformers.__version__}, PIL {PIL.__version__}, diffusers {diffusers.__version__}, torch "
                 f"{torch.__version__.split('+')[0]}; see make_conditions.py",
        "vision": vision(), "depth": depth(), "holes": holes(), "eight_bits": eight_bits(), "labels": labels(), "layouts": layouts(),
    }
    lines = ",\n".join(f'"{key}": {one_a_line(value)}' for key, value in golden.items())
    (out / "conditions.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
