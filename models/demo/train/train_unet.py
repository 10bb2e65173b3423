"""Trains UNet and text encoder together on the encoded pictures; resumable, ends on time.

    python train_unet.py --minutes 60

First the text encoder alone learns to name a scene's attributes (--text-steps), so that the
UNet is given useful words from its first step; that loss stays on with a small weight.
Then v-prediction on the latents, a tenth of the captions empty (classifier-free guidance),
loss weight min(1, 5 / (SNR + 1)), AdamW, EMA; the learning rate follows the wall time used.

Two processes of one thread each average their gradients once a step: on a machine that
others use as well, that loses far less than two threads that meet at every operation.
"""

from __future__ import annotations

import copy
import os

os.environ["OMP_NUM_THREADS"] = "1"

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from diffusers.models.attention_processor import AttnProcessor

import common
import fastnorm
import networks
import sample
import vocabulary
from networks import AttributeHead

EMPTY, EMA, SNR_CAP, HEAD_WEIGHT = 0.1, 0.998, 5.0, 0.05


def draw(data: dict, n: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A random batch: latents, one of each picture's captions, classes."""
    i = torch.randint(len(data["latents"]), (n,))
    k = torch.randint(data["ids"].shape[1], (n,))
    return data["latents"][i], data["ids"][i, k].long(), data["classes"][i]


def average_gradients(weights: list[torch.Tensor]) -> None:
    """Mean of the gradients over all processes, in one message."""
    grads = [w.grad if w.grad is not None else torch.zeros_like(w) for w in weights]
    flat = torch.cat([g.reshape(-1) for g in grads])
    dist.all_reduce(flat)
    flat.div_(dist.get_world_size())
    for w, part in zip(weights, flat.split([w.numel() for w in weights])):
        w.grad = part.view_as(w)


def learn_words(text, head, data: dict, steps: int, log) -> None:
    """The text encoder's own start: attributes from captions."""
    weights = [*text.parameters(), *head.parameters()]
    opt = torch.optim.AdamW(weights, lr=1e-3, weight_decay=1e-3)
    for step in range(steps):
        for group in opt.param_groups:
            group["lr"] = common.cosine(step / steps, step, 20, 1.5e-3, 0.3)
        _, ids, classes = draw(data, 32)
        with common.autocast():
            pooled = text(ids).pooler_output
        loss = head.loss(pooled.float(), classes)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        average_gradients(weights)
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        opt.step()
        if step % 50 == 0:
            log(text_step=step, loss=loss.item())


def worker(rank: int, args) -> None:
    """One process of the training; rank 0 keeps the clock, the averages and the checkpoints."""
    os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"] = "127.0.0.1", str(args.port)
    dist.init_process_group("gloo", rank=rank, world_size=args.processes)
    torch.set_num_threads(1)
    torch.manual_seed(3)
    work, first = args.work_dir, rank == 0
    data = torch.load(work / "encoded.pt")
    tokenizer, vae = vocabulary.load(work), sample.load_vae(work)
    data["latents"] *= vae.config.scaling_factor
    empty = sample.token_ids(tokenizer, [""])[0]
    text, head = networks.text_encoder(tokenizer), AttributeHead()
    unet = fastnorm.install(networks.unet()).to(memory_format=torch.channels_last)
    # The fused attention's backward pass is slow on a CPU at these sizes.
    unet.set_attn_processor(AttnProcessor())
    text.set_attn_implementation("eager")
    log = common.Log(work / "unet.jsonl") if first else lambda **_: None
    log(unet=sum(p.numel() for p in unet.parameters()), text=sum(p.numel() for p in text.parameters()))
    checkpoint, step, used = work / "unet.pt", 0, 0.0
    clock = common.Clock(args.minutes)
    torch.manual_seed(100 + rank)
    if not checkpoint.exists():
        learn_words(text, head, data, args.text_steps, log)
    ema_unet, ema_text = copy.deepcopy(unet).eval(), copy.deepcopy(text).eval()
    weights = [*unet.parameters(), *text.parameters(), *head.parameters()]
    opt = torch.optim.AdamW(weights, lr=args.peak_lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    parts = {"unet": unet, "text": text, "head": head, "ema_unet": ema_unet, "ema_text": ema_text, "opt": opt}
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=False)
        for name, part in parts.items():
            part.load_state_dict(state[name])
        step, used = state["step"], state["used"]
        clock = common.Clock(args.minutes, used)
        torch.manual_seed(1000 * step + rank)
    alphas = networks.noise_schedule().alphas_cumprod
    loss_weight = torch.clamp(SNR_CAP / (alphas / (1 - alphas) + 1), max=1.0)
    last_save, mean_loss, n = clock.used(), None, args.batch
    averaged = [(a, b) for m, o in ((ema_unet, unet), (ema_text, text)) for a, b in zip(m.parameters(), o.parameters())]

    while True:
        now = torch.tensor([clock.fraction()])
        dist.broadcast(now, 0)  # one clock for all
        fraction = float(now)
        if fraction >= 1.0:
            break
        for group in opt.param_groups:
            group["lr"] = common.cosine(fraction, step, 150, args.peak_lr, 0.01)
        x, ids, classes = draw(data, n)
        drop = torch.rand(n) < EMPTY
        ids[drop] = empty
        t = ((torch.arange(n) + torch.rand(n)) * (1000 / n)).long()  # spread over all levels
        noise = torch.randn_like(x)
        a = alphas[t].view(-1, 1, 1, 1)
        noisy, target = a.sqrt() * x + (1 - a).sqrt() * noise, a.sqrt() * noise - (1 - a).sqrt() * x
        with common.autocast():
            words = text(ids)
            out = unet(noisy.to(memory_format=torch.channels_last), t, words.last_hidden_state).sample
        error = ((out.float() - target) ** 2).mean((1, 2, 3))
        loss = (error * loss_weight[t]).mean()
        total = loss + HEAD_WEIGHT * head.loss(words.pooler_output.float()[~drop], classes[~drop])
        opt.zero_grad(set_to_none=True)
        total.backward()
        average_gradients(weights)
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        opt.step()
        step += 1
        if not first:
            continue
        decay = min(EMA, step / (step + 9))
        with torch.no_grad():
            torch._foreach_lerp_([a for a, _ in averaged], [b for _, b in averaged], 1 - decay)
        mean_loss = loss.item() if mean_loss is None else 0.98 * mean_loss + 0.02 * loss.item()
        if step % 50 == 0:
            log(step=step, minutes=clock.used() / 60, loss=mean_loss, lr=opt.param_groups[0]["lr"])
        if clock.used() - last_save > args.save_every * 60:
            last_save = clock.used()
            save(work, parts, step, clock)
            sample.preview(work, tokenizer, ema_text, ema_unet, vae, f"{clock.used() / 60:05.1f}")
    if first:
        save(work, parts, step, clock)
        log(step=step, minutes=clock.used() / 60, loss=mean_loss)
        sample.preview(work, tokenizer, ema_text, ema_unet, vae, "final")
    dist.destroy_process_group()


def save(work, parts: dict, step: int, clock: common.Clock) -> None:
    """The checkpoint, and the averaged networks as diffusers / transformers folders."""
    common.save_atomic({k: v.state_dict() for k, v in parts.items()} | {"step": step, "used": clock.used()},
                       work / "unet.pt")
    parts["ema_unet"].save_pretrained(work / "unet")
    parts["ema_text"].save_pretrained(work / "text_encoder")


def main() -> None:
    """Trains until the minutes are used up; writes WORK/unet.pt, WORK/unet and WORK/text_encoder."""
    p = common.parser(__doc__)
    p.add_argument("--minutes", type=float, default=60.0)
    p.add_argument("--peak-lr", type=float, default=1e-3)
    p.add_argument("--batch", type=int, default=24, help="pictures a process and step")
    p.add_argument("--text-steps", type=int, default=200)
    p.add_argument("--save-every", type=float, default=7.0, help="minutes between checkpoints with previews")
    p.add_argument("--processes", type=int, default=common.THREADS)
    p.add_argument("--port", type=int, default=29555)
    args = p.parse_args()
    mp.spawn(worker, (args,), nprocs=args.processes)


if __name__ == "__main__":
    main()
