"""Trains the text encoder and the base model together; resumable, ends on time.

    python train_base.py --minutes 40      # after encode_demo.py

The clean picture's error, weighted as v's is for the demo; beside it the variance's share learns from the variational
bound, the mean held still (Nichol and Dhariwal 2021, L_hybrid).  Fifteen captions in a hundred
are empty.
"""

from __future__ import annotations

import random
from pathlib import Path

import torch
from diffusers.models.attention_processor import AttnProcessor
from torch import nn

import glide
import loop
import common
import fastnorm
import pixels
from captions import caption
from dataset import FIRST_SEED
from scene import sample_scene
from train_vae import to_tensor

BATCH, EMPTY, BOUND, CAPTIONS_EACH = 16, 0.15, 0.002, 4


def caption_ids(work: Path, words: glide.Words, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens int16 and masks of four captions a picture, [count, 4, 40]; kept in WORK/glide_captions.pt."""
    path = work / "glide_captions.pt"
    if not path.exists():
        rng = random.Random(17)
        texts = [caption(sample_scene(FIRST_SEED + i), rng) for i in range(count) for _ in range(CAPTIONS_EACH)]
        tokens, mask = words.ids(texts)
        print("longest caption", int(mask.sum(1).max()), flush=True)
        common.save_atomic([x.view(count, CAPTIONS_EACH, -1) for x in (tokens.short(), mask)], path)
    return torch.load(path)


class Model(nn.Module):
    """Text encoder and base."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.text, self.base = glide.TextEncoder(vocabulary), glide.Base()


def load(work: Path, words: glide.Words) -> Model:
    """The trained text encoder and base."""
    model = Model(len(words))
    model.load_state_dict(torch.load(work / "glide_base.pt"))
    return model


class Base(loop.Task):
    """Networks, pictures, captions."""

    def __init__(self, work: Path) -> None:
        words = glide.Words(work / "glide_tokenizer")
        self.pictures = pixels.small_pictures(work)
        self.tokens, self.mask = caption_ids(work, words, len(self.pictures))
        self.model = Model(len(words))
        glide.start_text(self.model.text, words)
        known = torch.load(work / "demo_latents" / "000000.pt")[:400]
        pixels.start(self.model.base, to_tensor(self.pictures[:len(known)]), known)
        self.model.base.unet.set_attn_processor(AttnProcessor())  # the fused one is slow backwards on a CPU
        fastnorm.install(self.model).to(memory_format=torch.channels_last)
        betas = glide.cosine_betas()
        alphas = glide.cumulated(betas)
        before = torch.cat([torch.ones(1, dtype=torch.float64), alphas[:-1]])
        true = betas * (1 - before) / (1 - alphas)  # the posterior's variance
        self.alphas = alphas.float()
        self.log_true = torch.log(torch.cat([true[1:2], true[1:]])).float()
        self.log_beta = torch.log(betas).float()
        # How far the posterior's mean moves with x0.
        self.reach = (betas * before.sqrt() / (1 - alphas)).float()

    def loss(self, model) -> torch.Tensor:
        i, t = torch.randint(len(self.pictures), (BATCH,)), loop.levels(BATCH)
        k = torch.randint(CAPTIONS_EACH, (BATCH,))
        tokens, mask = self.tokens[i, k].long(), self.mask[i, k] & (torch.rand(BATCH, 1) >= EMPTY)
        x = to_tensor(self.pictures[i.numpy()])
        noisy = loop.mix(x, torch.randn_like(x), self.alphas[t])[0]
        with common.autocast():
            clean, share = (y.float() for y in model.base.planes(noisy, t, model.text(tokens, mask)[0]))
        return self.error(clean - x, share, t)

    def error(self, wrong: torch.Tensor, share: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """The loss of a batch whose clean pictures are off by `wrong`, [B, 3, 32, 32]."""
        simple = (wrong.square().mean((1, 2, 3)) * pixels.clean_weight(self.alphas[t])).mean()
        return simple + BOUND * self.bound(wrong.detach(), share, t).mean()

    def bound(self, wrong: torch.Tensor, share: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """KL of the true step from the predicted one, in nats a pixel, [B, 3, 32, 32]."""
        def at(values: torch.Tensor) -> torch.Tensor:
            return values[t].view(-1, 1, 1, 1)
        f = (share + 1) / 2
        told = f * at(self.log_beta) + (1 - f) * at(self.log_true)
        mean = at(self.reach) * wrong
        kl = 0.5 * (told - at(self.log_true) - 1 + torch.exp(at(self.log_true) - told) + mean.square() * torch.exp(-told))
        return kl.clamp(max=20)

    def save(self, model, work: Path) -> None:
        torch.save(model.state_dict(), work / "glide_base.pt")


if __name__ == "__main__":
    loop.run(loop.parser(__doc__, 40.0, 6e-4).parse_args(), "glide_train_base", Base)
