"""The networks of the model of two halves (Ramesh et al. 2022, unCLIP): CLIP, the prior, the decoder."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "glide" / "train"))
import glide  # noqa: E402
import pixels  # noqa: E402
import said  # noqa: E402
import vectors  # noqa: E402

VIEW, EMBED = 64, 64


class TextEncoder(nn.Module):
    """tokens, mask -> last_hidden_state [B, 41, 128], text_embeds [B, 64] of length 8.

    GLIDE's text encoder held still, four learnt queries over its states, and CLIP's projection.
    """

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.words = glide.TextEncoder(vocabulary)
        self.queries = nn.Linear(glide.WIDTH, 4, bias=False)
        self.head = nn.Sequential(nn.Linear(4 * glide.WIDTH, 192), nn.GELU(), nn.Linear(192, EMBED))

    def project(self, states: torch.Tensor) -> torch.Tensor:
        """text_embeds of last_hidden_state."""
        seen = self.queries(states).softmax(1).transpose(1, 2) @ states
        return unit(self.head(seen.flatten(1)))

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        states = self.words(tokens, mask)[0]
        return states, self.project(states)


def unit(x: torch.Tensor) -> torch.Tensor:
    """Rows of length sqrt(64), so that a number is about one large."""
    return F.normalize(x) * EMBED ** 0.5


class ImageEncoder(nn.Module):
    """sample [B, 3, 64, 64] in -1..1 -> image_embeds [B, 64] of length 8."""

    def __init__(self) -> None:
        super().__init__()
        def layer(i: int, o: int, stride: int) -> list[nn.Module]:
            return [nn.Conv2d(i, o, 3, stride, 1), nn.GroupNorm(8, o), nn.SiLU()]
        self.body = nn.Sequential(
            *layer(3, 24, 2), *layer(24, 48, 1), *layer(48, 64, 2), *layer(64, 64, 1), *layer(64, 96, 2),
            nn.Conv2d(96, 32, 1), nn.SiLU(), nn.Flatten(), nn.Linear(32 * 64, 128), nn.SiLU(), nn.Linear(128, EMBED))

    def forward(self, sample: torch.Tensor) -> torch.Tensor:
        return unit(self.body(sample))


class Clip(nn.Module):
    """Both halves, and the temperature."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.text, self.image = TextEncoder(vocabulary), ImageEncoder()
        self.scale = nn.Parameter(torch.tensor(2.0))


class Prior(nn.Module):
    """sample [B, 64], timestep int64 [B], text_embeds [B, 64], last_hidden_state [B, 41, 128] -> the clean embedding [B, 64]."""

    def __init__(self) -> None:
        super().__init__()
        self.queries = nn.Linear(glide.WIDTH, 4, bias=False)
        self.denoiser = vectors.VectorDenoiser(EMBED, EMBED + 4 * glide.WIDTH)

    def forward(self, sample: torch.Tensor, timestep: torch.Tensor, text_embeds: torch.Tensor,
                last_hidden_state: torch.Tensor) -> torch.Tensor:
        seen = self.queries(last_hidden_state).softmax(1).transpose(1, 2) @ last_hidden_state
        return self.denoiser(sample, timestep, torch.cat([text_embeds, seen.flatten(1)], 1))


class Decoder(glide.Base):
    """sample [B, 3, 32, 32], timestep int64 [B], last_hidden_state [B, 41, 128], image_embeds [B, 64] -> as glide.Base.

    The embedding is read as words (said.Words) that stand behind the text's, and is added to the time embedding.
    """

    def __init__(self) -> None:
        pixels.PixelDenoiser.__init__(self, glide.cumulated(glide.cosine_betas()), planes=6, vector=True)
        self.words = said.Words(EMBED)
        self.shift = nn.Linear(EMBED, self.time_width)
        nn.init.zeros_(self.shift.weight)
        nn.init.zeros_(self.shift.bias)

    def both(self, sample: torch.Tensor, timestep: torch.Tensor, last_hidden_state: torch.Tensor,
             image_embeds: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The clean picture and the variance's share."""
        words = torch.cat([last_hidden_state, self.words(image_embeds)], 1)
        return self.planes(sample, timestep, words, self.shift(image_embeds))

    def forward(self, sample: torch.Tensor, timestep: torch.Tensor, last_hidden_state: torch.Tensor,
                image_embeds: torch.Tensor) -> torch.Tensor:
        clean, share = self.both(sample, timestep, last_hidden_state, image_embeds)
        return torch.cat([self.epsilon(clean, sample, timestep), share.clamp(-1, 1)], 1)
