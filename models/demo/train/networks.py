"""The text encoder, the UNet and the noise schedule of the demo model."""

from __future__ import annotations

import torch
from diffusers import DDPMScheduler, DPMSolverMultistepScheduler, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from scene import ATTRIBUTES

WIDTH = 128
NOISE = {
    "num_train_timesteps": 1000,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.0005,
    "beta_end": 0.02,
    "prediction_type": "v_prediction",
}


def text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """A CLIP text transformer of 2 layers over our own vocabulary."""
    config = CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=WIDTH, intermediate_size=3 * WIDTH, projection_dim=WIDTH,
        num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=tokenizer.model_max_length,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id, hidden_act="quick_gelu")
    return CLIPTextModel(config)


def unet() -> UNet2DConditionModel:
    """A UNet over 16x16x4 latents; the text acts by cross-attention at 8x8 and 4x4.

    Beside that, `addition_embed_type="text"` adds an attention-pooled summary of the text to
    the time embedding, inside the graph: its inputs stay those of Stable Diffusion 1.x.
    """
    return UNet2DConditionModel(
        sample_size=16, in_channels=4, out_channels=4, cross_attention_dim=WIDTH,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(64, 96, 160), layers_per_block=1, attention_head_dim=4, norm_num_groups=16,
        addition_embed_type="text", addition_embed_type_num_heads=4, resnet_time_scale_shift="scale_shift")


class AttributeHead(nn.Module):
    """Reads a scene's attributes from the pooled text state: an auxiliary loss, thrown away later."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(WIDTH, len(v)) for v in ATTRIBUTES.values())

    def loss(self, pooled: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """Mean cross-entropy; what a caption leaves out costs its entropy and teaches nothing."""
        parts = [nn.functional.cross_entropy(h(pooled), classes[:, i]) for i, h in enumerate(self.heads)]
        return torch.stack(parts).mean()


def noise_schedule() -> DDPMScheduler:
    """The training schedule."""
    return DDPMScheduler(**NOISE)


def default_scheduler() -> DPMSolverMultistepScheduler:
    """What `scheduler_config.json` names: DPM-Solver++ (2M)."""
    return DPMSolverMultistepScheduler(**NOISE, final_sigmas_type="zero", timestep_spacing="trailing",
                                       steps_offset=1)
