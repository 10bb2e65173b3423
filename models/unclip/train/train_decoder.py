"""Trains the decoder: GLIDE's base model learns to read image embeddings; resumable, ends on time.

    python train_decoder.py --minutes 10      # after train_prior.py

First the embedding is read as the words of a sentence that names everything (said.py), without the denoiser; then
all is trained as the base was.  Half of the captions are empty, and one embedding in ten is zero.
"""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers.models.attention_processor import AttnProcessor

import unclip
import glide
import loop
import common
import fastnorm
import said
import train_base
import train_prior
from dataset import FIRST_SEED
from scene import sample_scene
from train_vae import to_tensor

BATCH, EMPTY, NOTHING, READING = 16, 0.5, 0.1, 1200


def learn_words(layers: said.Words, codes: torch.Tensor, text: glide.TextEncoder, words: glide.Words, steps: int) -> None:
    """`layers` learns what `text` says of each picture's sentence."""
    states, which = glide.sentence_states(text, words, [sample_scene(FIRST_SEED + i) for i in range(len(codes))])
    opt = torch.optim.AdamW(layers.parameters(), lr=2e-3, weight_decay=1e-4)
    for step in range(steps):
        for group in opt.param_groups:
            group["lr"] = common.cosine(step / steps, step, 50, 2e-3, 0.05)
        i = torch.randint(len(codes), (96,))
        loss = (layers(codes[i]) - states[which[i]]).square().mean()
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        if step % 200 == 0:
            print("words", step, round(loss.item(), 4), "of", round(states.var(0).mean().item(), 4), flush=True)


class Decoder(loop.Task):
    """The network, pictures, their embeddings and captions."""

    def __init__(self, work: Path) -> None:
        self.base = train_base.Base(work)  # pictures, captions, schedule, the bound
        self.base.model.load_state_dict(torch.load(work / "glide_base.pt"))
        self.clip, words = train_prior.load_clip(work)
        self.embeds = train_prior.embeddings(work, self.clip.image)
        self.model = unclip.Decoder()
        given = self.model.load_state_dict(self.base.model.base.state_dict(), strict=False)
        assert not given.unexpected_keys and all(k.startswith(("words.", "shift.")) for k in given.missing_keys), given
        if not (work / "unclip_train_decoder.pt").exists():
            learn_words(self.model.words, self.embeds, self.clip.text.words, words, READING)
        self.model.unet.set_attn_processor(AttnProcessor())
        fastnorm.install(self.model).to(memory_format=torch.channels_last)

    def loss(self, model) -> torch.Tensor:
        base = self.base
        i, t = torch.randint(len(base.pictures), (BATCH,)), loop.levels(BATCH)
        k = torch.randint(train_base.CAPTIONS_EACH, (BATCH,))
        mask = base.mask[i, k] & (torch.rand(BATCH, 1) >= EMPTY)
        with torch.no_grad():
            states = self.clip.text.words(base.tokens[i, k].long(), mask)[0]
        embeds = self.embeds[i] * (torch.rand(BATCH, 1) >= NOTHING)
        x = to_tensor(base.pictures[i.numpy()])
        noisy = loop.mix(x, torch.randn_like(x), base.alphas[t])[0]
        with common.autocast():
            clean, share = (y.float() for y in model.both(noisy, t, states, embeds))
        return base.error(clean - x, share, t)

    def save(self, model, work: Path) -> None:
        torch.save(model.state_dict(), work / "unclip_decoder.pt")


if __name__ == "__main__":
    loop.run(loop.parser(__doc__, 10.0, 4e-4).parse_args(), "unclip_train_decoder", Decoder)
