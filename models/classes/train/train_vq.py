"""Makes the vector-quantised autoencoder (f8, 4 channels, 1024 codes) out of the demo's.

    python train_vq.py --minutes 6      # after encode_demo.py; resumable, ends on time

The encoder is the demo's KL encoder (its mean, scaled to unit size); k-means of the training
latents is the codebook; the decoder is the demo's, trained on for a few minutes on quantised
latents with L1 + L1 of the picture's gradients.  Writes WORK/vq (a diffusers VQModel).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from diffusers import VQModel

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "train"))
import loop  # noqa: E402
import demo_weights  # noqa: E402
import common  # noqa: E402
import dataset  # noqa: E402
import fastnorm  # noqa: E402
from train_vae import gradients, to_tensor  # noqa: E402

CODES, WIDTH, ROWS, BATCH = 1024, 4, 60_000, 2
GRADIENT_WEIGHT = 0.5


def build(codes: torch.Tensor) -> VQModel:
    """The demo's autoencoder as a diffusers VQModel: latents of unit size, the given codebook.

    The mean's half of `quant_conv` and the scaling factor go into the convolutions beside the bottleneck.
    """
    kl, scale = demo_weights.vae(), demo_weights.SCALING
    model = VQModel(
        in_channels=3, out_channels=3, latent_channels=WIDTH, sample_size=128,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=demo_weights.VAE_CHANNELS, layers_per_block=1, norm_num_groups=8,
        num_vq_embeddings=CODES, vq_embed_dim=WIDTH, mid_block_add_attention=False, scaling_factor=1.0)
    state = {k: v for k, v in kl.state_dict().items() if k.startswith(("encoder.", "decoder."))}
    mean = kl.quant_conv.weight[:WIDTH, :, 0, 0] * scale
    state["encoder.conv_out.weight"] = torch.einsum("oc,cihw->oihw", mean, kl.encoder.conv_out.weight)
    state["encoder.conv_out.bias"] = mean @ kl.encoder.conv_out.bias + kl.quant_conv.bias[:WIDTH] * scale
    state |= {"quant_conv.weight": torch.eye(WIDTH).view(WIDTH, WIDTH, 1, 1), "quant_conv.bias": torch.zeros(WIDTH),
              "post_quant_conv.weight": kl.post_quant_conv.weight / scale,
              "post_quant_conv.bias": kl.post_quant_conv.bias, "quantize.embedding.weight": codes}
    model.load_state_dict({k: v.detach().clone() for k, v in state.items()})
    return model.requires_grad_(False)


def nearest(rows: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    """Index of the nearest code of each row: argmin of e^2 - 2 z e."""
    return torch.cat([((codes * codes).sum(1) - 2 * part @ codes.T).argmin(1) for part in rows.split(8192)])


def to_rows(z: torch.Tensor) -> torch.Tensor:
    """[B, C, h, w] -> [B h w, C]."""
    return z.permute(0, 2, 3, 1).reshape(-1, WIDTH)


def quantised(z: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    """Each latent vector replaced by its nearest code."""
    b, c, h, w = z.shape
    return codes[nearest(to_rows(z), codes)].view(b, h, w, c).permute(0, 3, 1, 2)


def k_means(rows: torch.Tensor, rounds: int = 15) -> torch.Tensor:
    """Lloyd's algorithm from random rows; an empty cluster goes to a random row."""
    codes = rows[torch.randperm(len(rows))[:CODES]].clone()
    for _ in range(rounds):
        which = nearest(rows, codes)
        count = torch.bincount(which, minlength=CODES).float()
        mean = torch.zeros_like(codes).index_add_(0, which, rows) / count.clamp_min(1).unsqueeze(1)
        codes = torch.where(count.unsqueeze(1) > 0, mean, rows[torch.randint(len(rows), (CODES,))])
    return codes


@torch.no_grad()
def psnr(model: VQModel, pictures: np.ndarray) -> float:
    """Mean peak signal-to-noise ratio (dB) through the quantised bottleneck, 8-bit pictures."""
    values = []
    for i in range(0, len(pictures), 8):
        z = model.encode(to_tensor(pictures[i:i + 8])).latents
        y = model.decoder(model.post_quant_conv(quantised(z, model.quantize.embedding.weight)))
        y = ((y + 1) * 127.5).round().clamp(0, 255).permute(0, 2, 3, 1).numpy()
        error = ((y - pictures[i:i + 8].astype(np.float32)) ** 2).mean((1, 2, 3))
        values.extend(10 * np.log10(255.0 ** 2 / np.maximum(error, 1e-3)))
    return float(np.mean(values))


def codebook(work: Path) -> torch.Tensor:
    """WORK/codebook.pt, made by k-means if it is not there yet; float32 [1024, 4]."""
    path = work / "codebook.pt"
    if not path.exists():
        torch.manual_seed(9)
        rows = to_rows(torch.load(work / "demo_latents.pt")["latents"])
        codes = k_means(rows[torch.randperm(len(rows))[:ROWS]])
        loop.common.save_atomic(codes, path)
    return torch.load(path)


class Decoder(loop.Task):
    """The decoder, the pictures and their latents."""

    def __init__(self, work: Path) -> None:
        self.latents = torch.load(work / "demo_latents.pt")["latents"]
        self.pictures = np.load(work / "pictures.npy", mmap_mode="r")
        self.codes = codebook(work)
        self.model = fastnorm.install(build(self.codes)).to(memory_format=torch.channels_last)
        self.model.decoder.requires_grad_(True)
        self.model.post_quant_conv.requires_grad_(True)

    def loss(self, model) -> torch.Tensor:
        i = torch.randint(len(self.latents), (BATCH,))
        x = to_tensor(np.stack([self.pictures[k] for k in i]))
        z = quantised(self.latents[i], self.codes).contiguous(memory_format=torch.channels_last)
        with common.autocast():
            y = model.decoder(model.post_quant_conv(z)).float()
        edge = sum((a - b).abs().mean() for a, b in zip(gradients(y), gradients(x)))
        return (y - x).abs().mean() + GRADIENT_WEIGHT * edge

    def save(self, model, work: Path) -> None:
        model.save_pretrained(work / "vq")
        loop.common.Log(work / "vq.jsonl")(psnr=psnr(model, dataset.pictures(0, 32)))


def main() -> None:
    """Codebook first, by one process; then the decoder."""
    args = loop.parser(__doc__, 6.0, 3e-4).parse_args()
    codebook(args.work_dir)
    loop.run(args, "vq", Decoder)


if __name__ == "__main__":
    main()
