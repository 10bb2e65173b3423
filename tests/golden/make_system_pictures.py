#!/usr/bin/env python3
"""Golden pictures of the systems: every module in systems/ draws its cases with diffusers' own pipelines.

Usage: python make_system_pictures.py [NAME ...]   (default: every system; needs make_system_models.py's folders)

Writes, for each system, systems/<name>.json and systems/<name>/*.png (RGB, 8 bit) or *.npy (float32 arrays: embeddings).

<name>.json: {"about", "cases": [...]}. Oracle: diffusers' pipeline on the torch networks that the folder was exported
from, float32, CPU, one torch.Generator("cpu") a case. A case has these fields, and only those that it needs:
  name, folder (under tests/models), pipeline (which of diffusers' classes: see the module's docstring)
  settings           prompt, steps, guidance, seed ... : the module's docstring says what each means
  files              one a result
  trace              summaries of what lies between: {name: {"shape", "mean", "std", "head": the first four values}},
                     and the timesteps of each stage. For debugging; the last bits depend on the machine
Expected: every channel of every pixel within one grey level, every value of an array within 1e-4. The script computes
each case a second time with the folder's own graphs and constants under onnxruntime and asserts that, and twice more
with a few float roundings' noise (2e-6) on every output of a graph: a case whose pictures hang by one rounding is none.
"""

import itertools
import json
import shutil
import sys

from make_family_models import quiet  # first: it hides ftfy from transformers

import diffusers
import family_inputs
import numpy as np
import torch
from family_tools import HERE, INPUTS, MODELS
from make_family_pictures import difference
from make_system_models import modules
from system_tools import Graphs, Trace

OUT = HERE / "systems"
ARRAYS = 1e-4


def gap(ours, theirs):
    """In units of what is allowed: grey levels, or ARRAYS."""
    if isinstance(ours, np.ndarray):
        return float(np.abs(ours - theirs).max()) / ARRAYS
    return int(difference(ours, theirs).max())


def check_visible(groups, results):
    for name, members in groups.items():
        means = [difference(results[a][0], results[b][0]).mean() for a, b in itertools.combinations(members, 2)]
        print(f"  {name:16} pictures differ by {min(means):5.1f} .. {max(means):5.1f} grey levels")
        assert min(means) > 10, name


def save(result, path):
    if isinstance(result, np.ndarray):
        np.save(path.with_suffix(".npy"), result)
        return path.with_suffix(".npy").name
    assert np.asarray(result).std() > 12, path
    result.save(path.with_suffix(".png"), optimize=True)
    return path.with_suffix(".png").name


def draw_system(module, name):
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    listed, results, worst, graphs = [], {}, (0, ""), Graphs()
    for case_name, settings in module.cases():
        assert case_name not in results, case_name
        settings = {**module.DEFAULTS, **settings}
        trace = Trace()
        drawn = results[case_name] = module.draw(dict(settings), lambda _: None, trace)
        values = trace.done()
        model, apart = MODELS / settings["folder"], 0
        for shake in (None, 1, 2):
            graphs.jitter = None
            if shake:
                graphs.shaken(shake)
            again = module.draw(dict(settings), lambda pipe: module.swap(pipe, model, graphs), unused := Trace())
            unused.done()
            graphs.put_back()
            apart = max(apart, *(gap(a, b) for a, b in zip(drawn, again, strict=True)))
        worst = max(worst, (apart, case_name))
        paths = [folder / (f"{case_name}_{i}.x" if len(drawn) > 1 else f"{case_name}.x") for i in range(len(drawn))]
        files = [save(result, path) for result, path in zip(drawn, paths)]
        listed.append({"name": case_name, **settings, "files": files, "trace": values})
        print(f"{name}/{case_name:28} std {np.asarray(drawn[0]).std():6.2f}  graphs within {apart:.3g}", flush=True)
    check_visible(getattr(module, "VISIBLE", {}), results)
    print(f"{name}: torch against the graphs: at most {worst[0]:.3g}, in {worst[1]}")
    assert worst[0] <= 1
    versions = f"diffusers {diffusers.__version__}, torch {torch.__version__.split('+')[0]}"
    lines = ['{"about": ' + json.dumps(f"{versions}; see make_system_pictures.py") + ', "cases": [']
    lines.append(",\n".join(json.dumps(case) for case in listed))
    (OUT / f"{name}.json").write_text("\n".join(lines) + "\n]}\n")


def main():
    quiet()
    family_inputs.write(INPUTS)
    for module in modules(sys.argv[1:]):
        draw_system(module, module.__name__.rpartition(".")[2])


if __name__ == "__main__":
    main()
