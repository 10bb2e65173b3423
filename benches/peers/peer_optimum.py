#!/usr/bin/env python3
"""One text-to-image run of a folder of ONNX graphs through optimum's ORTStableDiffusionPipeline, timed."""

import sys
import time

import peer


def main():
    arguments = peer.parser(__doc__).parse_args()
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

    pipeline.encode_prompt = text = peer.Clock(pipeline.encode_prompt)
    pipeline.prepare_latents = noise = peer.Clock(pipeline.prepare_latents)
    pipeline.unet.forward = unet = peer.Clock(pipeline.unet.forward)
    pipeline.vae.decode = decode = peer.Clock(pipeline.vae.decode)
    step_ends = []

    def after_step(_pipeline, _index, _timestep, _tensors):
        step_ends.append(time.perf_counter())
        return {}

    begin = time.perf_counter()
    image = pipeline(
        arguments.prompt, width=arguments.width, height=arguments.height,
        num_inference_steps=arguments.steps, guidance_scale=arguments.guidance,
        generator=torch.Generator("cpu").manual_seed(arguments.seed), callback_on_step_end=after_step,
    ).images[0]
    end = time.perf_counter()
    if not step_ends:
        sys.exit("peer_optimum: the pipeline reported no step")
    peer.report(
        arguments, image, imported=imported, opened=opened, generated=end - begin,
        text=sum(text.milliseconds()), denoise=peer.between([noise.spans[-1][1], *step_ends]),
        decode=sum(decode.milliseconds()), in_graph=unet.milliseconds(),
        providers={"unet": pipeline.unet.session.get_providers()[0]},
        versions=peer.versions("optimum-onnx", "onnxruntime", "diffusers", "torch"))


if __name__ == "__main__":
    main()
