#!/usr/bin/env python3
"""Golden pictures: whole text-to-image runs of the tiny folders, drawn by diffusers.

Usage: python make_pictures.py [OUTDIR]      (default: this folder; needs make_tiny_models.py's output)

Writes pictures.json, pictures/*.png (RGB, 8 bit) and trace.json.

pictures.json: {"about", "cases": [...]}. A case is a request and its pictures:
  name, folder       folder under tests/models
  oracle             torch    diffusers' StableDiffusionPipeline, float32 CPU, on the torch networks that the
                              folder was exported from
                     graphs   graph_pipeline.py: the folder's own ONNX graphs under onnxruntime with diffusers'
                              schedulers, latents and guidance float32 (float16 graphs, fixed shapes, legacy)
                     onnx     diffusers' own OnnxStableDiffusionPipeline (legacy layout, NumPy noise)
  rng                torch-cpu | numpy
  prompt, negative (null: not given), guidance, steps, seed (decimal string), width, height, count
  scheduler          the name of the command line; null: the folder's own
  sigmas             default | karras | exponential | beta
  config_changes     keys to change in the folder's scheduler_config.json first (null: none)
  files              one a picture; count pictures share one generator
Expected: every channel of every pixel within one grey level.

trace.json: what happens inside the case named in it: token ids, embeddings, the initial noise, the latents after
every step, the decoded values before clamping to 0..1; float32.
"""

import contextlib
import io
import itertools
import json
import shutil
import sys
import warnings
from pathlib import Path

# The tokenizer's target is CLIPTokenizer without ftfy, as in make_tokenizer.py; transformers looks at import.
sys.modules["ftfy"] = None

import diffusers
import numpy as np
import torch
import transformers
from diffusers import OnnxStableDiffusionPipeline, StableDiffusionPipeline
from graph_pipeline import GraphPipeline
from make_schedulers import floats
from PIL import Image
from scheduler_cases import cases as scheduler_cases
from tiny_networks import SCHEDULER

HERE = Path(__file__).resolve().parent
WORK = HERE.parents[1] / "target" / "golden"
MODELS = HERE.parent / "models"
CLASSES = {name: class_name for name, (class_name, _) in scheduler_cases().items()}
DEFAULTS = {
    "folder": "tiny-optimum", "oracle": "torch", "rng": "torch-cpu", "prompt": "a red house in the snow at night",
    "negative": None, "guidance": 7.5, "steps": 8, "seed": 0, "width": 64, "height": 64, "count": 1,
    "scheduler": None, "sigmas": "default", "config_changes": None,
}
LONG = "a photo of a red house, oil on canvas, best quality, masterpiece, " * 6 + "a yellow cat"


