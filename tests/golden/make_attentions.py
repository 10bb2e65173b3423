#!/usr/bin/env python3
"""Makes ../models/attention/*: small graphs with attention as exporters of several years wrote it, random weights.

Usage: python make_attentions.py      (the environment of requirements.txt)

  legacy_unet      diffusers' AttnProcessor: heads merged into the batch, baddbmm, Softmax over three axes
  legacy_upcast    the same with upcast_attention, as Stable Diffusion 2.x has it
  legacy_vae       a VAE's middle block with AttnProcessor: one head
  sdxl_unet        optimum-onnx export of an SDXL pipeline: two transformer layers a block,
                   F.scaled_dot_product_attention
  sdxl_text_2      its second text encoder (hidden states as outputs, projection)
  clip_eager       transformers' CLIP with attn_implementation="eager"
  clip_old         CLIP's attention as transformers 4.2x wrote it: [batch*heads, ...] products, mask added in four axes
  einsum           CompVis' CrossAttention: einsum over [batch*heads, ...]
  single           one head, no reshaping at all
  probabilities    the probabilities are an output too: must be left as it is
  padding_mask     a mask [batch, 1, 1, keys]: must be left as it is
  two_batches      batches of two names in four axes: equality is not provable, must be left as it is

Nothing is recorded beside the graphs: tests/prepare.rs runs each graph as it is and prepared, and compares.
"""

import shutil
import warnings
from pathlib import Path

import diffusers
import onnx
import onnxruntime
import torch
import transformers
from diffusers import AutoencoderKL, EulerDiscreteScheduler, StableDiffusionXLPipeline, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from legacy_export import Denoiser, TextEncoder, export
from make_tiny_models import WORK, tokenizer
from optimum.exporters.onnx import main_export
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

OUT = Path(__file__).resolve().parent.parent / "models" / "attention"
GRID = {0: "batch", 1: "channels", 2: "height", 3: "width"}
SEQUENCE = {0: "batch", 1: "sequence"}
WIDTH, HEADS = 16, 2


def unet(**options):
    torch.manual_seed(1)
    return UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=4, layers_per_block=1, block_out_channels=(WIDTH,),
        norm_num_groups=4, down_block_types=("CrossAttnDownBlock2D",), up_block_types=("UpBlock2D",),
        mid_block_type=None, cross_attention_dim=WIDTH, attention_head_dim=HEADS, **options,
    ).eval()


def legacy_unet(name, **options):
    model = unet(**options)
    model.set_attn_processor(AttnProcessor())
    given = torch.randn(2, 4, 8, 8), torch.tensor(1.0), torch.randn(2, 77, WIDTH)
    export(Denoiser(model), given, ["sample", "timestep", "encoder_hidden_states"], ["out_sample"],
           {"sample": GRID, "encoder_hidden_states": SEQUENCE}, OUT / name / "model.onnx", 14)


class Middle(torch.nn.Module):
    def __init__(self, block):
        super().__init__()
        self.block = block

    def forward(self, sample):
        return self.block(sample)


def legacy_vae():
    torch.manual_seed(2)
    vae = AutoencoderKL(block_out_channels=(8,), down_block_types=("DownEncoderBlock2D",), norm_num_groups=4,
                        up_block_types=("UpDecoderBlock2D",))
    vae.set_attn_processor(AttnProcessor())
    export(Middle(vae.decoder.mid_block), (torch.randn(2, 8, 8, 8),), ["sample"], ["out"],
           {"sample": {0: "batch", 2: "height", 3: "width"}}, OUT / "legacy_vae" / "model.onnx", 14)


def clip_config(vocabulary, **options):
    return CLIPTextConfig(vocab_size=vocabulary, hidden_size=WIDTH, intermediate_size=32, num_hidden_layers=2,
                          num_attention_heads=HEADS, max_position_embeddings=77, projection_dim=WIDTH,
                          bos_token_id=vocabulary - 2, eos_token_id=vocabulary - 1, pad_token_id=vocabulary - 1,
                          **options)


def clip_eager():
    torch.manual_seed(3)
    config = clip_config(714, attn_implementation="eager")
    export(TextEncoder(CLIPTextModel(config)), (torch.ones(2, 77, dtype=torch.int64),), ["input_ids"],
           ["last_hidden_state", "pooler_output"], {"input_ids": SEQUENCE}, OUT / "clip_eager" / "model.onnx", 14)


