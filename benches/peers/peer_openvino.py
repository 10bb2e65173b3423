#!/usr/bin/env python3
"""One text-to-image run of a Stable Diffusion 1.x folder of ONNX graphs through plain OpenVINO on the CPU, timed.

The graphs are the very files that the other peers run. They are given their sizes before they are compiled, which is
what OpenVINO's own pipelines advise for speed; the loop around them is diffusers' scheduler and NumPy.
"""

import inspect
import json
import time
from pathlib import Path

import peer


def compile_graph(core, path, shapes, properties):
    """Compiles the graph at `path` with every input that `shapes` names fixed, other free dimensions being 1."""
    model = core.read_model(path)
    fixed = {port: [d.get_length() if d.is_static else 1 for d in port.get_partial_shape()] for port in model.inputs}
    fixed.update({model.input(name): shape for name, shape in shapes.items()})
    model.reshape(fixed)
    return core.compile_model(model, "CPU", properties)


class Graph:
    """A compiled graph that takes and gives NumPy arrays, in the element types that it was exported with."""

    def __init__(self, compiled, output=0):
        self.compiled, self.output = compiled, compiled.output(output)
        self.request = compiled.create_infer_request()

    def __call__(self, **inputs):
        given = {}
        for name, value in inputs.items():
            port = self.compiled.input(name)
            given[name] = value.astype(port.get_element_type().to_dtype(), copy=False).reshape(tuple(port.get_shape()))
        return self.request.infer(given, share_inputs=True)[self.output]


def main():
    parser = peer.parser(__doc__)
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--cache-dir", help="where OpenVINO keeps compiled graphs; default: nowhere")
    arguments = parser.parse_args()
    import diffusers
    import numpy
    import openvino
    import torch
    from PIL import Image
    from transformers import CLIPTokenizer

    folder = Path(arguments.model)
    index = json.loads((folder / "model_index.json").read_text())
    kind = getattr(diffusers, arguments.scheduler or index["scheduler"][1])  # this is an import too
    imported = time.perf_counter()
    properties = {"INFERENCE_PRECISION_HINT": arguments.precision, "PERFORMANCE_HINT": "LATENCY"}
    if arguments.threads:
        properties["INFERENCE_NUM_THREADS"] = arguments.threads
        torch.set_num_threads(arguments.threads)
    if arguments.cache_dir:
        properties["CACHE_DIR"] = arguments.cache_dir
    unet_config = json.loads((folder / "unet" / "config.json").read_text())
    vae_config = json.loads((folder / "vae_decoder" / "config.json").read_text())
    factor = 2 ** (len(vae_config["block_out_channels"]) - 1)
    width = arguments.width or unet_config["sample_size"] * factor
    height = arguments.height or unet_config["sample_size"] * factor
    guided = arguments.guidance > 1
    latent = [1, unet_config["in_channels"], height // factor, width // factor]
    batch = 2 if guided else 1
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    scheduler = kind.from_pretrained(folder / "scheduler")
    length = tokenizer.model_max_length
    core = openvino.Core()
    text_encoder = Graph(compile_graph(core, folder / "text_encoder" / "model.onnx",
                                       {"input_ids": [batch, length]}, properties))
    unet = peer.Clock(Graph(compile_graph(
        core, folder / "unet" / "model.onnx",
        {"sample": [batch, *latent[1:]],
         "encoder_hidden_states": [batch, length, unet_config["cross_attention_dim"]]}, properties)))
    decoder = Graph(compile_graph(core, folder / "vae_decoder" / "model.onnx", {"latent_sample": latent}, properties))
    opened = time.perf_counter()

    prompts = ["", arguments.prompt] if guided else [arguments.prompt]
    ids = tokenizer(prompts, padding="max_length", max_length=length, truncation=True, return_tensors="np").input_ids
    hidden = text_encoder(input_ids=ids)
    encoded = time.perf_counter()
    scheduler.set_timesteps(arguments.steps)
    generator = torch.Generator("cpu").manual_seed(arguments.seed)
    latents = torch.randn(latent, generator=generator) * scheduler.init_noise_sigma
    takes = inspect.signature(scheduler.step).parameters
    extra = {"generator": generator} if "generator" in takes else {}
    marks = [time.perf_counter()]
    for timestep in scheduler.timesteps:
        sample = scheduler.scale_model_input(torch.cat([latents] * batch), timestep)
        noise = torch.from_numpy(unet(sample=sample.numpy(), timestep=timestep.numpy(), encoder_hidden_states=hidden))
        if guided:
            unguided, prompted = noise.chunk(2)
            noise = unguided + arguments.guidance * (prompted - unguided)
        latents = scheduler.step(noise, timestep, latents, **extra).prev_sample
        marks.append(time.perf_counter())
    pixels = decoder(latent_sample=(latents / vae_config["scaling_factor"]).numpy())
    pixels = (numpy.clip(pixels[0] / 2 + 0.5, 0, 1) * 255).round().astype(numpy.uint8)
    image = Image.fromarray(pixels.transpose(1, 2, 0))
    end = time.perf_counter()
    peer.report(
        arguments, image, imported=imported, opened=opened, generated=end - opened,
        text=(encoded - opened) * 1e3, denoise=peer.between(marks), decode=(end - marks[-1]) * 1e3,
        in_graph=unet.milliseconds(), providers={"unet": f"OpenVINO CPU {arguments.precision}"},
        versions=peer.versions("openvino", "diffusers", "torch"))


if __name__ == "__main__":
    main()
