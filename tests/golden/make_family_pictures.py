#!/usr/bin/env python3
"""Golden pictures of the families: every module in families/ draws its cases with diffusers' own pipelines.

Usage: python make_family_pictures.py [NAME ...]   (default: every family; needs the output of
make_tiny_models.py and make_family_models.py)

Writes inputs/*.png (the init pictures and masks) and, for each family, families/<name>.json and
families/<name>/*.png (RGB, 8 bit).

<name>.json: {"about", "cases": [...]}. Oracle: diffusers' pipeline on the torch networks that the folder was exported
from, float32, CPU, torch.Generator("cpu"). The fields of a case; null: not given, the pipeline's default holds:
  name, folder       folder under tests/models
  prompt, negative, prompt_2, negative_2, prompt_3, negative_3
  guidance, steps, seed (decimal string), width, height, count (pictures that share one generator)
  scheduler          the name of the command line; null: the folder's own
  sigmas             karras | exponential | beta
  config_changes     keys to change in the folder's scheduler_config.json first
  init, mask         files of inputs/; strength; mask_padding: diffusers' padding_mask_crop
  image_guidance (InstructPix2Pix), noise_level (upscaler), guidance_rescale, eta, clip_skip,
  denoising_start, denoising_end, latents_from (SDXL): the case whose latents this one takes up, drawn before it
  original_size, target_size, crop, and each with negative_ before it (SDXL): [height, width] and [top, left]
  aesthetic_score, negative_aesthetic_score (SDXL's refiner), true_cfg (Flux), max_sequence_length (T5)
  conditions         [{role, picture (of inputs/), scale, start, end}]; what is left out is 1, 0 and 1. guess_mode
  boxes              [[phrase, [left, top, right, bottom]]]; boxes_until: gligen_scheduled_sampling_beta
  base               the folder that `folder` is laid over, which lacks what the two have in common
  remove             sub-folders to take away before drawing
  files              one a picture
  flags              the safety checker's, one a picture (the pictures are as they were before it)
Expected: every channel of every pixel within one grey level. The script draws each case a second time with the folder's
own graphs under onnxruntime and asserts that.
"""

import itertools
import json
import shutil
import sys

from make_family_models import modules, quiet  # first: it hides ftfy from transformers

import diffusers
import family_inputs
import numpy as np
import torch
from family_tools import DEFAULTS, HERE, INPUTS, MODELS, graph_swap

OUT = HERE / "families"


def difference(a, b):
    if a.size != b.size:
        return np.array([255])
    return np.abs(np.asarray(a, dtype=np.int16) - np.asarray(b, dtype=np.int16))


def check_visible(groups, pictures):
    for name, members in groups.items():
        means = [difference(pictures[a][0], pictures[b][0]).mean() for a, b in itertools.combinations(members, 2)]
        print(f"  {name:12} pictures differ by {min(means):5.1f} .. {max(means):5.1f} grey levels")
        assert min(means) > 10, name


def draw_family(module, name):
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    listed, pictures, worst, sessions = [], {}, (0, ""), {}
    for case_name, changes in module.cases():
        unknown = set(changes) - set(DEFAULTS)
        assert not unknown and case_name not in pictures, (case_name, unknown)
        case = {"name": case_name, **DEFAULTS, **getattr(module, "DEFAULTS", {}), **changes}
        images = pictures[case_name] = module.draw(case, lambda *_, **__: None)
        assert len(images) == case["count"], case_name
        swap, stack = graph_swap(MODELS / case["folder"], sessions, MODELS / case["base"] if case["base"] else None)
        with stack:
            again = module.draw(dict(case), swap)
        gap = max(int(difference(a, b).max()) for a, b in zip(images, again, strict=True))
        worst = max(worst, (gap, case_name))
        case["files"] = [f"{case_name}_{i}.png" if len(images) > 1 else f"{case_name}.png" for i in range(len(images))]
        for image, file in zip(images, case["files"]):
            assert np.asarray(image).std() > 12, case_name
            image.save(folder / file, optimize=True)
        listed.append({**case, "seed": str(case["seed"])})
        print(f"{name}/{case_name:32} std {np.asarray(images[0]).std():5.1f}  graphs within {gap}", flush=True)
    check_visible(getattr(module, "VISIBLE", {}), pictures)
    print(f"{name}: torch against the graphs: at most {worst[0]} grey level(s), in {worst[1]}")
    assert worst[0] <= 1
    versions = f"diffusers {diffusers.__version__}, torch {torch.__version__.split('+')[0]}"
    lines = ['{"about": ' + json.dumps(f"{versions}; see make_family_pictures.py") + ', "cases": [']
    lines.append(",\n".join(json.dumps(case) for case in listed))
    (OUT / f"{name}.json").write_text("\n".join(lines) + "\n]}\n")


def main():
    quiet()
    family_inputs.write(INPUTS)
    for module in modules(sys.argv[1:]):
        draw_family(module, module.__name__.rpartition(".")[2])


if __name__ == "__main__":
    main()
