#!/usr/bin/env python3
"""One text-to-image run of a diffusers folder (torch weights) through diffusers' own pipeline, timed.

On a GPU work is queued, so steps are timed by CUDA events that the device itself stamps; nothing waits for them
until the picture is there.
"""

import importlib
import json
import sys
import time
from pathlib import Path

import peer


class CpuMarks:
    """Moments, by the clock of the host."""

    def __init__(self):
        self.moments = []

    def mark(self):
        self.moments.append(time.perf_counter())

    def milliseconds(self):
        return peer.between(self.moments)


class CudaMarks:
    """Moments, by the clock of the device, in the order of its queue."""

    def __init__(self, torch):
        self.torch, self.events = torch, []

    def mark(self):
        event = self.torch.cuda.Event(enable_timing=True)
        event.record()
        self.events.append(event)

    def milliseconds(self):
        self.torch.cuda.synchronize()
        return [a.elapsed_time(b) for a, b in zip(self.events, self.events[1:])]


def around(function, marks):
    """`function` with a mark before and after it."""

    def marked(*args, **kwargs):
        marks.mark()
        result = function(*args, **kwargs)
        marks.mark()
        return result

    return marked


def import_classes(folder):
    """Imports everything that the folder is made of, so that it does not count as opening; gives the pipeline."""
    index = json.loads((folder / "model_index.json").read_text())
    for entry in index.values():
        if isinstance(entry, list) and entry[0]:
            getattr(importlib.import_module(entry[0]), entry[1])
    return getattr(importlib.import_module("diffusers"), index["_class_name"])


def main():
    parser = peer.parser(__doc__)
    parser.add_argument("--dtype", choices=["float32", "bfloat16", "float16"], default="float32")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--compile", metavar="MODE", help="torch.compile the UNet, channels last, e.g. reduce-overhead")
    arguments = parser.parse_args()
    import diffusers
    import torch

    kind = import_classes(Path(arguments.model))
    imported = time.perf_counter()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    pipeline = kind.from_pretrained(
        arguments.model, torch_dtype=getattr(torch, arguments.dtype)).to(arguments.device)
    if arguments.device == "cuda":
        torch.cuda.synchronize()
    opened = time.perf_counter()
    pipeline.set_progress_bar_config(disable=True)
    if arguments.scheduler:
        pipeline.scheduler = getattr(diffusers, arguments.scheduler).from_config(pipeline.scheduler.config)
    in_graph = None
    if arguments.compile:
        pipeline.unet.to(memory_format=torch.channels_last)
        pipeline.unet = torch.compile(pipeline.unet, mode=arguments.compile, fullgraph=True)
    elif arguments.device == "cpu":
        pipeline.unet.forward = in_graph = peer.Clock(pipeline.unet.forward)

    new_marks = CpuMarks if arguments.device == "cpu" else lambda: CudaMarks(torch)
    text, steps, decode = new_marks(), new_marks(), new_marks()
    pipeline.encode_prompt = around(pipeline.encode_prompt, text)
    pipeline.vae.decode = around(pipeline.vae.decode, decode)
    prepare = pipeline.prepare_latents

    def prepare_and_mark(*args, **kwargs):
        latents = prepare(*args, **kwargs)
        steps.mark()
        return latents

    pipeline.prepare_latents = prepare_and_mark

    def after_step(_pipeline, _index, _timestep, _tensors):
        steps.mark()
        return {}

    # Left alone, diffusers draws the noise in the weights' type, which for half types is another sequence.
    side = pipeline.unet.config.sample_size
    factor = pipeline.vae_scale_factor
    shape = (1, pipeline.unet.config.in_channels, (arguments.height or side * factor) // factor,
             (arguments.width or side * factor) // factor)
    generator = torch.Generator("cpu").manual_seed(arguments.seed)

    begin = time.perf_counter()
    noise = torch.randn(shape, generator=generator).to(arguments.device, pipeline.unet.dtype)
    image = pipeline(
        arguments.prompt, latents=noise, width=arguments.width, height=arguments.height,
        num_inference_steps=arguments.steps, guidance_scale=arguments.guidance,
        generator=generator, callback_on_step_end=after_step,
    ).images[0]
    end = time.perf_counter()
    denoise = steps.milliseconds()
    if not denoise:
        sys.exit("peer_diffusers: the pipeline reported no step")
    more = {"providers": {"unet": f"torch {arguments.device}"}}
    if arguments.device == "cuda":
        more["device_bytes_reserved"] = torch.cuda.max_memory_reserved()
        more["device"] = torch.cuda.get_device_name()
    peer.report(
        arguments, image, imported=imported, opened=opened, generated=end - begin,
        text=sum(text.milliseconds()[::2]), denoise=denoise, decode=sum(decode.milliseconds()[::2]),
        in_graph=in_graph.milliseconds() if in_graph else None,
        versions=peer.versions("diffusers", "torch", "transformers"), **more)


if __name__ == "__main__":
    main()
