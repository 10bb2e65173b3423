#!/usr/bin/env python3
"""Golden trajectories of diffusers' schedulers against a fixed fake denoiser.

Usage: python make_schedulers.py [OUTDIR [NAME...]]      (default: schedulers/ beside this script, all of them)

One JSON file a scheduler (names as in the command line: ddim, euler_ancestral, dpmpp_2m_sde ...), and, beside OUTDIR,
begun.json (NAME begun): {"c", "x0", "noise", "cases"}, every scheduler begun in the middle as image-to-image does.
Its cases have "first", the index of the first call, and "sample", the last one; all else is as below. And levels.json
(NAME levels), the same for schedules that no configuration names, with "timesteps" and "sigmas" too.

File: {"class", "cases", "c", "x_T", "x0", "noise", "noise_stream", "rejected"}
  x_T           32 float32, torch.Generator seed 0 randn of 1x4x2x4, before init_noise_sigma
  x0, noise     32 float32, the arguments of add_noise
  c             32 float32 in [-1, 1], the constant of the fake denoiser
  noise_stream  flat float32: successive randn(1, 4, 2, 4) of one torch.Generator seeded 1234, which is
                what stochastic steps draw, in order; null for a file where nothing is drawn
  rejected      {case: diffusers' own error or the reason}: not comparable, so not recorded

Case: {"name", "config", "steps", "step_kwargs"[, "set_kwargs"], "shape", "timesteps", "timesteps_dtype", "sigmas",
       "init_noise_sigma", "order", "draws", "variance_output", "calls", "add_noise"}
  config            what scheduler_config.json would hold besides "_class_name"; missing = class default
  step_kwargs       what step gets besides, every time; use_clipped_model_output is a field of ours in the configuration
  set_kwargs        what set_timesteps gets besides steps; absent if nothing. Two are ours: "flow_sigmas" is Flux's
                    sigmas=linspace(1, 1 / steps, steps), and "image_seq_len" is passed on as
                    mu=calculate_shift(image_seq_len, four fields of the config), as Flux's and SD3's pipelines do
  timesteps         scheduler.timesteps after set_timesteps(steps), the denoiser's call order
  sigmas            scheduler.sigmas then, or null
  draws             how many of noise_stream's tensors were used by the end
  variance_output   the second half of a 2C-channel denoiser's output, or null (constant in x and t)
  calls             one entry a denoiser call: {"t", "input", "sample"}: the timestep passed, the scaled
                    model input (null: bitwise equal to the sample before), the sample after step()
  add_noise         [{"k", "sample"}]: add_noise(x0, noise, timesteps[k]) on a fresh scheduler with
                    set_begin_index(k) where the class has it, as diffusers' img2img pipelines do;
                    scale_noise(x0, timesteps[k], noise) where the class has that instead

Where a class draws from torch's global generator (stochastic_sampling), that one is seeded with 1234.

The loop is the one of StableDiffusionPipeline: x = x_T * init_noise_sigma; for every t of timesteps:
model(scale_model_input(x, t), t), x = step(...).prev_sample. Cases of another shape than 1x4x2x4 use the
first elements of x_T, c, x0 and noise.

Fake denoiser, float32, rounded after each operation (no fused multiply-add):
  model(x, t)[i] = (0.35 * x[i] + 0.25 * c[i]) + 0.1 * (float32(t) / 1000)
It stands for whatever the prediction type says: epsilon, v, x0 or flow.
"""

import inspect
import json
import sys
import warnings
from pathlib import Path

import diffusers
import numpy as np
import torch
from diffusers.pipelines.flux.pipeline_flux import calculate_shift
from scheduler_cases import EXCEPTIONS, begun_cases, cases
from scheduler_levels import level_cases, set_levels

SHAPE = (1, 4, 2, 4)
F32 = np.float32


def short(value):
    """The shortest decimal that reads back to the same float32; a JSON number."""
    return float(np.format_float_positional(F32(value), unique=True, trim="0")) if np.isfinite(value) else None


def floats(tensor):
    return [short(v) for v in np.asarray(tensor, dtype=F32).reshape(-1)]


def constants():
    c = torch.rand(32, generator=torch.Generator().manual_seed(7)) * 2 - 1
    c = (c * 1024).round() / 1024  # short decimals, exact in float32
    x0 = torch.randn(SHAPE, generator=torch.Generator().manual_seed(11)).clamp(-2, 2)
    noise = torch.randn(SHAPE, generator=torch.Generator().manual_seed(12))
    x_t = torch.randn(SHAPE, generator=torch.Generator().manual_seed(0))
    stream = torch.Generator().manual_seed(1234)
    stream = torch.stack([torch.randn(SHAPE, generator=stream) for _ in range(64)])
    return c, x_t, x0, noise, stream


def fake_denoiser(x, t, c, variance):
    x = x.numpy().astype(F32)
    constant = F32(0.25) * c.numpy().reshape(x.shape)
    bias = F32(0.1) * (F32(t) / F32(1000))
    out = (F32(0.35) * x + constant) + bias
    assert out.dtype == F32
    out = torch.from_numpy(out)
    return out if variance is None else torch.cat([out, variance.reshape(x.shape)], dim=1)


