"""Graphs as older exporters wrote them: the layout of diffusers' Onnx*Pipeline, and graphs of fixed shape.

Input and output names, types and ranks follow diffusers'
scripts/convert_stable_diffusion_checkpoint_to_onnx.py (opset 14); the code is ours.
"""

import onnx
import torch


class TextEncoder(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids):
        out = self.model(input_ids, return_dict=True)
        return out.last_hidden_state, out.pooler_output


class Denoiser(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, sample, timestep, encoder_hidden_states):
        return self.model(sample, timestep, encoder_hidden_states, return_dict=False)[0]


class Encoder(torch.nn.Module):
    """sampled: as legacy, with the noise drawn inside the graph; else mean and log variance."""

    def __init__(self, model, sampled):
        super().__init__()
        self.model, self.sampled = model, sampled

    def forward(self, sample):
        moments = self.model.quant_conv(self.model.encoder(sample))
        if not self.sampled:
            return moments
        mean, logvar = moments.chunk(2, dim=1)
        return mean + torch.exp(0.5 * logvar.clamp(-30, 20)) * torch.randn_like(mean)


class Decoder(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, latent_sample):
        return self.model.decode(latent_sample, return_dict=False)[0]


def export(module, arguments, inputs, outputs, axes, path, opset):
    path.parent.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        torch.onnx.export(
            module.eval(), arguments, str(path), input_names=inputs, output_names=outputs,
            dynamic_axes=axes, opset_version=opset, do_constant_folding=True, dynamo=False,
        )


def export_folder(parts, out, *, ids, timestep, dtype=torch.float32, sampled=True, fixed=False, opset=14,
                  external=False):
    """parts: {text_encoder, unet, vae}. timestep: (dtype, rank). fixed: batch 1 and 64x64 pixels, everywhere."""
    text, unet, vae = (parts[k].to(dtype) for k in ("text_encoder", "unet", "vae"))
    batch = 1 if fixed else 2
    grid = {0: "batch", 1: "channels", 2: "height", 3: "width"}

    def axes(**named):
        return None if fixed else named

    export(TextEncoder(text), (torch.ones(1, 77, dtype=ids),), ["input_ids"], ["last_hidden_state", "pooler_output"],
           axes(input_ids={0: "batch", 1: "sequence"}), out / "text_encoder" / "model.onnx", opset)

    time_dtype, rank = timestep
    t = torch.tensor(1, dtype=time_dtype)
    t = t.expand(batch).clone() if rank == 1 else t
    time_axes = {"timestep": {0: "batch"}} if rank == 1 else {}
    width = unet.config.cross_attention_dim
    sample = torch.randn(batch, 4, 8, 8, dtype=dtype)
    context = torch.randn(batch, 77, width, dtype=dtype)
    path = out / "unet" / "model.onnx"
    export(Denoiser(unet), (sample, t, context), ["sample", "timestep", "encoder_hidden_states"], ["out_sample"],
           axes(sample=grid, encoder_hidden_states={0: "batch", 1: "sequence"}, **time_axes), path, opset)
    if external:  # one blob beside the graph, as diffusers >= 0.4
        graph = onnx.load(path)
        path.unlink()
        onnx.save_model(graph, path, save_as_external_data=True, all_tensors_to_one_file=True,
                        location="weights.pb", size_threshold=0, convert_attribute=False)

    picture = torch.randn(1, 3, 64, 64, dtype=dtype)
    export(Encoder(vae, sampled), (picture,), ["sample"], ["latent_sample" if sampled else "latent_parameters"],
           axes(sample=grid), out / "vae_encoder" / "model.onnx", opset)
    export(Decoder(vae), (torch.randn(1, 4, 8, 8, dtype=dtype),), ["latent_sample"], ["sample"],
           axes(latent_sample=grid), out / "vae_decoder" / "model.onnx", opset)
