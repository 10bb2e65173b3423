#!/usr/bin/env python3
"""OpenAI's diffusion process, in NumPy float64, and diffusers' inversions: diffusion_references.json.

Usage: python make_diffusion_references.py        (writes diffusion_references.json beside this script)

No package has guided-diffusion's, GLIDE's and diffae's process, so the reference is ours, written from their papers and
sources: respacing (Nichol and Dhariwal, arXiv 2102.09672, section 4; `space_timesteps` is repeated step by step, because
its rounding decides), the posterior and its variance types (the same, and Ho et al., arXiv 2006.11239), DDIM with the
noise of the clipped x0 (Song et al., arXiv 2010.02502), classifier guidance of both (Dhariwal and Nichol, arXiv
2105.05233, algorithms 1 and 2) and the reverse DDIM of its appendix F. It shares nothing with src/scheduler.

{"respacing": {"train": 1000,
               "sums": for N = 1..1000 the sum of (i + 1) * t_i over the ascending timesteps of "N",
               "impossible": the N of 1..1000 for which "ddimN" is,
               "tables": [{"train", "spec", "timesteps" ascending}]},
 "c", "x", "mask", "noise": 24, 24, 24 and 40 * 24 float32: the constant of the model, the first sample (for the
               inversions: a clean one), a mask of 0, 1 and fractions (1: drawn anew) for hooks, the stream of noise
 "openai": [{"name", "kind": ddpm | ddim | ddim_reverse, "config", "steps", "eta", "shape", "hook", "gradient",
             "timesteps", "draws", "samples"}]
               shape takes the first elements of c, x and mask; samples: after every step; gradient: its scale, 0 for none
 "diffusers": [{"kind": ddim_inverse | dpmpp_2m_inverse, "config", "steps", "timesteps", "samples"}]
               the fake denoiser and the constants c and x0 of make_schedulers.py, 32 float32 each ("c32", "x32")}

Models, in float64: output = 0.7 tanh(0.8 x + 0.5 c) + 0.2 t / 1000, whatever the prediction type says;
second half where the variance is learned = tanh(x - c); gradient = 0.5 (c - x) (1 + t / 1000).
Noise is drawn where OpenAI's code draws it: at every step of ddpm and ddim, also where it has no weight.
"""

import json
import math
from pathlib import Path

import diffusers
import numpy as np
import torch
from make_schedulers import constants, fake_denoiser, floats


def space_timesteps(train, spec):
    """The rules of `space_timesteps`: parts of equal size, strides that are added up, Python's rounding."""
    if spec.startswith("ddim"):
        strides = [s for s in range(1, train) if len(range(0, train, s)) == int(spec[4:])]
        if not strides:
            raise ValueError(spec)
        return list(range(0, train, strides[0]))
    if spec == "fast27":
        kept = set(space_timesteps(train, "10,10,3,2,2"))
        return sorted(kept - {train - 1} | {train - 3})
    counts = [int(word) for word in spec.split(",")] if spec else [train]
    kept, start = set(), 0
    for part, count in enumerate(counts):
        size = train // len(counts) + (part < train % len(counts))
        if size < count:
            raise ValueError(spec)
        stride = 1 if count <= 1 else (size - 1) / (count - 1)
        place = 0.0
        for _ in range(count):
            kept.add(start + round(place))
            place += stride
        start += size
    return sorted(kept)


def trained_alphas(config):
    train = config.get("num_train_timesteps", 1000)
    start, end = config.get("beta_start", 1e-4), config.get("beta_end", 0.02)
    name = config.get("beta_schedule", "linear")
    if name == "linear":
        betas = np.linspace(start, end, train, dtype=np.float64)
    elif name == "scaled_linear":
        betas = np.linspace(start**0.5, end**0.5, train, dtype=np.float64) ** 2
    else:
        f = lambda u: math.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2
        betas = np.array([min(1 - f((i + 1) / train) / f(i / train), 0.999) for i in range(train)])
    return np.cumprod(1 - betas)


