"""The networks and the words of the pixel-space model (Nichol et al. 2022, GLIDE)."""

from __future__ import annotations

import json
import random
import re
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from tokenizers.implementations import ByteLevelBPETokenizer
from torch import nn
from transformers import GPT2Tokenizer

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "train"))
import demo_weights  # noqa: E402
import networks  # noqa: E402
import pixels  # noqa: E402
import said  # noqa: E402
from captions import caption  # noqa: E402
from scene import Scene, sample_scene  # noqa: E402

SIZE, LARGE, LENGTH, WIDTH = pixels.SIZE, 128, 40, networks.WIDTH
STEPS = 1000
DETAIL, FLAT = 0.12, 0.04  # what the upsampler adds, in units of -1..1: its deviation, and that of most places
PATCH = LARGE // SIZE


def cosine_betas() -> torch.Tensor:
    """`squaredcos_cap_v2`; float64 [1000]."""
    f = torch.cos((torch.arange(STEPS + 1, dtype=torch.float64) / STEPS + 0.008) / 1.008 * torch.pi / 2) ** 2
    return (1 - f[1:] / f[:-1]).clamp(max=0.999)


def linear_betas() -> torch.Tensor:
    """DDPM's; float64 [1000]."""
    return torch.linspace(1e-4, 0.02, STEPS, dtype=torch.float64)


def cumulated(betas: torch.Tensor) -> torch.Tensor:
    """Cumulated alphas."""
    return torch.cumprod(1 - betas, 0)


class Words:
    """GLIDE's byte-level BPE over the captions: lower-cased, nothing around, padded with the last token."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "vocab.json").exists():
            self._make(folder)
        self.tokens = json.loads((folder / "vocab.json").read_text())
        self.slow = GPT2Tokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
        self.known: dict[str, list[int]] = {}

    @staticmethod
    def _make(folder: Path) -> None:
        rng = random.Random(11)
        lines = [caption(sample_scene(i), rng).lower() for i in range(8000)]
        trainer = ByteLevelBPETokenizer()
        trainer.train_from_iterator(lines, vocab_size=900, min_frequency=8, show_progress=False)
        folder.mkdir(parents=True, exist_ok=True)
        trainer.save_model(str(folder))
        tokens = json.loads((folder / "vocab.json").read_text())
        tokens["<|endoftext|>"] = len(tokens)
        (folder / "vocab.json").write_text(json.dumps(tokens, ensure_ascii=False, separators=(",", ":")))

    def __len__(self) -> int:
        return len(self.tokens)

    def _piece(self, piece: str) -> list[int]:
        if piece not in self.known:
            self.known[piece] = self.slow.convert_tokens_to_ids(self.slow._tokenize(piece))
        return self.known[piece]

    def ids(self, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens int64 [B, 40] and mask bool [B, 40]."""
        rows = [[i for piece in re.findall(r" ?[^ ]+", t.lower()) for i in self._piece(piece)][:LENGTH] for t in texts]
        tokens = torch.tensor([r + [len(self) - 1] * (LENGTH - len(r)) for r in rows])
        mask = torch.tensor([[True] * len(r) + [False] * (LENGTH - len(r)) for r in rows])
        return tokens, mask


class TextEncoder(nn.Module):
    """tokens int64 [B, 40], mask bool [B, 40] -> xf_out [B, 41, 128], xf_proj [B, 128].

    The demo's text transformer behind other words: a learnt vector stands before the text, learnt
    paddings where the mask is false, the last state is xf_proj.
    """

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.text = networks.text_encoder(demo_weights.tokenizer()).text_model
        self.text.config._attn_implementation = "eager"
        self.text.embeddings = None
        self.token_embedding = nn.Embedding(vocabulary, WIDTH)
        self.position = nn.Parameter(torch.zeros(LENGTH + 1, WIDTH))
        self.first = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.padding = nn.Parameter(torch.zeros(LENGTH, WIDTH))
        self.register_buffer("causal", torch.full((1, 1, LENGTH + 1, LENGTH + 1), -1e4).triu(1), persistent=False)

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = torch.where(mask[..., None], self.token_embedding(tokens), self.padding)
        x = torch.cat([self.first + torch.zeros_like(x[:, :1]), x], 1) + self.position  # any batch, in a graph too
        for layer in self.text.encoder.layers:
            x = layer(x, attention_mask=None, causal_attention_mask=self.causal)[0]
        x = self.text.final_layer_norm(x)
        return x, x[:, -1]


