"""Trains encoder and denoiser together; resumable, ends on time.

    python train_diffae.py --minutes 12      # after ../../glide/train/train_base.py

The denoiser starts from GLIDE's base model of the same world.  First encoder and words alone: z has to
name the scene's attributes and to say GLIDE's words of a sentence that names them (said.py).  Then all
together: the clean picture's loss as for the base model, plus a tenth of the cross-entropy of linear
heads on z, which makes z linear in the attributes.  A little noise on z keeps the denoiser
smooth in it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from diffusers.models.attention_processor import AttnProcessor

import diffae
import loop
import common
import fastnorm
import pixels
from dataset import FIRST_SEED
from scene import sample_scene
from train_vae import to_tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "glide" / "train"))
import glide  # noqa: E402
import train_base  # noqa: E402

BATCH, NAMING, JITTER, SMALL, READING = 16, 0.1, 0.1, 1e-3, 900


class DiffAE(loop.Task):
    """Networks and pictures."""

    def __init__(self, work: Path) -> None:
        self.pictures = pixels.small_pictures(work)
        self.scenes = [sample_scene(FIRST_SEED + i) for i in range(len(self.pictures))]
        self.classes = torch.tensor([s.classes() for s in self.scenes])
        self.model = diffae.Autoencoder()
        words = glide.Words(work / "glide_tokenizer")
        base = train_base.load(work, words)
        given = base.base.state_dict()
        planes = self.model.denoiser.unet.conv_out.out_channels  # the variance's are left behind
        given.update({k: given[k][:planes] for k in ("unet.conv_out.weight", "unet.conv_out.bias")})
        done = self.model.denoiser.load_state_dict(given, strict=False)
        assert not done.unexpected_keys and all(k.startswith(("words.", "shift.")) for k in done.missing_keys), done
        if not (work / "diffae.pt").exists():
            self.learn_words(base.text, words)
        self.model.denoiser.unet.set_attn_processor(AttnProcessor())  # the fused one is slow backwards on a CPU
        fastnorm.install(self.model).to(memory_format=torch.channels_last)
        self.alphas = diffae.alphas_cumprod().float()

    def learn_words(self, text: glide.TextEncoder, words: glide.Words) -> None:
        """Encoder, heads and words, without the denoiser."""
        states, which = glide.sentence_states(text, words, self.scenes)
        layers = [*self.model.encoder.parameters(), *self.model.heads.parameters(), *self.model.denoiser.words.parameters()]
        opt = torch.optim.AdamW(layers, lr=2e-3, weight_decay=1e-3)
        for step in range(READING):
            for group in opt.param_groups:
                group["lr"] = common.cosine(step / READING, step, 50, 2e-3, 0.1)
            i = torch.randint(len(self.pictures), (48,))
            z = self.model.encoder(to_tensor(self.pictures[i.numpy()]))
            told = self.model.denoiser.words(z + JITTER * torch.randn_like(z))
            wrong, naming = (told - states[which[i]]).square().mean(), self.model.naming(z, self.classes[i])
            opt.zero_grad(set_to_none=True)
            (wrong + 0.3 * naming + SMALL * z.square().mean()).backward()
            opt.step()
            if step % 100 == 0:
                print("words", step, round(wrong.item(), 4), "naming", round(naming.item(), 4), flush=True)

    def loss(self, model) -> torch.Tensor:
        i, t = torch.randint(len(self.pictures), (BATCH,)), loop.levels(BATCH)
        x = to_tensor(self.pictures[i.numpy()])
        alphas = self.alphas[t]
        noisy = loop.mix(x, torch.randn_like(x), alphas)[0]
        with common.autocast():
            z = model.encoder(x).float()
            clean = model.denoiser.clean(noisy, t, z + JITTER * torch.randn_like(z)).float()
        error = ((clean - x).square().mean((1, 2, 3)) * pixels.clean_weight(alphas)).mean()
        return error + NAMING * model.naming(z, self.classes[i]) + SMALL * z.square().mean()

    def save(self, model, work: Path) -> None:
        torch.save(model.state_dict(), work / "diffae_weights.pt")


if __name__ == "__main__":
    loop.run(loop.parser(__doc__, 12.0, 4e-4).parse_args(), "diffae", DiffAE)