def requests():
    yield "base", {}
    for name in CLASSES:
        if name != "pndm":
            yield f"scheduler_{name}", {"scheduler": name}
    yield "prompt_other", {"prompt": "a cat and a dog sitting on the yellow chair"}
    yield "prompt_empty", {"prompt": ""}
    yield "prompt_too_long", {"prompt": LONG}
    yield "prompt_unicode", {"prompt": "Caf\u00e9 \u732b \U0001f600 \u039f\u0394\u039f\u03a3 it's 100%\u200b"}
    yield "negative_empty", {"negative": ""}
    yield "negative_given", {"negative": "blurry, low quality, ugly"}
    yield "negative_guidance_1", {"negative": "blurry, low quality, ugly", "guidance": 1.0}
    yield "guidance_1", {"guidance": 1.0}
    yield "guidance_0", {"guidance": 0.0}
    yield "guidance_3", {"guidance": 3.0, "scheduler": "ddim"}
    yield "seed_42", {"seed": 42}
    yield "seed_above_32_bits", {"seed": 2**32 + 5}
    yield "seed_above_63_bits", {"seed": 2**63 + 12345, "scheduler": "euler_ancestral"}
    yield "steps_1_ddim", {"steps": 1, "scheduler": "ddim"}
    yield "steps_2_unipc", {"steps": 2, "scheduler": "unipc"}
    yield "steps_4", {"steps": 4}
    yield "steps_20_dpmpp_2m", {"steps": 20, "scheduler": "dpmpp_2m"}
    yield "steps_25", {"steps": 25}
    yield "wide", {"width": 96}
    yield "tall", {"height": 80, "scheduler": "euler"}
    yield "large", {"width": 128, "height": 96, "steps": 4}
    yield "count_2", {"count": 2}
    yield "count_2_euler_ancestral", {"count": 2, "scheduler": "euler_ancestral", "steps": 6}
    yield "count_3_ddpm_guidance_1", {"count": 3, "scheduler": "ddpm", "guidance": 1.0, "steps": 5}
    yield "karras_dpmpp_2m", {"scheduler": "dpmpp_2m", "sigmas": "karras"}
    yield "karras_euler", {"scheduler": "euler", "sigmas": "karras"}
    yield "exponential_heun", {"scheduler": "heun", "sigmas": "exponential", "steps": 5}
    yield "beta_unipc", {"scheduler": "unipc", "sigmas": "beta"}
    yield "v_prediction", {"scheduler": "ddim", "config_changes": {"prediction_type": "v_prediction"}}
    yield "v_trailing_zero_snr", {
        "scheduler": "euler",
        "config_changes": {"prediction_type": "v_prediction", "timestep_spacing": "trailing",
                           "rescale_betas_zero_snr": True},
    }
    graphs = {"oracle": "graphs"}
    for folder in ("tiny-optimum-fp16", "tiny-legacy", "tiny-legacy-fp16", "tiny-static"):
        yield f"{folder}_base", {**graphs, "folder": folder}
        yield f"{folder}_euler", {**graphs, "folder": folder, "scheduler": "euler"}  # fractional timesteps
        yield f"{folder}_guidance_1", {**graphs, "folder": folder, "guidance": 1.0, "steps": 5, "scheduler": "ddim"}
        yield f"{folder}_count_2", {**graphs, "folder": folder, "count": 2, "steps": 4, "negative": "ugly"}
    yield "tiny-legacy_wide", {**graphs, "folder": "tiny-legacy", "width": 96}
    legacy = {"oracle": "onnx", "rng": "numpy", "folder": "tiny-legacy"}
    yield "tiny-legacy_numpy", {**legacy}
    yield "tiny-legacy_numpy_seed_7", {**legacy, "seed": 7, "negative": "blurry", "steps": 5}
    yield "tiny-legacy_numpy_ddim", {**legacy, "scheduler": "ddim"}


def scheduler_for(case):
    base = diffusers.PNDMScheduler.from_config({**SCHEDULER, **(case["config_changes"] or {})})
    name = case["scheduler"] or "pndm"
    changes = dict(case["config_changes"] or {})
    if name == "dpmpp_2m_sde":
        changes["algorithm_type"] = "sde-dpmsolver++"
    if case["sigmas"] != "default":
        changes[f"use_{case['sigmas']}_sigmas"] = True
    return getattr(diffusers, CLASSES[name]).from_config(base.config, **changes)


class Oracles:
    def __init__(self):
        self.torch = StableDiffusionPipeline.from_pretrained(WORK / "torch-0.3", safety_checker=None)
        self.torch.set_progress_bar_config(disable=True)
        self.graphs = {}

    def graph(self, folder):
        if folder not in self.graphs:
            self.graphs[folder] = GraphPipeline(MODELS / folder)
        return self.graphs[folder]

    def draw_torch(self, case, **more):
        self.torch.scheduler = scheduler_for(case)
        return self.torch(
            case["prompt"], negative_prompt=case["negative"], guidance_scale=case["guidance"],
            num_inference_steps=case["steps"], width=case["width"], height=case["height"],
            num_images_per_prompt=case["count"],
            generator=torch.Generator("cpu").manual_seed(case["seed"]), **more,
        ).images

    def draw_graphs(self, case):
        keys = ("prompt", "negative", "guidance", "steps", "seed", "width", "height", "count")
        pixels = self.graph(case["folder"])(scheduler_for(case), **{k: case[k] for k in keys})
        return [Image.fromarray(p) for p in pixels]

    def draw_onnx(self, case):
        with contextlib.redirect_stdout(io.StringIO()):  # onnxruntime's complaint about diffusers' arguments
            pipeline = OnnxStableDiffusionPipeline.from_pretrained(
                MODELS / case["folder"], provider="CPUExecutionProvider", safety_checker=None,
                feature_extractor=None)
        pipeline.set_progress_bar_config(disable=True)
        pipeline.scheduler = scheduler_for(case)
        return pipeline(
            case["prompt"], negative_prompt=case["negative"], guidance_scale=case["guidance"],
            num_inference_steps=case["steps"], width=case["width"], height=case["height"],
            generator=np.random.RandomState(case["seed"]),
        ).images

    def draw(self, case):
        return getattr(self, "draw_" + case["oracle"])(case)


