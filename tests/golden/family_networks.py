"""Networks for families/: like tiny_networks.py's, but a fifth of the size, and with every difference an argument.

Gains are raised for the same reason as there; check_visible in make_family_pictures.py asserts the effect.
"""

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

GAINS = {"cross": 4.0, "query": 2.0, "time": 7.0, "out": 3.0, "class": 1.0, "cond": 1.0, "image": 1.0}


def text_encoder(tokens, seed, **changes):
    """CLIP over the tokenizer's vocabulary: 16 wide, one layer; changes go to CLIPTextConfig."""
    torch.manual_seed(seed)
    size = len(tokens)
    config = {
        "vocab_size": size, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1,
        "num_attention_heads": 2, "max_position_embeddings": 77, "projection_dim": 16,
        "bos_token_id": size - 2, "eos_token_id": size - 1, "pad_token_id": tokens.pad_token_id, **changes,
    }
    model = CLIPTextModel(CLIPTextConfig(**config))
    with torch.no_grad():
        model.text_model.embeddings.token_embedding.weight.normal_(0, 1.0)
        model.text_model.embeddings.position_embedding.weight.normal_(0, 0.3)
        for name, parameter in model.named_parameters():
            if "self_attn" in name and name.endswith("weight"):
                parameter.normal_(0, 0.35)
    return model.eval()


def unet(seed, gains=None, **changes):
    """Two levels of 8 channels, halved once in between, attention in the first and in the middle.

    changes go to UNet2DConditionModel."""
    torch.manual_seed(seed)
    gains = {**GAINS, **(gains or {})}
    config = {
        "sample_size": 8, "in_channels": 4, "out_channels": 4, "layers_per_block": 1, "block_out_channels": (8, 8),
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "UpBlock2D"),
        "cross_attention_dim": 16, "attention_head_dim": 2, "norm_num_groups": 4, **changes,
    }
    model = UNet2DConditionModel(**config)
    with torch.no_grad():
        model.conv_in.weight[:, 4:].mul_(gains["image"])  # what stands beside the latents: mask, pictures
        for name, parameter in model.named_parameters():
            if not name.endswith("weight") or parameter.ndim < 2:
                continue
            if "attn2.to_v" in name or "attn2.to_out" in name:
                parameter.mul_(gains["cross"])
            elif "attn2.to_q" in name or "attn2.to_k" in name:
                parameter.mul_(gains["query"])
            elif "time_emb_proj" in name:
                parameter.mul_(gains["time"])
            elif name.startswith("class_embedding"):
                parameter.mul_(gains["class"])
            elif "cond_proj" in name:
                parameter.mul_(gains["cond"])
            elif name == "conv_out.weight":
                parameter.mul_(gains["out"])
    return model.eval()


def vae(seed, scaling_factor, channels=(4, 4, 4, 4), out=1.4, **changes):
    """An autoencoder that shrinks by two for each entry of channels but the first."""
    torch.manual_seed(seed)
    config = {
        "in_channels": 3, "out_channels": 3, "latent_channels": 4, "layers_per_block": 1, "norm_num_groups": 2,
        "block_out_channels": channels, "sample_size": 8 * 2 ** (len(channels) - 1), "scaling_factor": scaling_factor,
        "down_block_types": ("DownEncoderBlock2D",) * len(channels),
        "up_block_types": ("UpDecoderBlock2D",) * len(channels), **changes,
    }
    model = AutoencoderKL(**config)
    with torch.no_grad():
        model.decoder.conv_out.weight.mul_(out)
    return model.eval()
