#!/usr/bin/env python3
"""Golden embeddings: what is computed with vectors between the networks of a cascade, and the files that constants come in.

Usage: python make_embeddings.py [OUTDIR]      (default: this folder)

Writes constants/* (the same arrays as NumPy and safetensors files) and embeddings.json; vectors are float32:
  pairs        for two vectors: norms, dot, cosine (float64), normalised, lerp, slerp, the unit difference, a picture turned
               towards it, a move along a direction. NumPy in float64, by the formulas in `pairs` and `slerp`
  sums         weighted sums, as KandinskyPriorPipeline.interpolate adds them
  ranked       the order of candidates by their dot products, torch's stable sort
  statistics   scale and unscale of diffusers' StableUnCLIPImageNormalizer
  augmented    StableUnCLIPPipeline.noise_image_embeddings: [scaled, noised, unscaled | sinusoid of the level]
  quantized    diffusers' VectorQuantizer of latents [channels, height, width], with codes that lie well apart
  constants    what is in each file of constants/
"""

import json
import shutil
import sys
import types
from pathlib import Path

import diffusers
import numpy as np
import safetensors
import torch
from diffusers import DDPMScheduler, StableUnCLIPPipeline
from diffusers.models.autoencoders.vae import VectorQuantizer
from diffusers.pipelines.stable_diffusion.stable_unclip_image_normalizer import StableUnCLIPImageNormalizer
from make_image import floats, one_a_line
from safetensors.torch import save_file

HERE = Path(__file__).resolve().parent
torch.set_num_threads(1)


