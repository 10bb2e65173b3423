"""The tiny transformers of SD3 and Flux with random weights; their text encoders are those of family_xl_networks.py
and family_t5.py. The gains are raised by trial (families/sd3.py and families/flux.py list what must be visible)."""

import torch
from diffusers import FluxTransformer2DModel, SD3Transformer2DModel

CLIP_1, CLIP_2, T5, FLUX_T5 = 16, 24, 40, 24


def raise_gains(model, gains):
    """gains: {part of a weight's name: factor}; the first that matches counts."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("weight") and parameter.ndim > 1:
                factor = next((f for part, f in gains.items() if part in name), 1.0)
                parameter.mul_(factor)
    return model.eval()


def sd3():
    torch.manual_seed(414)
    model = SD3Transformer2DModel(
        sample_size=8, patch_size=2, in_channels=16, out_channels=16, num_layers=2, attention_head_dim=8,
        num_attention_heads=2, joint_attention_dim=T5, caption_projection_dim=16,
        pooled_projection_dim=CLIP_1 + CLIP_2, pos_embed_max_size=8,
    )
    return raise_gains(model, {
        "context_embedder": 3.5, "time_text_embed.text": 3.0, "time_text_embed": 2.0, "norm": 2.0, "proj_out": 3.0,
        "add_": 2.0, "pos_embed": 2.0,
    })


def flux(guidance):
    torch.manual_seed(424 if guidance else 434)
    model = FluxTransformer2DModel(
        patch_size=1, in_channels=64, num_layers=1, num_single_layers=2, attention_head_dim=8,
        num_attention_heads=2, joint_attention_dim=FLUX_T5, pooled_projection_dim=CLIP_1, guidance_embeds=guidance,
        axes_dims_rope=(4, 2, 2),
    )
    return raise_gains(model, {
        "context_embedder": 5.0, "time_text_embed.text": 2.0, "time_text_embed": 3.0, "norm": 3.0, "proj_out": 2.8,
        "to_": 3.0, "x_embedder": 4.0, "add_": 4.0, "ff": 3.0, "proj_mlp": 3.0,
    })
