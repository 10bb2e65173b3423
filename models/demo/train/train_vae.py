"""Trains the KL autoencoder (f8, 4 latent channels); resumable, ends on time.

    python train_vae.py --minutes 20

Loss: L1 + L1 of the picture's gradients + a small KL; from 40 % of the time on also a
patch discriminator (hinge).  Half the time on 64-pixel crops, which makes more steps, the
rest on whole pictures, so that the group normalisation has seen whole-picture statistics.
The learning rate follows the fraction of the wall time used.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from torch import nn

import common
import dataset
import fastnorm

CROPS_UNTIL, ADVERSARY_FROM = 0.5, 0.4
KL_WEIGHT, GRADIENT_WEIGHT, ADVERSARY_WEIGHT = 2e-4, 0.5, 0.008
EMA = 0.998


def build(channels: tuple[int, ...]) -> AutoencoderKL:
    """The autoencoder: purely convolutional (no attention in the middle), one layer a block."""
    return AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=4, sample_size=128,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=channels, layers_per_block=1, norm_num_groups=8,
        mid_block_add_attention=False, scaling_factor=1.0,
    )


def discriminator(width: int = 24) -> nn.Sequential:
    """A patch discriminator with a receptive field of 34 pixels."""
    def layer(i: int, o: int, stride: int) -> list[nn.Module]:
        return [nn.Conv2d(i, o, 4, stride, 1), nn.GroupNorm(8, o), nn.LeakyReLU(0.2)]
    return nn.Sequential(
        nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2),
        *layer(width, 2 * width, 2), *layer(2 * width, 4 * width, 1), nn.Conv2d(4 * width, 1, 4, 1, 1))


def to_tensor(pictures: np.ndarray) -> torch.Tensor:
    """uint8 [B, H, W, 3] -> float32 [B, 3, H, W] in -1..1, channels last in memory."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)


def batch(pictures: np.ndarray, rng: np.random.Generator, crop: bool) -> torch.Tensor:
    """16 crops of 64 pixels, or 6 whole pictures."""
    if not crop:
        return to_tensor(pictures[np.sort(rng.integers(0, len(pictures), 6))])
    out = []
    for i in rng.integers(0, len(pictures), 16):
        y, x = rng.integers(0, 65, 2)
        out.append(pictures[i, y:y + 64, x:x + 64])
    return to_tensor(np.stack(out))


def gradients(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Differences to the right and the lower neighbour."""
    return x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :]


@torch.no_grad()
def psnr(vae: AutoencoderKL, pictures: np.ndarray) -> float:
    """Mean peak signal-to-noise ratio (dB) of decode(mode(encode(x))) on 8-bit pictures."""
    values = []
    for i in range(0, len(pictures), 8):
        part = pictures[i:i + 8]
        y = vae.decode(vae.encode(to_tensor(part)).latent_dist.mode()).sample
        y = ((y + 1) * 127.5).round().clamp(0, 255).permute(0, 2, 3, 1).numpy()
        error = ((y - part.astype(np.float32)) ** 2).mean((1, 2, 3))
        values.extend(10 * np.log10(255.0 ** 2 / np.maximum(error, 1e-3)))
    return float(np.mean(values))


def main() -> None:
    """Trains until the minutes are used up; writes WORK/vae.pt and WORK/vae/ (diffusers)."""
    p = common.parser(__doc__)
    p.add_argument("--minutes", type=float, default=20.0)
    p.add_argument("--channels", type=int, nargs=4, default=(16, 32, 64, 96))
    p.add_argument("--peak-lr", type=float, default=1.2e-3)
    args = p.parse_args()
    common.setup(1)
    pictures = np.load(args.work_dir / "pictures.npy", mmap_mode="r")
    held_out = dataset.pictures(0, 64)
    vae = fastnorm.install(build(tuple(args.channels))).to(memory_format=torch.channels_last)
    ema = copy.deepcopy(vae).eval()
    critic = fastnorm.install(discriminator()).to(memory_format=torch.channels_last)
    opt = torch.optim.AdamW(vae.parameters(), lr=1e-3, betas=(0.9, 0.99), weight_decay=1e-4)
    critic_opt = torch.optim.AdamW(critic.parameters(), lr=4e-4, betas=(0.5, 0.99), weight_decay=1e-4)
    parts = {"vae": vae, "ema": ema, "critic": critic, "opt": opt, "critic_opt": critic_opt}
    checkpoint = args.work_dir / "vae.pt"
    step, used = 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=False)
        for name, part in parts.items():
            part.load_state_dict(state[name])
        step, used = state["step"], state["used"]
    clock, log = common.Clock(args.minutes, used), common.Log(args.work_dir / "vae.jsonl")
    rng = np.random.default_rng(step + 7)
    last_save = clock.used()

    while clock.fraction() < 1.0:
        f = clock.fraction()
        for group in opt.param_groups:
            group["lr"] = common.cosine(f, step, 100, args.peak_lr)
        x = batch(pictures, rng, f < CROPS_UNTIL)
        adversary = f > ADVERSARY_FROM
        with common.autocast():
            posterior = vae.encode(x).latent_dist
            y = vae.decode(posterior.sample().to(memory_format=torch.channels_last)).sample.float()
        pixel = (y - x).abs().mean()
        edge = sum((a - b).abs().mean() for a, b in zip(gradients(y), gradients(x)))
        kl = posterior.kl().mean() / posterior.mean[0].numel()
        loss = pixel + GRADIENT_WEIGHT * edge + KL_WEIGHT * kl
        if adversary:
            critic.requires_grad_(False)
            with common.autocast():
                loss = loss - ADVERSARY_WEIGHT * critic(y).float().mean()
            critic.requires_grad_(True)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        opt.step()
        if adversary or f > ADVERSARY_FROM - 0.03:  # the critic learns a little ahead
            with common.autocast():
                real, fake = critic(x.requires_grad_()).float(), critic(y.detach().requires_grad_()).float()
            hinge = F.relu(1 - real).mean() + F.relu(1 + fake).mean()
            critic_opt.zero_grad(set_to_none=True)
            hinge.backward()
            critic_opt.step()
        with torch.no_grad():
            decay = min(EMA, (step + 1) / (step + 10))
            for a, b in zip(ema.parameters(), vae.parameters()):
                a.lerp_(b, 1 - decay)
        if step % 100 == 0:
            log(step=step, minutes=clock.used() / 60, l1=pixel.item(), edge=edge.item(), kl=kl.item(),
                hinge=hinge.item() if adversary else 0.0)
        step += 1
        if clock.used() - last_save > 180 or clock.fraction() >= 1.0:
            last_save = clock.used()
            log(step=step, minutes=clock.used() / 60, psnr=psnr(ema, held_out))
            common.save_atomic({k: v.state_dict() for k, v in parts.items()}
                               | {"step": step, "used": clock.used()}, checkpoint)
    ema.save_pretrained(args.work_dir / "vae")


if __name__ == "__main__":
    main()
