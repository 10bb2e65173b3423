#!/usr/bin/env python3
"""Makes a full-size Stable Diffusion 1.5 folder with random weights, exported by optimum.

Usage: python make_sd15_random.py OUTDIR [--dtype fp32|fp16] [--tiny] [--seed N] [--wheel FILE] [--keep-torch DIR]

See README.md beside this file.
"""

import random_folder

SCHEDULER = {
    "_class_name": "PNDMScheduler",
    "_diffusers_version": "0.6.0",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
    "clip_sample": False,
}
TEXT = {
    "vocab_size": 49408, "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
    "num_attention_heads": 12, "max_position_embeddings": 77, "projection_dim": 768, "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-05, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1,
}
UNET = {
    "sample_size": 64, "in_channels": 4, "out_channels": 4, "layers_per_block": 2, "attention_head_dim": 8,
    "block_out_channels": (320, 640, 1280, 1280), "cross_attention_dim": 768, "norm_num_groups": 32,
    "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
}
VAE = {
    "in_channels": 3, "out_channels": 3, "latent_channels": 4, "layers_per_block": 2, "sample_size": 512,
    "block_out_channels": (128, 256, 512, 512), "norm_num_groups": 32, "scaling_factor": 0.18215,
    "down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4,
}
INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.35.2",
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def builders(tiny, full_vae):
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    text, unet, vae = dict(TEXT), dict(UNET), dict(VAE)
    if tiny:
        text.update(hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4)
        unet.update(block_out_channels=(32, 64, 64, 64), cross_attention_dim=64)
        if full_vae:
            # Attention to every latent of a large picture would cost more than the autoencoder that is looked at.
            unet.update(down_block_types=("DownBlock2D",) * 4, up_block_types=("UpBlock2D",) * 4)
        else:
            vae.update(block_out_channels=(32, 32, 32, 32))
    return {
        "text_encoder": lambda: CLIPTextModel(CLIPTextConfig(**text)),
        "unet": lambda: random_folder.unit_noise(UNet2DConditionModel(**unet)),
        "vae": lambda: AutoencoderKL(**vae),
    }


if __name__ == "__main__":
    random_folder.run("Stable Diffusion 1.5", INDEX, SCHEDULER, {"tokenizer": {}}, builders)
