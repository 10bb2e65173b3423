"""The ControlNet of the demo's UNet, and that UNet with the residuals as inputs."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from diffusers import ControlNetModel, UNet2DConditionModel
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "train"))
import graphs  # noqa: E402,F401
import networks  # noqa: E402

HINT_CHANNELS = (16, 24, 32, 48)  # 128 -> 16 pixels
SKIPS = 6  # residuals of the down path: conv_in, and resnet and downsampler of the blocks


def plain() -> ControlNetModel:
    """The encoder half of the demo's UNet with a hint of 3 colours, 128x128."""
    c = networks.unet().config
    return ControlNetModel(
        in_channels=c.in_channels, conditioning_channels=3, down_block_types=c.down_block_types,
        mid_block_type=c.mid_block_type, block_out_channels=c.block_out_channels,
        layers_per_block=c.layers_per_block, norm_num_groups=c.norm_num_groups,
        cross_attention_dim=c.cross_attention_dim, attention_head_dim=c.attention_head_dim,
        addition_embed_type=c.addition_embed_type, addition_embed_type_num_heads=c.addition_embed_type_num_heads,
        resnet_time_scale_shift=c.resnet_time_scale_shift, conditioning_embedding_out_channels=HINT_CHANNELS)


def build(unet: UNet2DConditionModel) -> ControlNetModel:
    """`plain` that starts as a copy of `unet`; its outputs are zero (Zhang et al. 2023)."""
    model = plain()
    given = unet.state_dict()
    state = {k: given.get(k, v) for k, v in model.state_dict().items()}
    missing = [k for k in state if k not in given and not k.startswith(("controlnet_",))]
    assert not missing, missing
    model.load_state_dict(state)
    # diffusers starts the hint at zero as well; then nothing reaches it before the outputs have moved.
    torch.nn.init.xavier_uniform_(model.controlnet_cond_embedding.conv_out.weight)
    return model


class Control(nn.Module):
    """The graph of the ControlNet: six residuals of the down path and the middle's."""

    def __init__(self, net: ControlNetModel) -> None:
        super().__init__()
        self.net = net

    def forward(self, sample, timestep, encoder_hidden_states, controlnet_cond, conditioning_scale):
        down, mid = self.net(sample, timestep, encoder_hidden_states, controlnet_cond, return_dict=False)
        return [*(d * conditioning_scale for d in down), mid * conditioning_scale]


class Controlled(nn.Module):
    """The graph of the UNet with those residuals as inputs."""

    def __init__(self, unet: UNet2DConditionModel) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, sample, timestep, encoder_hidden_states, *residuals):
        return self.unet(sample, timestep, encoder_hidden_states, return_dict=False,
                         down_block_additional_residuals=residuals[:-1],
                         mid_block_additional_residual=residuals[-1])[0]