def sdxl():
    torch.manual_seed(4)
    tokens = tokenizer()
    vae = AutoencoderKL(block_out_channels=(8,), down_block_types=("DownEncoderBlock2D",), norm_num_groups=4,
                        up_block_types=("UpDecoderBlock2D",), force_upcast=False)
    model = UNet2DConditionModel(
        sample_size=8, layers_per_block=1, block_out_channels=(8, 16), norm_num_groups=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("UpBlock2D", "UpBlock2D"),
        cross_attention_dim=2 * WIDTH, attention_head_dim=(2, 4), transformer_layers_per_block=(1, 2),
        use_linear_projection=True, addition_embed_type="text_time", addition_time_embed_dim=4,
        projection_class_embeddings_input_dim=WIDTH + 6 * 4,
    )
    pipeline = StableDiffusionXLPipeline(
        vae=vae, unet=model, tokenizer=tokens, tokenizer_2=tokens, scheduler=EulerDiscreteScheduler(),
        text_encoder=CLIPTextModel(clip_config(len(tokens))),
        text_encoder_2=CLIPTextModelWithProjection(clip_config(len(tokens), hidden_act="gelu")),
    )
    source, folder = WORK / "sdxl-torch", WORK / "sdxl-onnx"
    shutil.rmtree(folder, ignore_errors=True)
    pipeline.save_pretrained(source)
    main_export(str(source), str(folder), task="text-to-image", library_name="diffusers", do_validation=False)
    for part, name in (("unet", "sdxl_unet"), ("text_encoder_2", "sdxl_text_2")):
        (OUT / name).mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / part / "model.onnx", OUT / name / "model.onnx")


class Block(torch.nn.Module):
    """Projections around one attention; `kind` says how it is written down."""

    def __init__(self, kind):
        super().__init__()
        torch.manual_seed(5)
        self.kind = kind
        self.q, self.k, self.v, self.o = (torch.nn.Linear(WIDTH, WIDTH, bias=i > 1) for i in range(4))

    def split(self, x):
        return x.view(x.shape[0], x.shape[1], HEADS, WIDTH // HEADS)

    def merge(self, x):  # [batch * heads, sequence, size]
        return self.split(x).permute(0, 2, 1, 3).reshape(x.shape[0] * HEADS, -1, WIDTH // HEADS)

    def unmerge(self, x, batch):
        return x.view(batch, HEADS, -1, WIDTH // HEADS).transpose(1, 2).reshape(batch, -1, WIDTH)

    def forward(self, hidden_states, context=None):
        x = hidden_states
        y = x if context is None else context
        batch, scale = x.shape[0], (WIDTH // HEADS) ** -0.5
        q, k, v = self.q(x), self.k(y), self.v(y)
        if self.kind == "clip_old":
            length = x.shape[1]
            q, k, v = self.merge(q * scale), self.merge(k), self.merge(v)
            scores = torch.bmm(q, k.transpose(1, 2))
            mask = torch.full((1, 1, length, length), -1e9).triu(1)
            scores = scores.view(batch, HEADS, length, length) + mask
            probabilities = scores.view(batch * HEADS, length, length).softmax(-1)
            return self.o(self.unmerge(torch.bmm(probabilities, v), batch))
        if self.kind == "einsum":
            q, k, v = self.merge(q), self.merge(k), self.merge(v)
            probabilities = (torch.einsum("b i d, b j d -> b i j", q, k) * scale).softmax(-1)
            return self.o(self.unmerge(torch.einsum("b i j, b j d -> b i d", probabilities, v), batch))
        if self.kind == "single":
            probabilities = (q @ k.transpose(1, 2) / WIDTH**0.5).softmax(-1)
            return self.o(probabilities @ v)
        q, k, v = (self.split(t).transpose(1, 2) for t in (q, k, v))
        scores = q @ k.transpose(2, 3) * scale
        if self.kind == "padding_mask":
            scores = scores + (y[:, None, None, :, 0] > 1) * -1e9
        probabilities = scores.softmax(-1)
        out = self.o((probabilities @ v).transpose(1, 2).flatten(2))
        return (out, probabilities) if self.kind == "probabilities" else out


def block(kind, cross=False, batches=("batch", "batch"), opset=14):
    names = ["hidden_states", "context"] if cross else ["hidden_states"]
    given = tuple(torch.randn(2, 6 + i, WIDTH) for i in range(len(names)))
    axes = {name: {0: batch, 1: f"{name}_sequence"} for name, batch in zip(names, batches)}
    outputs = ["out", "probabilities"] if kind == "probabilities" else ["out"]
    name = "two_batches" if len(set(batches)) > 1 else kind
    export(Block(kind).eval(), given, names, outputs, axes, OUT / name / "model.onnx", opset)


def main():
    warnings.simplefilter("ignore")
    diffusers.utils.logging.set_verbosity_error()
    transformers.utils.logging.set_verbosity_error()
    torch.set_num_threads(1)
    shutil.rmtree(OUT, ignore_errors=True)
    legacy_unet("legacy_unet")
    legacy_unet("legacy_upcast", upcast_attention=True, use_linear_projection=True)
    legacy_vae()
    clip_eager()
    sdxl()
    block("clip_old")
    block("einsum", cross=True, opset=12)
    block("single", cross=True, opset=11)
    block("probabilities")
    block("padding_mask", cross=True)
    block("plain", cross=True, batches=("batch", "other_batch"))
    for path in sorted(OUT.glob("*/model.onnx")):
        onnx.checker.check_model(path)
        onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        print(f"{path.parent.name:16} {path.stat().st_size / 1000:8.0f} kB")


if __name__ == "__main__":
    main()