def difference(a, b):
    return np.abs(np.asarray(a, dtype=np.int16) - np.asarray(b, dtype=np.int16))


def check_visible(pictures):
    """Each setting moves the picture by more than ten grey levels on average."""
    groups = {
        "prompt": ["base", "prompt_other", "prompt_empty"],
        "negative": ["base", "negative_given"],
        "seed": ["base", "seed_42", "seed_above_32_bits"],
        "guidance": ["base", "guidance_1"],
        "steps": ["base", "steps_4"],
        "scheduler": ["base", "scheduler_ddim", "scheduler_euler", "scheduler_euler_ancestral", "scheduler_ddpm"],
        "prediction": ["scheduler_ddim", "v_prediction"],
    }
    for name, members in groups.items():
        means = [difference(pictures[a][0], pictures[b][0]).mean() for a, b in itertools.combinations(members, 2)]
        print(f"{name:12} pictures differ by {min(means):5.1f} .. {max(means):5.1f} grey levels")
        assert min(means) > 10, name
    sigmas = difference(pictures["scheduler_euler"][0], pictures["karras_euler"][0])
    assert sigmas.max() > 10  # the same walk in other strides: less, but far above the tolerance


def trace(oracles, case):
    """The values inside one run, through the pipeline's own callback."""
    pipeline = oracles.torch
    latents = []

    def after_step(_pipeline, _index, _t, tensors):
        latents.append(floats(tensors["latents"]))
        return {}

    oracles.draw_torch(case, callback_on_step_end=after_step)
    with torch.no_grad():
        positive, negative = pipeline.encode_prompt(case["prompt"], "cpu", 1, True, case["negative"])
    generator = torch.Generator("cpu").manual_seed(case["seed"])
    shape = (1, 4, case["height"] // 8, case["width"] // 8)
    last = torch.tensor(latents[-1], dtype=torch.float32).reshape(shape)
    with torch.no_grad():
        decoded = pipeline.vae.decode(last / pipeline.vae.config.scaling_factor).sample
    return {
        "case": case["name"],
        "ids": pipeline.tokenizer(case["prompt"], padding="max_length").input_ids,
        "prompt_embeds": floats(positive),
        "negative_prompt_embeds": floats(negative),
        "noise": floats(torch.randn(shape, generator=generator)),
        "timesteps": [float(t) for t in pipeline.scheduler.timesteps],
        "latents": latents,
        "decoded": floats(decoded / 2 + 0.5),
    }


def main():
    warnings.simplefilter("ignore")
    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    torch.set_num_threads(1)
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    shutil.rmtree(out / "pictures", ignore_errors=True)
    (out / "pictures").mkdir(parents=True)
    oracles = Oracles()
    listed, pictures, worst = [], {}, (0, "")
    for name, changes in requests():
        case = {"name": name, **DEFAULTS, **changes}
        images = pictures[name] = oracles.draw(case)
        assert len(images) == case["count"] and images[0].size == (case["width"], case["height"])
        files = [f"{name}_{i}.png" if case["count"] > 1 else f"{name}.png" for i in range(case["count"])]
        for image, file in zip(images, files):
            assert np.asarray(image).std() > 20, name
            image.save(out / "pictures" / file, optimize=True)
        if case["oracle"] == "torch":  # the folder's own graphs must agree, or the tolerance means nothing
            gap = max(difference(a, b).max() for a, b in zip(images, oracles.draw_graphs(case)))
            worst = max(worst, (int(gap), name))
        if name == "steps_4":
            (out / "trace.json").write_text(json.dumps(trace(oracles, case), separators=(",", ":")) + "\n")
        listed.append({**case, "seed": str(case["seed"]), "files": files})
        print(f"{name:28} std {np.asarray(images[0]).std():5.1f}", flush=True)
    check_visible(pictures)
    print(f"torch against the graphs: at most {worst[0]} grey level(s), in {worst[1]}")
    assert worst[0] <= 1
    head = {"about": f"diffusers {diffusers.__version__}, torch {torch.__version__.split('+')[0]}; see make_pictures.py"}
    lines = [json.dumps(head)[:-1] + ', "cases": [']
    lines.append(",\n".join(json.dumps(case) for case in listed))
    (out / "pictures.json").write_text("\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    main()