class Process:
    """The respaced process: every quantity is that of its own betas."""

    def __init__(self, config):
        self.config = config
        alphas = trained_alphas(config)
        self.timesteps = space_timesteps(len(alphas), config["timestep_respacing"])
        kept = alphas[self.timesteps]
        betas = 1 - kept / np.append(1.0, kept[:-1])
        self.betas, self.abar = betas, np.cumprod(1 - betas)
        self.below, self.above = np.append(1.0, self.abar[:-1]), np.append(self.abar[1:], 0.0)
        posterior = betas * (1 - self.below) / (1 - self.abar)
        # At index 0 the posterior variance is 0; the next one stands in.
        self.small = np.append(posterior[1], posterior[1:]) if len(betas) > 1 else betas
        self.large = np.append(self.small[0], betas[1:])

    def clean(self, x, output, k, known):
        a, s = math.sqrt(self.abar[k]), math.sqrt(1 - self.abar[k])
        kind = self.config.get("prediction_type", "epsilon")
        x0 = {"epsilon": (x - s * output) / a, "sample": output, "v_prediction": a * x - s * output}[kind]
        if known is not None:
            original, mask = known
            x0 = mask * x0 + (1 - mask) * original
        if self.config.get("thresholding"):
            flat = np.abs(x0.reshape(len(x0), -1))
            limit = np.quantile(flat, self.config["dynamic_thresholding_ratio"], axis=1)
            limit = np.clip(limit, 1, self.config["sample_max_value"]).reshape(-1, *[1] * (x0.ndim - 1))
            return np.clip(x0, -limit, limit) / limit
        if self.config.get("clip_sample", True):
            r = self.config.get("clip_sample_range", 1.0)
            return np.clip(x0, -r, r)
        return x0

    def noise_of(self, x, x0, k):
        return (x / math.sqrt(self.abar[k]) - x0) / math.sqrt(1 / self.abar[k] - 1)

    def ddpm(self, x, x0, k, z, second, g):
        b, a, p = self.betas[k], self.abar[k], self.below[k]
        mean = b * math.sqrt(p) / (1 - a) * x0 + math.sqrt(1 - b) * (1 - p) / (1 - a) * x
        share = (second + 1) / 2
        log_variance = {
            "fixed_small": np.log(self.small[k]) + 0 * x,
            "fixed_large": np.log(self.large[k]) + 0 * x,
            "learned": second,
            "learned_range": share * np.log(b) + (1 - share) * np.log(self.small[k]),
        }[self.config.get("variance_type", "fixed_small")]
        return mean + np.exp(log_variance) * g + (k > 0) * np.exp(0.5 * log_variance) * z

    def ddim(self, x, x0, k, z, eta, g):
        a, p = self.abar[k], self.below[k]
        noise = self.noise_of(x, x0, k) - math.sqrt(1 - a) * g
        x0 = (x - math.sqrt(1 - a) * noise) / math.sqrt(a)
        sigma = eta * math.sqrt((1 - p) / (1 - a)) * math.sqrt(1 - a / p)
        return math.sqrt(p) * x0 + math.sqrt(1 - p - sigma**2) * noise + (k > 0) * sigma * z

    def reverse(self, x, x0, k):
        noise = self.noise_of(x, x0, k)
        return math.sqrt(self.above[k]) * x0 + math.sqrt(1 - self.above[k]) * noise


def model(x, t, c):
    return 0.7 * np.tanh(0.8 * x + 0.5 * c) + 0.2 * t / 1000, np.tanh(x - c)


def gradient(x, t, c):
    return 0.5 * (c - x) * (1 + t / 1000)


def short(values):
    return floats(torch.from_numpy(np.asarray(values, dtype=np.float32)))