def slerp(a, b, t):
    """sin((1-t)θ)/sin θ · a + sin(tθ)/sin θ · b, θ = acos(a·b / ‖a‖‖b‖); a straight line where |cos θ| is 0.9995 and more."""
    cosine = a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
    if abs(cosine) >= 0.9995:
        return (1 - t) * a + t * b
    angle = np.arccos(cosine)
    return (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


def pairs():
    cases = []
    for seed, width, kind in [(1, 16, "any"), (2, 3, "any"), (3, 512, "any"), (4, 8, "near"), (5, 8, "opposite"), (6, 8, "almost near")]:
        random = np.random.RandomState(seed)
        a = (random.normal(0, 1, width) * 3).astype(np.float32)
        b = random.normal(0.2, 1, width).astype(np.float32)
        if kind == "near":
            b = (a * 2 + 1e-3 * b).astype(np.float32)
        if kind == "almost near":
            b = (a + 0.3 * b).astype(np.float32)
        if kind == "opposite":
            b = (a * -0.5 + 1e-4 * b).astype(np.float32)
        a64, b64 = a.astype(np.float64), b.astype(np.float64)
        norm = np.linalg.norm
        unit = (b64 - a64) / norm(b64 - a64)
        at = [0.0, 0.25, 0.5, 0.875, 1.0]
        cases.append({
            "kind": kind, "a": floats(a), "b": floats(b), "norms": [norm(a64), norm(b64)], "dot": a64 @ b64,
            "cosine": a64 @ b64 / norm(a64) / norm(b64), "normalized": floats(a64 / norm(a64)), "at": at,
            "lerp": [floats((1 - t) * a64 + t * b64) for t in at], "slerp": [floats(slerp(a64, b64, t)) for t in at],
            "difference": floats(unit), "turned": [floats(slerp(a64, unit.astype(np.float32) * norm(a64), t)) for t in at],
            "moved": [floats(a64 + s * np.sqrt(width) * b64 / norm(b64)) for s in at],
        })
    return cases


def sums():
    cases = []
    for seed, count, width in [(1, 1, 4), (2, 2, 16), (3, 5, 7)]:
        random = np.random.RandomState(seed)
        parts, weights = random.normal(0, 2, (count, width)).astype(np.float32), random.uniform(-1, 1, count).astype(np.float32)
        total = torch.cat([(torch.from_numpy(p) * float(w)).unsqueeze(0) for p, w in zip(parts, weights)]).sum(dim=0)
        cases.append({"parts": [floats(p) for p in parts], "weights": floats(weights), "sum": floats(total)})
    return cases


def ranked():
    random = np.random.RandomState(7)
    candidates = random.randint(-2, 3, (12, 3)).astype(np.float32)
    text = np.array([1, 2, -1], np.float32)
    order = torch.sort(torch.from_numpy(candidates @ text), descending=True, stable=True).indices
    return {"text": floats(text), "candidates": [floats(c) for c in candidates], "order": order.tolist()}


def normalizer(random, width):
    normalizer = StableUnCLIPImageNormalizer(embedding_dim=width)
    with torch.no_grad():
        normalizer.mean.copy_(torch.from_numpy(random.normal(0, 0.3, (1, width))))
        normalizer.std.copy_(torch.from_numpy(random.uniform(0.2, 2, (1, width))))
    return normalizer


def statistics():
    random = np.random.RandomState(3)
    normal = normalizer(random, 6)
    embeddings = torch.from_numpy(random.normal(0, 1, (4, 6)).astype(np.float32))
    with torch.no_grad():
        return {
            "mean": floats(normal.mean.detach()), "deviation": floats(normal.std.detach()), "embeddings": floats(embeddings),
            "scaled": floats(normal.scale(embeddings)), "unscaled": floats(normal.unscale(embeddings)),
        }


def augmented():
    cases = []
    for seed, rows, width, level in [(1, 1, 16, 0), (2, 2, 16, 250), (3, 3, 7, 999), (4, 1, 768, 100)]:
        random = np.random.RandomState(seed)
        normal = normalizer(random, width)
        pipeline = types.SimpleNamespace(
            image_normalizer=normal, image_noising_scheduler=DDPMScheduler(beta_schedule="squaredcos_cap_v2"), _execution_device="cpu")
        embeddings, noise = (torch.from_numpy(random.normal(0, 1, (rows, width)).astype(np.float32)) for _ in range(2))
        with torch.no_grad():
            result = StableUnCLIPPipeline.noise_image_embeddings(pipeline, embeddings, level, noise=noise)
        cases.append({
            "rows": rows, "width": width, "level": level, "mean": floats(normal.mean.detach()), "deviation": floats(normal.std.detach()),
            "embeddings": floats(embeddings), "noise": floats(noise), "result": floats(result),
        })
    return cases


def quantized():
    cases = []
    for seed, codes, channels, (height, width) in [(1, 8, 3, (5, 4)), (2, 64, 4, (6, 6)), (3, 1, 2, (2, 3))]:
        random = np.random.RandomState(seed)
        # Corners of a lattice: two codes are at least 2 apart.
        grid = np.stack(np.meshgrid(*[np.arange(-4, 5, 2)] * channels, indexing="ij"), -1).reshape(-1, channels)
        book = grid[random.permutation(len(grid))[:codes]].astype(np.float32)
        quantizer = VectorQuantizer(codes, channels, beta=0.25, legacy=False)
        quantizer.embedding.weight.data = torch.from_numpy(book)
        near = book[random.randint(0, codes, (height, width))].transpose(2, 0, 1)
        latents = (near + random.uniform(-0.8, 0.8, near.shape)).astype(np.float32)
        with torch.no_grad():
            result, _, (_, _, numbers) = quantizer(torch.from_numpy(latents)[None])
        cases.append({
            "codes": codes, "channels": channels, "height": height, "width": width, "book": floats(book), "latents": floats(latents),
            "quantized": floats(result), "numbers": numbers.tolist(),
        })
    return cases


def constants(out):
    folder = out / "constants"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    random = np.random.RandomState(9)
    vector, matrix = random.normal(0, 1, 5).astype(np.float32), random.normal(0, 1, (3, 4)).astype(np.float32)
    arrays = {
        "vector": vector, "row": vector[None], "matrix": matrix, "columns": np.asfortranarray(matrix), "half": matrix.astype(np.float16),
        "double": matrix.astype(np.float64), "scalar": np.float32(2.5).reshape(()), "cube": random.normal(0, 1, (2, 3, 4)).astype(np.float32),
        "long": np.arange(6).reshape(2, 3), "int": np.arange(4, dtype=np.int32), "bool": np.array([True, False, True]),
        "big_endian": matrix.astype(">f4"), "not_finite": np.array([1, np.nan], np.float32), "empty": np.zeros((0, 4), np.float32),
    }
    listed = {}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
        listed[name] = {"shape": list(array.shape), "values": [str(float(v)) for v in np.load(folder / f"{name}.npy").ravel()]}
    with open(folder / "version2.npy", "wb") as file:
        np.lib.format.write_array(file, matrix, version=(2, 0))
    tensors = {
        "mean": torch.from_numpy(vector)[None], "std": torch.from_numpy(np.abs(vector))[None], "codes": torch.from_numpy(matrix),
        "half": torch.from_numpy(matrix).half(), "brain": torch.from_numpy(matrix).bfloat16(), "steps": torch.arange(3),
    }
    save_file(tensors, folder / "several.safetensors")
    save_file({"codes": torch.from_numpy(matrix)}, folder / "one.safetensors")
    for name, tensor in tensors.items():
        listed[f"several {name}"] = {"shape": list(tensor.shape), "values": [str(float(v)) for v in tensor.float().ravel()]}
    return listed


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    golden = {
        "about": f"diffusers {diffusers.__version__}, torch {torch.__version__.split('+')[0]}, NumPy {np.__version__}, safetensors "
                 f"{safetensors.__version__}; see make_embeddings.py",
        "pairs": pairs(), "sums": sums(), "ranked": ranked(), "statistics": statistics(), "augmented": augmented(),
        "quantized": quantized(), "constants": constants(out),
    }
    lines = ",\n".join(f'"{key}": {one_a_line(value)}' for key, value in golden.items())
    (out / "embeddings.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