def consumed(generator, stream_seed=1234, limit=64):
    state = generator.get_state()
    probe = torch.Generator().manual_seed(stream_seed)
    for draws in range(limit + 1):
        if torch.equal(probe.get_state(), state):
            return draws
        torch.randn(SHAPE, generator=probe)
    raise AssertionError("the scheduler drew something else than randn of the sample's shape")


def variance_output(cls, config, shape, c):
    kind = config.get("variance_type")
    if kind not in ("learned", "learned_range"):
        return None
    c = c.reshape(-1)[: int(np.prod(shape))]
    # learned_range interpolates between two log variances with [-1, 1]; learned is a variance itself.
    return c if kind == "learned_range" else (c + 1.25) / 8


def set_timesteps(scheduler, steps, set_kwargs):
    """`set_timesteps` as the pipelines call it; see "set_kwargs" above."""
    kwargs = dict(set_kwargs)
    if "image_seq_len" in kwargs:
        fields = ("base_image_seq_len", "max_image_seq_len", "base_shift", "max_shift")
        kwargs["mu"] = calculate_shift(kwargs.pop("image_seq_len"), *(scheduler.config[field] for field in fields))
    if "schedule" in kwargs:
        set_levels(scheduler, kwargs.pop("schedule"), steps, **kwargs)
    elif "timesteps" in kwargs or "sigmas" in kwargs:
        scheduler.set_timesteps(**kwargs)
    elif kwargs.pop("flow_sigmas", False):
        scheduler.set_timesteps(sigmas=np.linspace(1.0, 1 / steps, steps), **kwargs)
    else:
        scheduler.set_timesteps(steps, **kwargs)


