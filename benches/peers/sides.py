"""What can be compared: each side's name, its command line, and how its output becomes a report."""

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import launch
import sdcpp

HERE = Path(__file__).resolve().parent
CLASSES = {
    "ddim": "DDIMScheduler", "ddpm": "DDPMScheduler", "pndm": "PNDMScheduler", "lms": "LMSDiscreteScheduler",
    "euler": "EulerDiscreteScheduler", "euler_ancestral": "EulerAncestralDiscreteScheduler",
    "heun": "HeunDiscreteScheduler", "dpm2": "KDPM2DiscreteScheduler",
    "dpm2_ancestral": "KDPM2AncestralDiscreteScheduler", "dpmpp_2m": "DPMSolverMultistepScheduler",
    "unipc": "UniPCMultistepScheduler", "deis": "DEISMultistepScheduler",
}
TORCH = ["diffusers-fp32", "diffusers-bf16", "diffusers-fp16", "diffusers-fp16-compile"]
# In the order in which a reference for pictures and a baseline for the plot are looked for.
PEERS = ["optimum", "diffusers-fp32", "openvino-fp32", "diffusers-fp16", "diffusers-fp16-compile", "diffusers-bf16",
         "openvino-bf16", "sdcpp"]
DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}


@dataclass
class Side:
    name: str
    ours: bool
    command: Callable  # (picture's path, cache folder) -> list
    read: Callable = launch.report  # everything that the run printed -> report
    environment: dict = field(default_factory=dict)
    log_in_output: bool = False
    note: str = ""
    same_noise: bool = True


def key_value(text, what):
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ValueError(f"{what} \"{text}\" must be NAME=VALUE")
    return key, value


def common(settings, model):
    made = ["-m", model.resolve(), "-p", settings.prompt, "--steps", settings.steps, "-g", settings.guidance,
            "-s", settings.seed, "--threads", settings.threads]
    for option in ("width", "height"):
        if getattr(settings, option):
            made += [f"--{option}", getattr(settings, option)]
    return made


def ours(settings, name, flags, has_cache):
    """The C tool with `flags` besides. It gets the cache folder where it can use one and was told of no other."""
    words = shlex.split(flags)

    def command(output, cache):
        made = [settings.tool.resolve(), "generate", *common(settings, settings.model), "--json", "--quiet",
                "-o", output]
        if settings.scheduler:
            made += ["--scheduler", settings.scheduler]
        if has_cache and "--cache-dir" not in words:
            made += ["--cache-dir", cache]
        return made + words

    return Side(name, True, command, environment=dict(key_value(e, "--ours-env") for e in settings.ours_env))


def python_peer(settings, name):
    kind, _, variant = name.partition("-")
    dtype, _, compiled = variant.partition("-")
    model = settings.torch_model if name in TORCH else settings.model

    def command(output, cache):
        made = [settings.python, HERE / f"peer_{kind}.py", *common(settings, model), "-o", output]
        if settings.scheduler:
            made += ["--scheduler", CLASSES[settings.scheduler]]
        if kind == "diffusers":
            made += ["--dtype", DTYPES[dtype], "--device", settings.torch_device]
            if compiled:
                made += ["--compile", settings.compile_mode]
        elif kind == "openvino":
            made += ["--precision", "f32" if dtype == "fp32" else "bf16", "--cache-dir", cache]
        return made

    return Side(name, False, command)


def make(settings, has_cache):
    """Every side that was asked for, ours first. Raises ValueError, one sentence, for what cannot be compared."""
    made = [ours(settings, *key_value(v, "--ours"), has_cache) for v in settings.ours or ["libdiffusion="]]
    for name in filter(None, settings.peers.split(",")):
        if name not in PEERS:
            raise ValueError(f"peer \"{name}\" is not known; there are {', '.join(PEERS)}")
        if name in TORCH and not settings.torch_model:
            raise ValueError(f"peer {name} needs --torch-model, a diffusers folder with the same weights")
        if name == "sdcpp":
            if not (settings.sdcpp and settings.sdcpp_model):
                raise ValueError("peer sdcpp needs --sdcpp BINARY and --sdcpp-model FILE")
            made.append(Side(name, False, lambda output, _: sdcpp.command(
                settings.sdcpp, settings.sdcpp_model, settings, output), sdcpp.report, log_in_output=True,
                note="another runtime with its own noise, samplers and weights file; times are those of its log.",
                same_noise=False))
        else:
            made.append(python_peer(settings, name))
    names = [side.name for side in made]
    if len(set(names)) != len(names):
        raise ValueError(f"two sides have the same name: {', '.join(names)}")
    return made


def order(sides, round_index):
    """Who goes when: everybody moves up one place a round, and every other round goes backwards."""
    turn = round_index % len(sides)
    turned = sides[turn:] + sides[:turn]
    return turned[::-1] if round_index % 2 else turned


def reference(names):
    """The side that others are measured against: the first known peer, or the first side."""
    return next((peer for peer in PEERS if peer in names), names[0])