def openai_case(name, kind, config, given, eta=0.0, shape=(2, 3, 2, 2), hook=False, scale=0.0):
    size = int(np.prod(shape))
    c, x, mask = (given[key][:size].reshape(shape).astype(np.float64) for key in ("c", "x", "mask"))
    process = Process(config)
    if kind == "ddim_reverse":
        x = np.clip(x, -1, 1)
    known = (np.clip(c * 1.5, -1, 1), mask) if hook else None
    count, samples, draws = len(process.timesteps), [], 0
    order = range(count) if kind == "ddim_reverse" else reversed(range(count))
    for k in order:
        t = process.timesteps[k]
        output, second = model(x, t, c)
        x0 = process.clean(x, output, k, known)
        g = scale * gradient(x, t, c)
        if kind == "ddim_reverse":
            x = process.reverse(x, x0, k)
        else:
            z = given["noise"][draws][:size].reshape(shape).astype(np.float64)
            draws += 1
            x = process.ddpm(x, x0, k, z, second, g) if kind == "ddpm" else process.ddim(x, x0, k, z, eta, g)
        samples.append(short(x))
    timesteps = process.timesteps if kind == "ddim_reverse" else process.timesteps[::-1]
    return {"name": name, "kind": kind, "config": config, "steps": count, "eta": eta, "shape": list(shape),
            "hook": hook, "gradient": scale, "timesteps": timesteps, "draws": draws, "samples": samples}


def openai_cases(given):
    cosine, spaced = {"beta_schedule": "squaredcos_cap_v2"}, lambda spec, **more: {"timestep_respacing": spec, **more}
    learned, scaled = {"variance_type": "learned_range"}, {"beta_schedule": "scaled_linear"}
    threshold = {"thresholding": True, "dynamic_thresholding_ratio": 0.9, "sample_max_value": 1.7}
    flat = {"shape": (4, 6)}
    table = [
        ("glide_base", "ddpm", spaced("25", **cosine, **learned), {}),
        ("glide_upsampler", "ddim", spaced("fast27"), {}),
        ("glide_inpaint", "ddpm", spaced("fast27", **learned), {"hook": True}),
        ("glide_clip_guided", "ddpm", spaced("20", **cosine, **learned), {"scale": 3.0}),
        ("classifier", "ddpm", spaced("21", **learned), {"scale": 1.0}),
        ("classifier_ddim", "ddim", spaced("ddim25"), {"scale": 1.0}),
        ("classifier_ddim_eta", "ddim", spaced("ddim10", **cosine), {"scale": 4.0, "eta": 1.0}),
        ("fixed_small", "ddpm", spaced("10", variance_type="fixed_small"), {"scale": 2.0}),
        ("fixed_large", "ddpm", spaced("10", variance_type="fixed_large"), {"scale": 2.0}),
        ("learned", "ddpm", spaced("8", variance_type="learned"), {"scale": 0.3}),
        ("no_clip", "ddpm", spaced("10,5,3", clip_sample=False, **scaled, **learned), {}),
        ("clip_range", "ddpm", spaced("12", clip_sample_range=0.4, beta_start=0.0002, beta_end=0.018), {}),
        ("thresholding", "ddpm", spaced("9", **cosine, **threshold, **learned), {}),
        ("thresholding_hook", "ddim", spaced("9", **cosine, **threshold), {"hook": True, "eta": 0.5}),
        ("x0", "ddpm", spaced("16", **cosine, prediction_type="sample", clip_sample_range=5.0), flat),
        ("v", "ddpm", spaced("7", prediction_type="v_prediction", **learned), {}),
        ("v_ddim", "ddim", spaced("7", prediction_type="v_prediction"), {"eta": 0.3}),
        ("latent_prior", "ddim", spaced("ddim20", beta_start=0.008, beta_end=0.008, clip_sample=False), flat),
        ("all_of_few", "ddpm", spaced("", num_train_timesteps=15, beta_start=0.01, beta_end=0.3, **learned), {}),
        ("one_step", "ddpm", spaced("1", clip_sample=False), {"scale": 1.0}),
        ("reverse", "ddim_reverse", spaced("ddim20"), {}),
        ("reverse_no_clip", "ddim_reverse", spaced("ddim10", clip_sample=False), {}),
        ("reverse_sections", "ddim_reverse", spaced("9,3", **cosine), {}),
        ("reverse_flat", "ddim_reverse", spaced("12", clip_sample=False, **scaled), flat),
    ]
    return [openai_case(name, kind, config, given, **more) for name, kind, config, more in table]


