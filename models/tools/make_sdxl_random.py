#!/usr/bin/env python3
"""Makes a full-size Stable Diffusion XL (base 1.0) folder with random weights, exported by optimum.

Usage: python make_sdxl_random.py OUTDIR [--dtype fp32|fp16] [--tiny] [--seed N] [--wheel FILE] [--keep-torch DIR]

See README.md beside this file. The configurations are those of the published base model's config.json files.
"""

import random_folder

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
TEXT = {
    "vocab_size": 49408, "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
    "num_attention_heads": 12, "max_position_embeddings": 77, "projection_dim": 768, "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-05, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1,
}
TEXT_2 = {
    **TEXT, "hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "num_attention_heads": 20,
    "projection_dim": 1280, "hidden_act": "gelu",
}
UNET = {
    "sample_size": 128, "in_channels": 4, "out_channels": 4, "layers_per_block": 2,
    "attention_head_dim": (5, 10, 20), "block_out_channels": (320, 640, 1280), "cross_attention_dim": 2048,
    "transformer_layers_per_block": (1, 2, 10), "use_linear_projection": True, "norm_num_groups": 32,
    "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,  # 6 x 256 of the sizes and 1280 of the pooled text
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
}
VAE = {
    "in_channels": 3, "out_channels": 3, "latent_channels": 4, "layers_per_block": 2, "sample_size": 1024,
    "block_out_channels": (128, 256, 512, 512), "norm_num_groups": 32, "scaling_factor": 0.13025,
    "force_upcast": True, "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
}
INDEX = {
    "_class_name": "StableDiffusionXLPipeline",
    "_diffusers_version": "0.35.2",
    "feature_extractor": [None, None],
    "force_zeros_for_empty_prompt": True,
    "image_encoder": [None, None],
    "scheduler": ["diffusers", "EulerDiscreteScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "tokenizer_2": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def builders(tiny, full_vae):
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    text, text_2, unet, vae = dict(TEXT), dict(TEXT_2), dict(UNET), dict(VAE)
    if tiny:
        text.update(hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4)
        text_2.update(hidden_size=96, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
                      projection_dim=64)
        unet.update(block_out_channels=(32, 64, 64), attention_head_dim=(2, 4, 4), cross_attention_dim=160,
                    transformer_layers_per_block=(1, 1, 2), addition_time_embed_dim=32,
                    projection_class_embeddings_input_dim=6 * 32 + 64)
        if not full_vae:
            vae.update(block_out_channels=(32, 32, 32, 32))
    return {
        "text_encoder": lambda: CLIPTextModel(CLIPTextConfig(**text)),
        "text_encoder_2": lambda: CLIPTextModelWithProjection(CLIPTextConfig(**text_2)),
        "unet": lambda: random_folder.unit_noise(UNet2DConditionModel(**unet)),
        "vae": lambda: AutoencoderKL(**vae),
    }


if __name__ == "__main__":
    tokenizers = {"tokenizer": {}, "tokenizer_2": {"pad_token": "!"}}
    random_folder.run("Stable Diffusion XL", INDEX, SCHEDULER, tokenizers, builders)
