#!/usr/bin/env python3
"""Makes ../models/tiny-*: Stable Diffusion 1.x folders of a few hundred kilobytes with random weights.

Usage: python make_tiny_models.py [OUTDIR]     (default: ../models beside this folder)

  tiny-optimum        optimum-onnx export, float32; timestep float32 rank 0; ids int64; VAE scale 0.3
  tiny-optimum-fp16   the same networks, optimum-onnx export in float16, every float input and output too
  tiny-legacy         diffusers' Onnx layout: no config.json; ids int32; timestep int64 [batch];
                      UNet weights in unet/weights.pb; VAE scale 0.18215 by convention; sampled vae_encoder
  tiny-legacy-fp16    the same in float16, timestep float16 [batch], weights inside the graph
  tiny-static         optimum's layout, every dimension fixed: batch 1, 64x64 pixels; timestep int64 rank 0
  tokenizer-json      tokenizer.json of the same vocabulary (transformers' CLIPTokenizerFast)

The graphs of tiny-optimum and tiny-legacy are as their exporters wrote them; the others lose node names, recorded shapes
and the long names of values (family_compact.py), so that tests/models stays below 15 MB.

The torch networks go to target/golden/ (not committed): make_pictures.py draws with them.
"""

import copy
import json
import shutil
import sys
import warnings
from pathlib import Path

import diffusers
import onnxruntime
import torch
import transformers
from diffusers import PNDMScheduler, StableDiffusionPipeline
from family_compact import shorten
from legacy_export import export_folder
from optimum.exporters.onnx import main_export
from tiny_networks import SCHEDULER, text_encoder, unet, vae, write_vocabulary
from transformers import CLIPTokenizer, CLIPTokenizerFast

HERE = Path(__file__).resolve().parent
WORK = HERE.parents[1] / "target" / "golden"
INDEX = {
    "scheduler": ["diffusers", "PNDMScheduler"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "safety_checker": [None, None],
    "feature_extractor": [None, None],
}


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def tokenizer():
    folder = WORK / "vocabulary"
    write_vocabulary(folder)
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)


def torch_pipeline(scaling_factor):
    tokens = tokenizer()
    return StableDiffusionPipeline(
        vae=vae(scaling_factor), text_encoder=text_encoder(len(tokens)), tokenizer=tokens, unet=unet(),
        scheduler=PNDMScheduler.from_config(SCHEDULER), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    )


def parts(pipeline):
    return {k: copy.deepcopy(getattr(pipeline, k)) for k in ("text_encoder", "unet", "vae")}


def finish(folder):
    """What every folder shares, and a check that each graph opens; the scheduler file is SD 1.5's, to the letter."""
    write_json(folder / "scheduler" / "scheduler_config.json", SCHEDULER)
    tokenizer().save_pretrained(folder / "tokenizer")
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(WORK / "vocabulary" / name, folder / "tokenizer" / name)
    for path in folder.rglob("*.json"):
        value = json.loads(path.read_text())
        if value.pop("_name_or_path", None):  # where this machine happened to keep the networks
            write_json(path, value)
    for graph in folder.rglob("*.onnx"):
        onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])


def optimum_folder(source, out, dtype):
    main_export(str(source), str(out), task="text-to-image", library_name="diffusers", dtype=dtype,
                do_validation=False)
    finish(out)


def legacy_folder(pipeline, out, **kind):
    export_folder(parts(pipeline), out, ids=torch.int32, **kind)
    index = {"_class_name": "OnnxStableDiffusionPipeline", "_diffusers_version": "0.10.2", **INDEX}
    for name in ("text_encoder", "unet", "vae_encoder", "vae_decoder"):
        index[name] = ["diffusers", "OnnxRuntimeModel"]
    index["requires_safety_checker"] = False
    write_json(out / "model_index.json", index)
    finish(out)


def static_folder(pipeline, out, configs):
    export_folder(parts(pipeline), out, ids=torch.int64, timestep=(torch.int64, 0), sampled=False, fixed=True,
                  opset=17)
    for name in ("model_index.json", "text_encoder/config.json", "unet/config.json", "vae_encoder/config.json",
                 "vae_decoder/config.json"):
        shutil.copy(configs / name, out / name)
    finish(out)


def main():
    warnings.simplefilter("ignore")
    diffusers.utils.logging.set_verbosity_error()
    transformers.utils.logging.set_verbosity_error()
    torch.set_num_threads(1)
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "models"
    names = ["tiny-optimum", "tiny-optimum-fp16", "tiny-legacy", "tiny-legacy-fp16", "tiny-static", "tokenizer-json"]
    for name in names:
        shutil.rmtree(out / name, ignore_errors=True)

    pipeline = torch_pipeline(0.3)
    pipeline.save_pretrained(WORK / "torch-0.3")
    legacy = torch_pipeline(0.18215)
    legacy.save_pretrained(WORK / "torch-0.18215")

    optimum_folder(WORK / "torch-0.3", out / "tiny-optimum", "fp32")
    optimum_folder(WORK / "torch-0.3", out / "tiny-optimum-fp16", "fp16")
    legacy_folder(legacy, out / "tiny-legacy", timestep=(torch.int64, 1), external=True)
    legacy_folder(legacy, out / "tiny-legacy-fp16", timestep=(torch.float16, 1), dtype=torch.float16)
    static_folder(pipeline, out / "tiny-static", out / "tiny-optimum")
    for name in ("tiny-optimum-fp16", "tiny-legacy-fp16", "tiny-static"):
        for graph in (out / name).rglob("model.onnx"):
            shorten(graph)
    folder = WORK / "vocabulary"
    fast = CLIPTokenizerFast(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)
    fast.save_pretrained(WORK / "fast")
    (out / "tokenizer-json").mkdir()
    shutil.copy(WORK / "fast" / "tokenizer.json", out / "tokenizer-json" / "tokenizer.json")

    for name in names:
        size = sum(f.stat().st_size for f in (out / name).rglob("*") if f.is_file())
        print(f"{name:18} {size / 1000:8.0f} kB")


if __name__ == "__main__":
    main()
