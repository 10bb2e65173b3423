"""The demo's networks as torch modules, read from the graphs in models/demo."""

from __future__ import annotations

import json

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

import graphs  # first: it makes the demo's own scripts importable
import common
import networks
import train_vae

SCALING = float(json.loads((graphs.DEMO / "vae_encoder" / "config.json").read_text())["scaling_factor"])
VAE_CHANNELS = tuple(json.loads((graphs.DEMO / "vae_encoder" / "config.json").read_text())["block_out_channels"])


def unet() -> UNet2DConditionModel:
    """The demo's UNet."""
    return graphs.load_weights(networks.unet(), graphs.DEMO / "unet" / "model.onnx").eval()


def tokenizer() -> CLIPTokenizer:
    """The demo's tokenizer."""
    return CLIPTokenizer.from_pretrained(graphs.DEMO / "tokenizer")


def text_encoder() -> CLIPTextModel:
    """The demo's text encoder."""
    return graphs.load_weights(networks.text_encoder(tokenizer()), graphs.DEMO / "text_encoder" / "model.onnx").eval()


class _Half(nn.Module):
    """The part of an autoencoder that one graph holds."""

    def __init__(self, vae: AutoencoderKL, names: tuple[str, str]) -> None:
        super().__init__()
        for name in names:
            self.add_module(name, getattr(vae, name))


def vae() -> AutoencoderKL:
    """The demo's autoencoder."""
    model = train_vae.build(VAE_CHANNELS)
    graphs.load_weights(_Half(model, ("encoder", "quant_conv")), graphs.DEMO / "vae_encoder" / "model.onnx")
    graphs.load_weights(_Half(model, ("decoder", "post_quant_conv")), graphs.DEMO / "vae_decoder" / "model.onnx")
    return model.eval()


@torch.no_grad()
def latents(pictures, part: int = 16) -> torch.Tensor:
    """Scaled latents (the mode) of uint8 [N, 128, 128, 3]; float32 [N, 4, 16, 16]."""
    model = vae().to(memory_format=torch.channels_last)
    out = torch.empty(len(pictures), 4, 16, 16)
    with common.autocast():
        for i in range(0, len(pictures), part):
            x = train_vae.to_tensor(pictures[i:i + part])
            out[i:i + part] = model.encode(x).latent_dist.mode().float()
    return out * SCALING