def run(cls, config, steps, step_kwargs, set_kwargs, given):
    c, x_t, x0, noise, _ = given
    shape = SHAPE
    solvers = ("DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler", "SASolverScheduler")
    if cls.__name__ in solvers and "learned" in config.get("variance_type", ""):
        shape = (1, 3, 2, 4)  # these classes keep the first three channels, whatever the sample has
    size = int(np.prod(shape))
    c, x_t, x0, noise = (v.reshape(-1)[:size].reshape(shape) for v in (c, x_t, x0, noise))
    variance = variance_output(cls, config, shape, c)

    scheduler = cls(**config)
    set_timesteps(scheduler, steps, set_kwargs)
    timesteps = scheduler.timesteps
    sigmas = getattr(scheduler, "sigmas", None)
    case = {
        "config": config,
        "steps": steps,
        "step_kwargs": step_kwargs,
        **({"set_kwargs": set_kwargs} if set_kwargs else {}),
        "shape": list(shape),
        "timesteps": [float(t) for t in timesteps],
        "timesteps_dtype": str(timesteps.dtype).removeprefix("torch."),
        "sigmas": None if sigmas is None else floats(sigmas),
        "init_noise_sigma": short(float(getattr(scheduler, "init_noise_sigma", 1.0))),
        "order": getattr(scheduler, "order", 1),
    }

    generator = torch.manual_seed(1234) if config.get("stochastic_sampling") else torch.Generator().manual_seed(1234)
    kwargs = dict(step_kwargs)
    if "generator" in inspect.signature(scheduler.step).parameters:
        kwargs["generator"] = generator
    x = x_t * getattr(scheduler, "init_noise_sigma", 1.0)
    calls = []
    for k, t in enumerate(timesteps):
        if "prev_timestep" in inspect.signature(scheduler.step).parameters:
            # As the unCLIP pipelines pass it.
            kwargs["prev_timestep"] = timesteps[k + 1] if k + 1 < len(timesteps) else None
        model_input = scheduler.scale_model_input(x, t) if hasattr(scheduler, "scale_model_input") else x
        same = torch.equal(model_input, x)
        prediction = fake_denoiser(model_input, float(t), c, variance)
        x = scheduler.step(prediction, t, x, **kwargs).prev_sample
        if not torch.isfinite(x).all() or x.abs().max() > 1e6:
            raise ArithmeticError(f"not finite or beyond 1e6 at t={float(t)}")
        assert x.dtype == torch.float32, x.dtype
        calls.append({"t": float(t), "input": None if same else floats(model_input), "sample": floats(x)})
    case["draws"] = consumed(generator)
    case["variance_output"] = None if variance is None else floats(variance)
    case["calls"] = calls

    case["add_noise"] = []
    for k in sorted({0, len(timesteps) // 2, len(timesteps) - 1}):
        fresh = cls(**config)
        set_timesteps(fresh, steps, set_kwargs)
        if hasattr(fresh, "set_begin_index"):
            fresh.set_begin_index(k)
        if hasattr(fresh, "scale_noise"):
            noised = fresh.scale_noise(x0, fresh.timesteps[k : k + 1], noise)
        elif not hasattr(fresh, "add_noise"):
            continue
        else:
            noised = fresh.add_noise(x0, noise, fresh.timesteps[k : k + 1])
        if torch.isfinite(noised).all():
            case["add_noise"].append({"k": k, "sample": floats(noised)})
    return case


def run_begun(cls, config, steps, begin, step_kwargs, set_kwargs, given):
    """The trajectory of an img2img pipeline: x0 noised to step `begin`, and the steps from there on."""
    c, _, x0, noise, _ = given
    scheduler = cls(**config)
    set_timesteps(scheduler, steps, set_kwargs)
    first = begin * scheduler.order
    timesteps = scheduler.timesteps[first:]
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(first)
    add = scheduler.scale_noise if hasattr(scheduler, "scale_noise") else None
    x = add(x0, timesteps[:1], noise) if add else scheduler.add_noise(x0, noise, timesteps[:1])
    generator = torch.Generator().manual_seed(1234)
    kwargs = dict(step_kwargs)
    if "generator" in inspect.signature(scheduler.step).parameters:
        kwargs["generator"] = generator
    for t in timesteps:
        model_input = scheduler.scale_model_input(x, t) if hasattr(scheduler, "scale_model_input") else x
        x = scheduler.step(fake_denoiser(model_input, float(t), c, None), t, x, **kwargs).prev_sample
    sigmas = getattr(scheduler, "sigmas", None)
    levels = {
        "timesteps": [short(float(t)) for t in scheduler.timesteps],
        "sigmas": [] if sigmas is None else floats(sigmas),
    }
    return {"first": first, "draws": consumed(generator), "sample": floats(x)}, levels


def write_last_samples(path, table, given, with_levels):
    """begun.json or levels.json: the last sample only, and the levels where no configuration names them."""
    c, _, x0, noise, _ = given
    lines = []
    for name, (class_name, cases_of_it) in table.items():
        cls = getattr(diffusers, class_name)
        for config, steps, begin, step_kwargs, set_kwargs in cases_of_it:
            begun, levels = run_begun(cls, config, steps, begin, step_kwargs, set_kwargs, given)
            begun |= levels if with_levels else {}
            options = {"config": config, "steps": steps, "step_kwargs": step_kwargs, "set_kwargs": set_kwargs}
            lines.append(json.dumps({"scheduler": name, **options, **begun}, separators=(",", ":"), allow_nan=False))
    head = json.dumps({"c": floats(c), "x0": floats(x0), "noise": floats(noise)}, separators=(",", ":"))
    path.write_text(head[:-1] + ',"cases":[\n' + ",\n".join(lines) + "\n]}\n")
    print(f"{path.stem:16} {len(lines):3} cases")


def check_coverage(cls, configs):
    """Every constructor field is set away from its default in a recorded case."""
    for field, parameter in inspect.signature(cls.__init__).parameters.items():
        if field == "self" or field in EXCEPTIONS or f"{cls.__name__}.{field}" in EXCEPTIONS:
            continue
        if not any(field in config and config[field] != parameter.default for config in configs):
            raise AssertionError(f"{cls.__name__}.{field} is never exercised")


def main():
    warnings.simplefilter("ignore")
    diffusers.utils.logging.set_verbosity_error()
    torch.set_num_threads(1)
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("schedulers")
    out.mkdir(parents=True, exist_ok=True)
    given = constants()
    c, x_t, x0, noise, stream = given
    recorded = {}
    chosen = sys.argv[2:] or list(cases())
    for name, (class_name, table) in cases().items():
        if name not in chosen:
            continue
        cls = getattr(diffusers, class_name)
        done, rejected = [], {}
        for case_name, (config, steps, *rest) in table.items():
            try:
                case = run(cls, config, steps, *rest, *[{}] * (2 - len(rest)), given)
            except AssertionError:
                raise
            except Exception as error:  # diffusers' refusal is itself the record
                rejected[case_name] = f"{type(error).__name__}: {error}"
                continue
            done.append({"name": case_name, **case})
        assert len(done) >= 8, (name, rejected)
        recorded.setdefault(cls, []).extend(case["config"] for case in done)
        draws = max(case["draws"] for case in done)
        head = {
            "class": class_name,
            "oracle": f"diffusers {diffusers.__version__}, torch {torch.__version__.split('+')[0]}, float32 CPU",
            "c": floats(c),
            "x_T": floats(x_t),
            "x0": floats(x0),
            "noise": floats(noise),
            "noise_stream": floats(stream[:draws]) if draws else None,
            "rejected": rejected,
        }
        lines = [json.dumps(head, separators=(",", ":"))[:-1] + ',"cases":[']
        lines.append(",\n".join(json.dumps(case, separators=(",", ":"), allow_nan=False) for case in done))
        (out / f"{name}.json").write_text("\n".join(lines) + "\n]}\n")
        print(f"{name:16} {len(done):3} cases {draws:3} draws", rejected or "")
    if chosen == list(cases()) or "begun" in chosen:
        write_last_samples(out.parent / "begun.json", begun_cases(), given, False)
    if chosen == list(cases()) or "levels" in chosen:
        write_last_samples(out.parent / "levels.json", level_cases(), given, True)
    for cls, configs in recorded.items():
        check_coverage(cls, configs)


if __name__ == "__main__":
    main()