@torch.no_grad()
def start_text(model: TextEncoder, words: Words) -> None:
    """The demo's weights; a token's vector is that of the same word (or the mean of its pieces) there."""
    demo, tokenizer = demo_weights.text_encoder(), demo_weights.tokenizer()
    old = demo.text_model.embeddings
    given = {k: v for k, v in demo.text_model.state_dict().items() if not k.startswith("embeddings.")}
    model.text.load_state_dict(given)
    bos, eos = tokenizer.bos_token_id, tokenizer.eos_token_id
    for token, i in words.tokens.items():
        text = words.slow.convert_tokens_to_string([token]).strip()
        pieces = [k for k in tokenizer(text).input_ids if k not in (bos, eos)] or [eos]
        model.token_embedding.weight[i] = old.token_embedding.weight[pieces].mean(0)
    model.position.copy_(old.position_embedding.weight[:LENGTH + 1])
    model.first.copy_(old.token_embedding.weight[bos].view(1, 1, -1))
    model.padding.copy_(old.token_embedding.weight[eos].expand(LENGTH, -1))


@torch.no_grad()
def sentence_states(text: TextEncoder, words: Words, scenes: list[Scene]) -> tuple[torch.Tensor, torch.Tensor]:
    """What `text` says of the sentences that name everything (said.py): states [M, 24, 128] of the different ones, and
    which of them is each scene's, int64 [N]."""
    sentences = [said.sentence(s) for s in scenes]
    known = {s: n for n, s in enumerate(dict.fromkeys(sentences))}
    tokens, mask = words.ids(list(known))
    states = [text(a, b)[0][:, :said.SENTENCE] for a, b in zip(tokens.split(256), mask.split(256))]
    return torch.cat(states), torch.tensor([known[s] for s in sentences])


class Base(pixels.PixelDenoiser):
    """sample [B, 3, 32, 32], timestep int64 [B], xf_out -> [B, 6, 32, 32]: epsilon, and the variance's share in -1..1."""

    def __init__(self) -> None:
        super().__init__(cumulated(cosine_betas()), planes=6)

    def forward(self, sample: torch.Tensor, timestep: torch.Tensor, xf_out: torch.Tensor) -> torch.Tensor:
        clean, share = self.planes(sample, timestep, xf_out)
        return torch.cat([self.epsilon(clean, sample, timestep), share.clamp(-1, 1)], 1)


class Upsampler(nn.Module):
    """sample [B, 3, 128, 128], timestep int64 [B], low_res [B, 3, 32, 32], xf_out -> epsilon [B, 3, 128, 128].

    A UNet over cells of 4x4 pixels beside the small picture's pixels.  Inside, it names what is missing in the
    enlarged small picture, scaled as in Karras et al. 2022: detail = c_skip y + c_out F(c_in y)
    with y = sqrt(alpha) detail + sqrt(1 - alpha) noise, which is known since the small picture is.
    c_skip is the Wiener gain of flat places, so that little noise is left where nothing is drawn.
    """

    def __init__(self) -> None:
        super().__init__()
        self.unet = UNet2DConditionModel(
            sample_size=SIZE, in_channels=3 * PATCH ** 2 + 3, out_channels=3 * PATCH ** 2, cross_attention_dim=WIDTH,
            down_block_types=("DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D"), block_out_channels=(32, 48, 64),
            layers_per_block=1, attention_head_dim=4, norm_num_groups=16, resnet_time_scale_shift="scale_shift")
        alphas = cumulated(linear_betas())
        skip = alphas.sqrt() * FLAT ** 2 / (alphas * FLAT ** 2 + 1 - alphas)
        for name, value in {
                "signal": alphas.sqrt(), "noise": (1 - alphas).sqrt(), "c_in": (alphas * DETAIL ** 2 + 1 - alphas).rsqrt(),
                "c_skip": skip, "c_out": ((1 - skip * alphas.sqrt()) ** 2 * DETAIL ** 2 + skip ** 2 * (1 - alphas)).sqrt(),
        }.items():
            self.register_buffer(name, value.float(), persistent=False)

    def enlarged(self, low_res: torch.Tensor) -> torch.Tensor:
        """The small picture at the large size, bilinear as GLIDE's."""
        return F.interpolate(low_res, scale_factor=float(PATCH), mode="bilinear", align_corners=False)

    def network(self, y: torch.Tensor, timestep: torch.Tensor, low_res: torch.Tensor, xf_out: torch.Tensor) -> torch.Tensor:
        """F(c_in y); y [B, 3, 128, 128]."""
        cells = F.pixel_unshuffle(self.c_in[timestep].view(-1, 1, 1, 1) * y, PATCH)
        out = self.unet(torch.cat([cells, low_res], 1), timestep, xf_out, return_dict=False)[0]
        return F.pixel_shuffle(out, PATCH)

    def forward(self, sample: torch.Tensor, timestep: torch.Tensor, low_res: torch.Tensor, xf_out: torch.Tensor) -> torch.Tensor:
        def at(values: torch.Tensor) -> torch.Tensor:
            return values[timestep].view(-1, 1, 1, 1)
        y = sample - at(self.signal) * self.enlarged(low_res)
        detail = at(self.c_skip) * y + at(self.c_out) * self.network(y, timestep, low_res, xf_out)
        return (y - at(self.signal) * detail) / at(self.noise)
