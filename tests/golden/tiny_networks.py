"""The tiny Stable Diffusion 1.x networks with random weights, and their small vocabulary.

Random weights of the usual initialisation draw the same grey whatever one asks for. So the gains
below are raised, by trial, until prompt, seed, scheduler, guidance and steps each move the picture by more
than ten grey levels on average (make_pictures.py asserts it), while float rounding does not grow.
"""

import json

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

CORPUS = """a photo of a red house in the snow at night with two trees and a bright moon
a painting of an old castle on a green hill at sunset, oil on canvas, highly detailed
the blue boat sails on the sea in the morning, watercolour, soft light
a lighthouse by the sea at dawn in a storm, dramatic sky, wide angle
a windmill in the desert at noon, three cactus trees on the left
portrait of an astronaut riding a white horse on mars, best quality, masterpiece
blurry, low quality, ugly, watermark, text, bad anatomy
a cat and a dog sitting on the yellow chair in a small room
city streets in the rain, neon light, people walking, black and white photo
flowers in a vase, still life, the right side in shadow"""

# SD 1.5's own file, to the letter: what a class change carries over depends on which keys are absent.
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


def byte_characters():
    """GPT-2's printable stand-ins for the 256 bytes, in CLIP's order."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(others))]


def vocabulary(merge_count=200):
    """(tokens, merges) in CLIP's format, by plain byte-pair counting over CORPUS."""
    words = {}
    for word in CORPUS.replace(",", " ,").split():
        key = (*word[:-1], word[-1] + "</w>")
        words[key] = words.get(key, 0) + 1
    merges = []
    while len(merges) < merge_count:
        pairs = {}
        for word, count in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] = pairs.get(pair, 0) + count
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        merged = {}
        for word, count in words.items():
            out = []
            for part in word:
                if out and (out[-1], part) == best:
                    out[-1] += part
                else:
                    out.append(part)
            merged[tuple(out)] = merged.get(tuple(out), 0) + count
        words = merged
    characters = byte_characters()
    tokens = characters + [c + "</w>" for c in characters] + ["".join(m) for m in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    assert len(set(tokens)) == len(tokens)
    return tokens, merges


def write_vocabulary(folder):
    tokens, merges = vocabulary()
    folder.mkdir(parents=True, exist_ok=True)
    vocab = json.dumps({token: i for i, token in enumerate(tokens)}, ensure_ascii=False)
    (folder / "vocab.json").write_text(vocab, encoding="utf-8")
    text = "#version: 0.2\n" + "".join(" ".join(m) + "\n" for m in merges)
    (folder / "merges.txt").write_text(text, encoding="utf-8")


def text_encoder(vocab_size):
    torch.manual_seed(101)
    model = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocab_size, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
            num_attention_heads=4, max_position_embeddings=77, projection_dim=32,
            bos_token_id=vocab_size - 2, eos_token_id=vocab_size - 1, pad_token_id=vocab_size - 1,
        )
    )
    with torch.no_grad():
        model.text_model.embeddings.token_embedding.weight.normal_(0, 1.0)
        model.text_model.embeddings.position_embedding.weight.normal_(0, 0.3)
        for name, parameter in model.named_parameters():
            if "self_attn" in name and name.endswith("weight"):
                parameter.normal_(0, 0.25)
    return model.eval()


def unet():
    torch.manual_seed(202)
    model = UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=4, layers_per_block=1, block_out_channels=(16, 32),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=32, attention_head_dim=2, norm_num_groups=8,
    )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.endswith("weight") or parameter.ndim < 2:
                continue
            if "attn2.to_v" in name or "attn2.to_out" in name:
                parameter.mul_(3.0)
            elif "attn2.to_q" in name or "attn2.to_k" in name:
                parameter.mul_(2.0)
            elif "time_emb_proj" in name:
                parameter.mul_(2.0)
            elif name == "conv_out.weight":
                parameter.mul_(2.0)
    return model.eval()


def vae(scaling_factor):
    torch.manual_seed(303)
    model = AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=4, layers_per_block=1, norm_num_groups=4,
        block_out_channels=(8, 8, 16, 16), sample_size=64, scaling_factor=scaling_factor,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )
    with torch.no_grad():
        model.decoder.conv_out.weight.mul_(1.4)
    return model.eval()
