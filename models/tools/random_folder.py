"""What the make_*_random.py scripts share: networks one at a time, the tokenizer, the export, the command line.

A family's script says its configurations and its networks; `run` does the rest.
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


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def unit_noise(unet):
    """The usual initialisation predicts too little noise; a trained denoiser's output has unit variance."""
    import torch

    with torch.no_grad():
        unet.conv_out.weight.mul_(2.5)
    return unet


def save_networks(folder, builders, seed):
    """Builds, saves and frees one network after the other; each has its own seed, whatever the others need."""
    import torch

    for index, (name, build) in enumerate(builders.items()):
        torch.manual_seed(seed * 10 + index)
        model = build()
        count = sum(p.numel() for p in model.parameters())
        print(f"{name}: {count / 1e6:.1f} M parameters", flush=True)
        model.save_pretrained(folder / name)
        del model
        gc.collect()


def save_tokenizers(folder, tokenizers, wheel):
    """CLIP's vocabulary as `folder`/NAME for each NAME of `tokenizers`, whose values are CLIPTokenizer's options."""
    from transformers import CLIPTokenizer

    with tempfile.TemporaryDirectory() as vocabulary:
        command = [sys.executable, str(CLIP_VOCAB), vocabulary] + (["--wheel", str(wheel)] if wheel else [])
        subprocess.run(command, check=True)
        files = [str(Path(vocabulary) / n) for n in ("vocab.json", "merges.txt")]
        for name, options in tokenizers.items():
            CLIPTokenizer(*files, model_max_length=77, **options).save_pretrained(folder / name)


def export(source, out, dtype, scheduler):
    import torch
    from optimum.exporters.onnx import main_export

    # The export runs the networks once, and float16 on a CPU is slow beyond patience.
    device = "cuda" if dtype == "fp16" and torch.cuda.is_available() else "cpu"
    main_export(str(source), str(out), task="text-to-image", library_name="diffusers", dtype=dtype, device=device,
                do_validation=False)
    write_json(out / "scheduler" / "scheduler_config.json", scheduler)
    for path in out.rglob("*.onnx_data"):
        path.chmod(0o644)  # the exporter leaves it readable by its owner alone
    for path in out.rglob("*.json"):
        value = json.loads(path.read_text())
        if isinstance(value, dict) and value.pop("_name_or_path", None):
            write_json(path, value)


def run(family, index, scheduler, tokenizers, builders):
    """The whole program. `builders(tiny, full_vae)` gives the networks' makers by the names of their folders."""
    parser = argparse.ArgumentParser(description=f"Make a full-size {family} folder with random weights.")
    parser.add_argument("outdir", type=Path)
    parser.add_argument("--dtype", choices=["fp32", "fp16"], default="fp32")
    parser.add_argument("--tiny", action="store_true", help="few channels, to try the road")
    parser.add_argument("--full-vae", action="store_true", help="with --tiny: the autoencoder in its full size")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--wheel", type=Path, help="an open_clip_torch wheel for the vocabulary")
    parser.add_argument("--keep-torch", type=Path, metavar="DIR", help="keep the diffusers folder that is exported")
    arguments = parser.parse_args()
    for folder in filter(None, (arguments.outdir, arguments.keep_torch)):
        if folder.exists() and any(folder.iterdir()):
            sys.exit(f"{Path(sys.argv[0]).name}: {folder} is not empty")
    warnings.simplefilter("ignore")
    started = time.monotonic()
    arguments.outdir.parent.mkdir(parents=True, exist_ok=True)
    source = arguments.keep_torch or Path(tempfile.mkdtemp(prefix="random-folder-", dir=arguments.outdir.parent))
    try:
        write_json(source / "model_index.json", index)
        write_json(source / "scheduler" / "scheduler_config.json", scheduler)
        save_tokenizers(source, tokenizers, arguments.wheel)
        save_networks(source, builders(arguments.tiny, arguments.full_vae), arguments.seed)
        export(source, arguments.outdir, arguments.dtype, scheduler)
    finally:
        if not arguments.keep_torch:
            shutil.rmtree(source, ignore_errors=True)
    size = sum(f.stat().st_size for f in arguments.outdir.rglob("*") if f.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{arguments.outdir}: {size / 1e9:.2f} GB, {time.monotonic() - started:.0f} s, "
          f"peak memory {peak / 2**20:.1f} GiB")
