"""Networks that several systems have: CLIP with projections, unCLIP's prior; and their graphs."""

import json

import torch
from diffusers import PriorTransformer
from safetensors.torch import save_file
from system_tools import FLAT, ROWS, SCALAR, export, gain
from transformers import (
    CLIPImageProcessor, CLIPTextConfig, CLIPTextModelWithProjection, CLIPVisionConfig, CLIPVisionModelWithProjection,
)

SIDE = 32  # of the pictures that the vision encoder looks at


def clip_text(tokens, seed, width, projection=None, kind=CLIPTextModelWithProjection):
    """CLIP over the tokenizer's vocabulary, one layer."""
    torch.manual_seed(seed)
    size = len(tokens)
    model = kind(CLIPTextConfig(
        vocab_size=size, hidden_size=width, intermediate_size=width, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=77, projection_dim=projection or width, bos_token_id=size - 2, eos_token_id=size - 1,
        pad_token_id=tokens.pad_token_id,
    ))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "token_embedding" in name:
                parameter.normal_(0, 1.0)
            elif "position_embedding" in name or "text_projection" in name:
                parameter.normal_(0, 0.3)
            elif "self_attn" in name and name.endswith("weight"):
                parameter.normal_(0, 0.35)
    return model.eval()


def clip_vision(seed, projection):
    torch.manual_seed(seed)
    model = CLIPVisionModelWithProjection(CLIPVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=SIDE,
        patch_size=8, projection_dim=projection,
    ))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "patch_embedding" in name:
                parameter.normal_(0, 0.15)
            elif "visual_projection" in name or "self_attn" in name and name.endswith("weight"):
                parameter.normal_(0, 0.35)
    return model.eval()


def image_processor():
    return CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})


def prior_network(seed, width):
    torch.manual_seed(seed)
    model = PriorTransformer(num_attention_heads=2, attention_head_dim=12, embedding_dim=width, num_layers=1)
    gain(model, {"to_v": 3.0, "to_out": 3.0, "proj_to_clip": 3.0, "embedding_proj": 2.0}, seed)
    with torch.no_grad():
        model.clip_mean.normal_(0, 0.2)
        model.clip_std.uniform_(0.5, 1.2)
    return model.eval()


def one_line_vocabulary(tokens, folder):
    tokens.save_pretrained(folder)
    for path in folder.glob("vocab.json"):  # on one line instead of one a token
        path.write_text(json.dumps(json.loads(path.read_text()), ensure_ascii=False))


def text_graph(folder, model, limit=None):
    """input_ids [B, 77] -> text_embeds [B, D] (with a projection), last_hidden_state [B, 77, W]."""
    model.config.save_pretrained(folder)
    generator = torch.Generator().manual_seed(5)
    ids = torch.randint(0, limit or model.config.vocab_size - 2, (2, 77), generator=generator)
    ids[0, 9:], ids[1, 50:] = model.config.eos_token_id, model.config.eos_token_id
    projected = isinstance(model, CLIPTextModelWithProjection)

    def call(m, ids):
        out = m(ids)
        return (out.text_embeds, out.last_hidden_state) if projected else out.last_hidden_state

    outputs = {"text_embeds": FLAT, "last_hidden_state": ROWS} if projected else {"last_hidden_state": ROWS}
    export(folder / "model.onnx", model, call, {"input_ids": (ids, ("batch", "sequence"))}, outputs)


def vision_graph(folder, model):
    """pixel_values [B, 3, 32, 32] -> image_embeds [B, D]."""
    model.config.save_pretrained(folder)
    export(folder / "model.onnx", model, lambda m, x: m(x).image_embeds,
           {"pixel_values": (torch.randn(2, 3, SIDE, SIDE), ("batch", None, None, None))}, {"image_embeds": FLAT})


def prior_graph(folder, model):
    """The prior, and what turns its last x into an embedding: x * clip_std + clip_mean, in constants.safetensors."""
    model.save_config(folder)
    save_file({"clip_mean": model.clip_mean.detach(), "clip_std": model.clip_std.detach()},
              folder / "constants.safetensors")
    width = model.config.embedding_dim
    mask = torch.arange(77) < torch.tensor([[77], [9]])
    export(folder / "model.onnx", model, lambda m, x, t, text, states, mask: m(x, t, text, states, mask)
           .predicted_image_embedding,
           {"hidden_states": (torch.randn(2, width), FLAT), "timestep": (torch.tensor(741), SCALAR),
            "proj_embedding": (torch.randn(2, width), FLAT),
            "encoder_hidden_states": (torch.randn(2, 77, width), ("batch", None, None)),
            "attention_mask": (mask, ("batch", None))},
           {"predicted_image_embedding": FLAT})


def lean(model, channels, told=0.0, rest=0.3):
    """Lays a way through a U-Net on which the noise that it predicts is x itself, scaled to a deviation of one; what the
    random weights make of everything else is added to it.

    Predictions that have nothing to do with x give an x_0 of black and white alone, because 1 / sqrt(alpha_bar) enlarges
    it beyond every clipping, and then one float's rounding decides about a pixel. x and -x go through the first
    convolution, the last skip connection and its shortcut in one group of the last norm, and silu(a) - silu(-a) = a.
    told: how much of the channels behind x (a smaller picture to be enlarged) is taken off x on that way; rest: the
    factor of the random weights."""
    rows = torch.arange(channels)
    block = model.up_blocks[-1].resnets[-1]
    last = block.conv_shortcut
    skip = last.in_channels - model.conv_in.out_channels
    with torch.no_grad():
        for weight in (model.conv_in.weight[: 2 * channels], last.weight, block.conv2.weight,
                       model.conv_out.weight[:channels]):
            weight.mul_(rest)
        for sign, row in ((1.0, 2 * rows), (-1.0, 2 * rows + 1)):
            model.conv_in.weight[row, rows, 1, 1] += sign
            if told:
                model.conv_in.weight[row, rows + channels, 1, 1] -= sign * told
            last.weight[row, skip + row, 0, 0] += 1.0
            model.conv_out.weight[rows, row, 1, 1] += sign
    return model
