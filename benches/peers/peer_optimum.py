#!/usr/bin/env python3
"""One text-to-image run of a model folder through optimum's ORTStableDiffusionPipeline, timed.

Prints one JSON object with the keys of `diffusion generate --json`: "timings" in milliseconds ("open", "text",
"encode", "denoise" one a step, "decode", "total" = open and generate), "peak_memory_bytes", "providers". Besides:
"import" (Python's own modules, in no other figure) and "denoise_in_graph" (inside onnxruntime, one a step).
The first step's time begins when the initial noise is ready.
"""

import argparse
import json
import resource
import sys
import time

STARTED = time.perf_counter()


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", "-m", required=True)
    parser.add_argument("--prompt", "-p", required=True)
    parser.add_argument("--negative", "-n")
    parser.add_argument("--width", "-W", type=int)
    parser.add_argument("--height", "-H", type=int)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", "-g", type=float, default=7.5)
    parser.add_argument("--scheduler", help="a diffusers class name; default: the folder's own")
    parser.add_argument("--seed", "-s", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0, help="0: onnxruntime's own choice")
    parser.add_argument("--output", "-o")
    return parser.parse_args()


class Clock:
    """Wraps a callable and keeps when each call began and ended."""

    def __init__(self, function):
        self.function, self.spans = function, []

    def __call__(self, *args, **kwargs):
        begin = time.perf_counter()
        result = self.function(*args, **kwargs)
        self.spans.append((begin, time.perf_counter()))
        return result

    def milliseconds(self):
        return [(end - begin) * 1e3 for begin, end in self.spans]


def main():
    arguments = parse()
    import diffusers
    import onnxruntime
    import torch
    from optimum.onnxruntime import ORTStableDiffusionPipeline

    imported = time.perf_counter()
    options = onnxruntime.SessionOptions()
    if arguments.threads:
        options.intra_op_num_threads = arguments.threads
        torch.set_num_threads(arguments.threads)
    pipeline = ORTStableDiffusionPipeline.from_pretrained(
        arguments.model, provider="CPUExecutionProvider", session_options=options)
    opened = time.perf_counter()
    pipeline.set_progress_bar_config(disable=True)
    if arguments.scheduler:
        pipeline.scheduler = getattr(diffusers, arguments.scheduler).from_config(pipeline.scheduler.config)

    pipeline.encode_prompt = text = Clock(pipeline.encode_prompt)
    pipeline.prepare_latents = noise = Clock(pipeline.prepare_latents)
    pipeline.unet.forward = unet = Clock(pipeline.unet.forward)
    pipeline.vae.decode = decode = Clock(pipeline.vae.decode)
    step_ends = []

    def after_step(_pipeline, _index, _timestep, _tensors):
        step_ends.append(time.perf_counter())
        return {}

    begin = time.perf_counter()
    image = pipeline(
        arguments.prompt, negative_prompt=arguments.negative, width=arguments.width, height=arguments.height,
        num_inference_steps=arguments.steps, guidance_scale=arguments.guidance,
        generator=torch.Generator("cpu").manual_seed(arguments.seed), callback_on_step_end=after_step,
    ).images[0]
    end = time.perf_counter()
    if arguments.output:
        image.save(arguments.output)

    marks = [noise.spans[-1][1], *step_ends]
    if not step_ends:
        sys.exit("peer_optimum: the pipeline reported no step")
    open_ms = (opened - imported) * 1e3
    print(json.dumps({
        "images": [{"path": arguments.output, "seed": arguments.seed, "width": image.width, "height": image.height}],
        "timings": {
            "open": open_ms,
            "text": sum(text.milliseconds()),
            "encode": 0,
            "denoise": [(b - a) * 1e3 for a, b in zip(marks, marks[1:])],
            "decode": sum(decode.milliseconds()),
            "total": open_ms + (end - begin) * 1e3,
        },
        "import": (imported - STARTED) * 1e3,
        "denoise_in_graph": unet.milliseconds(),
        "providers": {"unet": pipeline.unet.session.get_providers()[0]},
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }))


if __name__ == "__main__":
    main()
