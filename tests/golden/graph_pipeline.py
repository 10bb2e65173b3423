"""Stable Diffusion 1.x in Python over the ONNX graphs themselves, with diffusers' schedulers.

The oracle where torch is not the natural one (float16 graphs, legacy layout, fixed shapes). It keeps
latents, guidance and schedulers in float32 and casts to what each graph's input asks for; the rest follows
diffusers' StableDiffusionPipeline. Written apart from the Rust code.
"""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from transformers import CLIPTokenizer

NUMPY = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(int64)": np.int64,
         "tensor(int32)": np.int32}


class Graph:
    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.inputs = {i.name: i for i in self.session.get_inputs()}

    def batch(self):
        size = next(iter(self.inputs.values())).shape[0]
        return size if isinstance(size, int) else None

    def __call__(self, **values):
        feeds = {}
        for name, value in values.items():
            given = self.inputs[name]
            value = np.asarray(value)
            if name == "timestep":
                value = value.reshape([1] * len(given.shape))
            feeds[name] = value.astype(NUMPY[given.type])
        return self.session.run(None, feeds)[0].astype(np.float32)


class GraphPipeline:
    def __init__(self, folder):
        folder = Path(folder)
        self.text, self.unet, self.decoder = (
            Graph(folder / name / "model.onnx") for name in ("text_encoder", "unet", "vae_decoder")
        )
        self.tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
        config = folder / "vae_decoder" / "config.json"
        self.scale = json.loads(config.read_text())["scaling_factor"] if config.exists() else 0.18215

    def embed(self, prompt):
        ids = self.tokenizer(prompt, padding="max_length", max_length=77, truncation=True).input_ids
        return self.text(input_ids=np.array([ids]))

    def denoise(self, x, t, contexts):
        """contexts: one a guidance branch; separate calls where the graph's batch is fixed at one."""
        count = x.shape[0]
        if self.unet.batch() == 1:
            calls = [(x[i : i + 1], c) for c in contexts for i in range(count)]
            outs = [self.unet(sample=s, timestep=t, encoder_hidden_states=c) for s, c in calls]
            return np.concatenate(outs)
        sample = np.concatenate([x] * len(contexts))
        context = np.concatenate([np.repeat(c, count, axis=0) for c in contexts])
        return self.unet(sample=sample, timestep=t, encoder_hidden_states=context)

    def __call__(self, scheduler, *, prompt, negative, guidance, steps, seed, width, height, count=1, eta=0.0):
        generator = torch.Generator("cpu").manual_seed(seed)
        contexts = [self.embed(prompt)]
        if guidance > 1:
            contexts.insert(0, self.embed(negative or ""))
        scheduler.set_timesteps(steps)
        x = torch.randn((count, 4, height // 8, width // 8), generator=generator) * scheduler.init_noise_sigma
        extra = {}
        if "generator" in scheduler.step.__code__.co_varnames:
            extra["generator"] = generator
        if "eta" in scheduler.step.__code__.co_varnames:
            extra["eta"] = eta
        for t in scheduler.timesteps:
            prediction = torch.from_numpy(self.denoise(scheduler.scale_model_input(x, t).numpy(), float(t), contexts))
            if guidance > 1:
                negative_part, positive_part = prediction.chunk(2)
                prediction = negative_part + guidance * (positive_part - negative_part)
            x = scheduler.step(prediction, t, x, **extra).prev_sample
        latents = (x / self.scale).numpy()
        pixels = np.concatenate([self.decoder(latent_sample=latents[i : i + 1]) for i in range(count)])
        pixels = np.clip(pixels / 2 + 0.5, 0, 1).transpose(0, 2, 3, 1)
        return (pixels * 255).round().astype(np.uint8)
