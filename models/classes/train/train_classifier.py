"""Trains the classifier of noisy latents, whose gradient guides; resumable, ends on time.

    python train_classifier.py --minutes 1.5

Cross-entropy at every noise level; what the noise hides costs its entropy and teaches nothing.
"""

from __future__ import annotations

from pathlib import Path

import torch

import classes
import common
import loop
import networks

BATCH = 24


class Noisy(loop.Task):
    """The classifier and the encoded pictures."""

    def __init__(self, work: Path) -> None:
        data = torch.load(work / "demo_latents.pt")
        self.latents, self.labels = data["latents"], classes.label(data["classes"])
        self.model = classes.Classifier().to(memory_format=torch.channels_last)
        self.alphas = networks.noise_schedule().alphas_cumprod

    def loss(self, model) -> torch.Tensor:
        i, t = torch.randint(len(self.latents), (BATCH,)), loop.levels(BATCH)
        noisy, _ = loop.mix(self.latents[i], torch.randn(BATCH, 4, 16, 16), self.alphas[t])
        with common.autocast():
            logits = model(noisy.to(memory_format=torch.channels_last), t)
        return torch.nn.functional.cross_entropy(logits.float(), self.labels[i])

    def save(self, model, work: Path) -> None:
        torch.save(model.state_dict(), work / "classifier_weights.pt")


if __name__ == "__main__":
    loop.run(loop.parser(__doc__, 1.5, 2e-3).parse_args(), "classifier", Noisy)
