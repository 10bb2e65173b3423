#!/usr/bin/env python3
"""Makes a full-size Stable Diffusion 1.5 folder with random weights, exported by optimum.

Usage: python make_sd15_random.py OUTDIR [--dtype fp32|fp16] [--tiny] [--seed N] [--wheel FILE] [--keep-torch DIR]

See README.md beside this file. Networks are built, saved and freed one at a time, so that the peak is the
export of the UNet and not the sum of everything.
"""

import argparse
import gc
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

CLIP_VOCAB = Path(__file__).resolve().parents[2] / "tests" / "golden" / "clip_vocab.py"

SCHEDULER = {
    "_class_name": "PNDMScheduler",
    "_diffusers_version": "0.6.0",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
    "clip_sample": False,
}
TEXT = {
    "vocab_size": 49408, "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
    "num_attention_heads": 12, "max_position_embeddings": 77, "projection_dim": 768, "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-05, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1,
}
UNET = {
    "sample_size": 64, "in_channels": 4, "out_channels": 4, "layers_per_block": 2, "attention_head_dim": 8,
    "block_out_channels": (320, 640, 1280, 1280), "cross_attention_dim": 768, "norm_num_groups": 32,
    "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
}
VAE = {
    "in_channels": 3, "out_channels": 3, "latent_channels": 4, "layers_per_block": 2, "sample_size": 512,
    "block_out_channels": (128, 256, 512, 512), "norm_num_groups": 32, "scaling_factor": 0.18215,
    "down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4,
}
INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.35.2",
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def save_networks(folder, seed, tiny):
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    text, unet, vae = dict(TEXT), dict(UNET), dict(VAE)
    if tiny:
        text.update(hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4)
        unet.update(block_out_channels=(32, 64, 64, 64), cross_attention_dim=64)
        vae.update(block_out_channels=(32, 32, 32, 32))

    def denoiser():
        model = UNet2DConditionModel(**unet)
        # The usual initialisation predicts too little noise; a trained denoiser's output has unit variance.
        with torch.no_grad():
            model.conv_out.weight.mul_(2.5)
        return model

    builders = {
        "text_encoder": lambda: CLIPTextModel(CLIPTextConfig(**text)),
        "unet": denoiser,
        "vae": lambda: AutoencoderKL(**vae),
    }
    for index, (name, build) in enumerate(builders.items()):
        torch.manual_seed(seed * 10 + index)
        model = build()
        count = sum(p.numel() for p in model.parameters())
        print(f"{name}: {count / 1e6:.1f} M parameters", flush=True)
        model.save_pretrained(folder / name)
        del model
        gc.collect()


def save_tokenizer(folder, wheel):
    from transformers import CLIPTokenizer

    command = [sys.executable, str(CLIP_VOCAB), str(folder / "vocabulary")]
    subprocess.run(command + (["--wheel", str(wheel)] if wheel else []), check=True)
    files = [str(folder / "vocabulary" / n) for n in ("vocab.json", "merges.txt")]
    CLIPTokenizer(*files, model_max_length=77).save_pretrained(folder / "tokenizer")


def export(source, out, dtype):
    from optimum.exporters.onnx import main_export

    main_export(str(source), str(out), task="text-to-image", library_name="diffusers", dtype=dtype,
                do_validation=False)
    write_json(out / "scheduler" / "scheduler_config.json", SCHEDULER)
    for path in out.rglob("*.onnx_data"):
        path.chmod(0o644)  # the exporter leaves it readable by its owner alone
    for path in out.rglob("*.json"):
        value = json.loads(path.read_text())
        if isinstance(value, dict) and value.pop("_name_or_path", None):
            write_json(path, value)


def main():
    parser = argparse.ArgumentParser(description="Make an SD 1.5 folder with random weights.")
    parser.add_argument("outdir", type=Path)
    parser.add_argument("--dtype", choices=["fp32", "fp16"], default="fp32")
    parser.add_argument("--tiny", action="store_true", help="few channels, to try the road")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--wheel", type=Path)
    parser.add_argument("--keep-torch", type=Path, metavar="DIR")
    arguments = parser.parse_args()
    if arguments.outdir.exists() and any(arguments.outdir.iterdir()):
        sys.exit(f"make_sd15_random: {arguments.outdir} is not empty")
    warnings.simplefilter("ignore")
    started = time.monotonic()
    source = arguments.keep_torch or Path(tempfile.mkdtemp(prefix="sd15-random-", dir=arguments.outdir.parent))
    try:
        write_json(source / "model_index.json", INDEX)
        write_json(source / "scheduler" / "scheduler_config.json", SCHEDULER)
        save_tokenizer(source, arguments.wheel)
        save_networks(source, arguments.seed, arguments.tiny)
        export(source, arguments.outdir, arguments.dtype)
    finally:
        if not arguments.keep_torch:
            shutil.rmtree(source, ignore_errors=True)
    size = sum(f.stat().st_size for f in arguments.outdir.rglob("*") if f.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{arguments.outdir}: {size / 1e9:.2f} GB, {time.monotonic() - started:.0f} s, "
          f"peak memory {peak / 2**20:.1f} GiB")


if __name__ == "__main__":
    main()
