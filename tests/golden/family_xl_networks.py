"""The tiny SDXL networks with random weights: every size that tells base, refiner and inpaint apart is different.

The gains are raised by trial, as in tiny_networks.py, until prompt, seed, scheduler, guidance, steps and the size
conditioning each move the picture (families/sdxl.py lists the pairs).
"""

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

WIDTH_1, WIDTH_2, TIME = 16, 24, 8

# SDXL base 1.0's own file, to the letter.
SCHEDULER = {
    "_class_name": "EulerDiscreteScheduler",
    "_diffusers_version": "0.19.0.dev0",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "interpolation_type": "linear",
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "sample_max_value": 1.0,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "timestep_spacing": "leading",
    "trained_betas": None,
    "use_karras_sigmas": False,
}


def clip(kind, seed, vocab_size, width, pad, act):
    """A CLIP text encoder of three layers, so that skipping one or two more than the last still means something."""
    torch.manual_seed(seed)
    model = kind(
        CLIPTextConfig(
            vocab_size=vocab_size, hidden_size=width, intermediate_size=2 * width, num_hidden_layers=3,
            num_attention_heads=4, max_position_embeddings=77, projection_dim=width, hidden_act=act,
            bos_token_id=vocab_size - 2, eos_token_id=vocab_size - 1, pad_token_id=pad,
        )
    )
    with torch.no_grad():
        model.text_model.embeddings.token_embedding.weight.normal_(0, 1.0)
        model.text_model.embeddings.position_embedding.weight.normal_(0, 0.3)
        for name, parameter in model.named_parameters():
            if "self_attn" in name and name.endswith("weight"):
                parameter.normal_(0, 0.25)
            elif "text_projection" in name:
                parameter.normal_(0, 0.3)
    return model.eval()


def text_encoder(vocab_size):
    return clip(CLIPTextModel, 111, vocab_size, WIDTH_1, vocab_size - 1, "quick_gelu")


def text_encoder_2(vocab_size):
    return clip(CLIPTextModelWithProjection, 112, vocab_size, WIDTH_2, 0, "gelu")


def unet(seed, in_channels=4, context=WIDTH_1 + WIDTH_2, numbers=6):
    """numbers: how many sizes and scores time_ids holds: 6 for base and inpaint, 5 for the refiner."""
    torch.manual_seed(seed)
    model = UNet2DConditionModel(
        sample_size=8, in_channels=in_channels, out_channels=4, layers_per_block=1, block_out_channels=(8, 12),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=1, use_linear_projection=True,
        cross_attention_dim=context, attention_head_dim=(2, 3), norm_num_groups=4,
        addition_embed_type="text_time", addition_time_embed_dim=TIME,
        projection_class_embeddings_input_dim=numbers * TIME + WIDTH_2,
    )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.endswith("weight") or parameter.ndim < 2:
                continue
            if "attn2.to_v" in name or "attn2.to_out" in name:
                parameter.mul_(4.0)
            elif "attn2.to_q" in name or "attn2.to_k" in name:
                parameter.mul_(2.0)
            elif "add_embedding" in name:
                parameter.mul_(3.0)
            elif "time_emb_proj" in name:
                parameter.mul_(2.5)
            elif name == "conv_out.weight":
                parameter.mul_(2.6)
    return model.eval()


def vae(seed=333, latent_channels=4, scaling_factor=0.3, shift_factor=None, **more):
    torch.manual_seed(seed)
    model = AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=latent_channels, layers_per_block=1, norm_num_groups=4,
        block_out_channels=(8, 8, 8, 8), sample_size=64, scaling_factor=scaling_factor, shift_factor=shift_factor,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, **more,
    )
    with torch.no_grad():
        model.decoder.conv_out.weight.mul_(1.6)
    return model.eval()