def diffusers_cases():
    sd = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    plain = {**sd, "clip_sample": False}
    inverse = [
        ({}, 10), ({**plain, "steps_offset": 1}, 20), ({**plain, "set_alpha_to_one": False}, 10),
        ({**plain, "timestep_spacing": "trailing"}, 8), ({**sd, "clip_sample_range": 0.8}, 5),
        ({**plain, "prediction_type": "v_prediction"}, 10),
        ({**plain, "prediction_type": "sample", "set_alpha_to_one": False}, 10), ({**plain}, 1), ({**plain}, 50),
    ]
    solver = [
        ({**sd}, 10), ({**sd, "timestep_spacing": "leading", "steps_offset": 1}, 12),
        ({**sd, "timestep_spacing": "trailing"}, 8), ({**sd, "solver_order": 3}, 20), ({**sd, "solver_order": 1}, 5),
        ({**sd, "solver_order": 3}, 6), ({**sd, "solver_type": "heun"}, 9), ({**sd, "algorithm_type": "dpmsolver"}, 10),
        ({**sd, "prediction_type": "v_prediction"}, 10), ({**sd, "prediction_type": "sample"}, 10),
        ({"beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped": -5.1}, 10), ({**sd, "euler_at_final": True}, 20),
        ({**sd, "thresholding": True, "dynamic_thresholding_ratio": 0.9, "sample_max_value": 1.7}, 8),
    ]
    kinds = [("ddim_inverse", diffusers.DDIMInverseScheduler, inverse),
             ("dpmpp_2m_inverse", diffusers.DPMSolverMultistepInverseScheduler, solver)]
    c, _, x0, _, _ = constants()
    cases = []
    for kind, cls, table in kinds:
        for config, steps in table:
            scheduler = cls(**config)
            scheduler.set_timesteps(steps)
            x, samples = x0, []
            for t in scheduler.timesteps:
                x = scheduler.step(fake_denoiser(x, float(t), c, None), t, x).prev_sample
                assert torch.isfinite(x).all()
                samples.append(floats(x))
            timesteps = [int(t) for t in scheduler.timesteps]
            cases.append({"kind": kind, "config": config, "steps": steps, "timesteps": timesteps, "samples": samples})
    return cases, floats(c), floats(x0)


def main():
    diffusers.utils.logging.set_verbosity_error()
    random = np.random.RandomState(5)
    given = {
        "c": (np.round(random.uniform(-1, 1, 24) * 1024) / 1024).astype(np.float32),
        "x": random.standard_normal(24).astype(np.float32),
        "mask": random.choice([0.0, 1.0, 1.0, 0.25], 24).astype(np.float32),
        "noise": random.standard_normal((40, 24)).astype(np.float32),
    }
    sums, impossible = [], []
    for count in range(1, 1001):
        sums.append(sum((i + 1) * t for i, t in enumerate(space_timesteps(1000, str(count)))))
        try:
            space_timesteps(1000, f"ddim{count}")
        except ValueError:
            impossible.append(count)
    tables = [(1000, "fast27"), (1000, "21"), (1000, "250"), (1000, "ddim50"), (1000, "ddim26"), (4000, "100"),
              (300, "10,15,20"), (1000, "10,10,3,2,2"), (997, "7,1,30"), (53, "fast27"), (40, ""), (10, "0,1,2")]
    tables = [{"train": t, "spec": s, "timesteps": space_timesteps(t, s)} for t, s in tables]
    cases, c32, x32 = diffusers_cases()
    parts = {
        "respacing": {"train": 1000, "sums": sums, "impossible": impossible, "tables": tables},
        **{key: short(values) for key, values in given.items()},
        "openai": openai_cases(given),
        "diffusers": cases,
        "c32": c32,
        "x32": x32,
    }
    dump = lambda value: json.dumps(value, separators=(",", ":"), allow_nan=False)
    lines = []
    for key, value in parts.items():
        many = isinstance(value, list) and isinstance(value[0], dict)
        lines.append(f'"{key}":' + ("[\n" + ",\n".join(map(dump, value)) + "\n]" if many else dump(value)))
    Path(__file__).with_name("diffusion_references.json").write_text("{" + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    main()
