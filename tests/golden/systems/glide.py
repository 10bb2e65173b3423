"""GLIDE: a text encoder and a U-Net at 16 pixels, others at 32; drawn from text, into a hole, and led by CLIP.

tiny-glide, after openai/glide-text2im notebooks/{text2im,inpaint,clip_guided}.ipynb; the oracle is reference_process.py.
By `manifest`, which stands in model_index.json's place:
  (none)        text: prompt, guidance 3 (null: no tokens at all), DDPM over the respaced process, 8 bits between the two,
                upsampler by DDIM over fast27 with a first noise of 0.997
  inpaint       init and mask (white: drawn anew), guidance 5; both networks are others, which see picture and mask, and
                what is known is put into each x0; the upsampler goes by DDPM
  clip_guided   guide_scale instead of guidance
  cold          as without, but the upsampler's first noise is halved: 0.997 alone would not show
The padding of GPT-2's tokens is the last of the vocabulary, that of CLIP's is 0.
"""

import functools
import shutil
from types import SimpleNamespace

import numpy as np
import torch
from family_tools import MODELS, finish, generator, picture, tokenizer, write_json
from PIL import Image
from reference_networks import Critic, Denoiser, Text, checked_gradient, drawn, picture_inputs, text_gradient
from reference_process import f64, guided, hole, pictures, signed, told, walk
from system_tools import EACH, FLAT, export, start
from torch import nn
from torch.nn import functional
from transformers import GPT2Tokenizer

FOLDER, SIDE, LENGTH, WIDTH, CLIP = "tiny-glide", 16, 32, 8, 8
DEFAULTS = {"folder": FOLDER, "seed": 0, "prompt": "a red house in the snow at night", "count": 1}
BASE = {"_class_name": "DDPMScheduler", "beta_schedule": "squaredcos_cap_v2", "num_train_timesteps": 1000,
        "variance_type": "learned_range", "clip_sample": True, "timestep_respacing": "12"}
UP = {"_class_name": "DDIMScheduler", "beta_schedule": "linear", "num_train_timesteps": 1000, "clip_sample": True,
      "variance_type": "learned_range", "timestep_respacing": "fast27"}
TEXT = {"tokens": "prompt.ids", "mask": "prompt.mask"}
VISIBLE = {"prompt": ["text", "text_other", "text_empty"], "guidance": ["text", "guidance_1"],
           "mask": ["inpaint", "inpaint_other"], "clip": ["clip_strong", "clip_scale_0"]}


def told_text(graph):
    return {"xf_proj": f"{graph}.xf_proj", "xf_out": f"{graph}.xf_out"}


def manifest():
    small, large = [3, SIDE, SIDE], [3, 2 * SIDE, 2 * SIDE]
    return {
        "_class_name": "CascadePipeline", "_version": 1, "title": "GLIDE: text to 16 pixels, and from there to 32",
        "texts": {"prompt": {"tokenizer": "tokenizer", "length": LENGTH}},
        "graphs": {"text_base": {"inputs": TEXT}, "text_up": {"inputs": TEXT}},
        "values": {"low_res": {"op": "eight_bit", "of": "base"}},
        "stages": [
            {"name": "base", "denoiser": "base", "sample": small, "inputs": told_text("text_base"),
             "scheduler": "scheduler", "guidance": 3, "null": {"prompt": "empty"}},
            {"name": "upsampler", "denoiser": "upsampler", "sample": large,
             "inputs": {**told_text("text_up"), "low_res": "low_res"}, "scheduler": "upsampler_scheduler",
             "temperature": 0.997},
        ],
        "picture": {"of": "upsampler"},
    }


def inpaint():
    m = manifest()
    m["title"] = "GLIDE, into the hole of a picture"
    m["pictures"] = {"image": {"size": [2 * SIDE, 2 * SIDE], "resample": "bicubic"},
                     "image_small": {"same_as": "image", "size": [SIDE, SIDE], "resample": "bicubic"},
                     "mask": {"size": [SIDE, SIDE], "prepare": "mask"}}
    m["values"] |= {"keep_small": {"op": "affine", "of": "mask", "multiply": -1, "add": 1},
                    "large_mask": {"op": "resize", "of": "mask", "size": [2 * SIDE, 2 * SIDE], "how": "nearest"},
                    "keep_large": {"op": "affine", "of": "large_mask", "multiply": -1, "add": 1}}
    base, up = m["stages"]
    base |= {"denoiser": "base_inpaint", "guidance": 5,
             "keep": {"picture": "image_small", "mask": "mask", "when": "clean_estimate"}}
    base["inputs"] |= {"inpaint_image": "image_small", "inpaint_mask": "keep_small"}
    up |= {"denoiser": "upsampler_inpaint", "scheduler": {**UP, "_class_name": "DDPMScheduler"},
           "keep": {"picture": "image", "mask": "large_mask", "when": "clean_estimate"}}
    up["inputs"] |= {"inpaint_image": "image", "inpaint_mask": "keep_large"}
    return m


def clip_guided():
    m = manifest()
    m["title"] = "GLIDE, led by CLIP of noisy pictures"
    m["texts"]["clip"] = {"tokenizer": "clip_tokenizer", "length": 77, "pad_id": 0}
    m["graphs"]["clip_text"] = {"inputs": {"tokens": "clip.ids", "length": "clip.length"}}
    m["stages"][0] |= {"guidance": 1, "guide": {"graph": "clip_image", "inputs": {"z_t": "clip_text.z_t"}, "scale": 3,
                                                "form": "mean"}}
    return m


def cold():
    m = manifest()
    m["stages"][1]["temperature"] = 0.5
    return m


class ClipText(nn.Module):
    """ids [B, 77] padded with 0, length [B] -> a unit vector [B, CLIP]: the words before `length`, and the
    padding faintly, so that it shows which one it is."""

    def __init__(self, vocabulary):
        super().__init__()
        self.words, self.say = nn.Embedding(vocabulary, CLIP), nn.Linear(CLIP, CLIP)

    def forward(self, ids, length):
        real = (torch.arange(77)[None] < length[:, None]).float()[:, :, None] + 0.1
        z = self.say(4 * (self.words(ids) * real).sum(1) / length[:, None])
        return z / z.norm(dim=1, keepdim=True)


@functools.cache
def words():
    folder = MODELS / "tokenizer-gpt2"
    return GPT2Tokenizer(str(folder / "vocab.json"), str(folder / "merges.txt")), tokenizer()


@functools.cache
def networks():
    size, clip_size = len(words()[0]), len(words()[1])
    text = {"vector": WIDTH, "rows": WIDTH, "learned": True}
    return {"text_base": drawn(Text(size, LENGTH, WIDTH), 4101, 1.5), "text_up": drawn(Text(size, LENGTH, WIDTH), 4102, 1.5),
            "base": drawn(Denoiser(BASE, **text), 4103, 1.0),
            "upsampler": drawn(Denoiser(UP, more=3, enlarger=True, **text), 4104, 1.0),
            "base_inpaint": drawn(Denoiser(BASE, more=4, **text), 4105, 1.0),
            "upsampler_inpaint": drawn(Denoiser(UP, more=7, enlarger=True, **text), 4106, 1.0),
            "clip_text": drawn(ClipText(clip_size), 4107), "clip_image": drawn(Critic(CLIP), 4108)}


def behind(low_res=None, inpaint_image=None, inpaint_mask=None):
    """What GLIDE's networks put behind the sample: the kept part of the picture, the mask, the enlarged small picture."""
    parts = [inpaint_image * inpaint_mask, inpaint_mask] if inpaint_image is not None else []
    if low_res is not None:
        parts.append(functional.interpolate(low_res, scale_factor=2, mode="bilinear", align_corners=False))
    return torch.cat(parts, 1) if parts else None


def unet(network, x, t, xf_proj, xf_out, **more):
    if isinstance(network, Whole):
        return network.run(sample=x, timestep=t, xf_proj=xf_proj, xf_out=xf_out, **more)
    return network(x, t, behind(**more), xf_proj, xf_out.transpose(1, 2))


def make_models(out):
    folder, parts, draw_ = start(out, FOLDER), networks(), torch.Generator().manual_seed(9)
    manifests = {"model_index": manifest(), "inpaint": inpaint(), "clip_guided": clip_guided(), "cold": cold()}
    for name, content in manifests.items():
        write_json(folder / f"{name}.json", content)
    for name, config in {"scheduler": BASE, "upsampler_scheduler": UP}.items():
        write_json(folder / name / "scheduler_config.json", config)
    shutil.copytree(MODELS / "tokenizer-gpt2", folder / "tokenizer")
    words()[1].save_pretrained(folder / "clip_tokenizer")
    ids = torch.randint(0, len(words()[0]), (2, LENGTH), generator=draw_)
    mask = torch.arange(LENGTH)[None] < torch.tensor([[9], [0]])
    for name in ("text_base", "text_up"):
        export(folder / name / "model.onnx", parts[name], lambda m, ids, mask: m(ids, mask),
               {"tokens": (ids, FLAT[:1]), "mask": (mask, FLAT[:1])}, {"xf_proj": EACH, "xf_out": EACH})
    random = lambda *shape: (torch.randn(2, *shape, generator=draw_), EACH)
    text = {"xf_proj": random(WIDTH), "xf_out": random(WIDTH, LENGTH)}
    for name, side in {"base": SIDE, "upsampler": 2 * SIDE, "base_inpaint": SIDE, "upsampler_inpaint": 2 * SIDE}.items():
        more = {"low_res": random(3, SIDE, SIDE)} if side > SIDE else {}
        if "inpaint" in name:
            more |= {"inpaint_image": random(3, side, side), "inpaint_mask": random(1, side, side)}
        names = [*text, *more]
        export(folder / name / "model.onnx", parts[name],
               lambda m, x, t, *told, names=names: unet(m, x, t, **dict(zip(names, told))),
               picture_inputs(3, side, **text, **more), {"out_sample": EACH})
    export(folder / "clip_text" / "model.onnx", parts["clip_text"], lambda m, ids, n: m(ids, n),
           {"tokens": (torch.randint(0, 90, (2, 77), generator=draw_), EACH), "length": (torch.tensor([5, 77]), EACH)},
           {"z_t": EACH})
    z = functional.normalize(random(CLIP)[0])
    checked_gradient(folder / "clip_image" / "model.onnx", parts["clip_image"],
                     lambda m, x, t, z: text_gradient(m, x, t, z, 100.0), cosine, picture_inputs(3, SIDE, z_t=(z, EACH)))
    finish(folder)


def cosine(critic, x, t, z):
    return 100 * (functional.normalize(critic(x, t)) * z).sum()


def cases():
    led = {"manifest": "clip_guided"}
    hidden = {"manifest": "inpaint", "init": "low_32.png", "mask": "tiny_mask.png"}
    yield from {
        "text": {}, "text_other": {"prompt": "A cat, and a dog sitting on the yellow chair!"}, "text_empty": {"prompt": ""},
        "text_long": {"prompt": "a red house, a blue house, a green house and the dog " * 4}, "seed_42": {"seed": 42},
        "guidance_1": {"guidance": 1.0}, "count_2": {"count": 2}, "cold": {"manifest": "cold"},
        "inpaint": hidden,
        "inpaint_other": {**hidden, "prompt": "a cat"}, "inpaint_large": {**hidden, "init": "house.png"},
        "clip": led, "clip_strong": {**led, "guide_scale": 15.0}, "clip_scale_0": {**led, "guide_scale": 0.0},
        "clip_other": {**led, "prompt": "a cat and a dog", "guide_scale": 8.0},
    }.items()


def tokens(prompt):
    gpt2, clip = words()
    ids = gpt2.convert_tokens_to_ids(gpt2._tokenize(prompt.lower()))[:LENGTH]
    padded = ids + [len(gpt2) - 1] * (LENGTH - len(ids))
    clip_ids = clip(prompt, truncation=True, max_length=77)["input_ids"]
    clip_ids, length = clip_ids + [0] * (77 - len(clip_ids)), len(clip_ids)
    return (torch.tensor([padded]), torch.arange(LENGTH)[None] < len(ids)), (torch.tensor([clip_ids]),
                                                                            torch.tensor([length]))


def draw(case, swap, trace):
    pipe, source, count, kind = SimpleNamespace(**networks()), generator(case), case["count"], case.get("manifest", "")
    swap(pipe)
    (own, clip), empty = tokens(case["prompt"]), tokens("")[0]
    rows = lambda network, text: dict(zip(("xf_proj", "xf_out"), (part.expand(count, *part.shape[1:])
                                                                 for part in network(*text))))
    suffix, more, known, gradient = "_inpaint" * (kind == "inpaint"), {}, [None, None], None
    scale = case.get("guidance", {"inpaint": 5.0, "clip_guided": 1.0}.get(kind, 3.0))
    if kind == "inpaint":
        mask = hole(picture(case["mask"]))
        for i, side in enumerate((SIDE, 2 * SIDE)):
            known[i] = (signed(picture(case["init"]), side, Image.BICUBIC), mask.repeat(i + 1, 2).repeat(i + 1, 3))
        more = [{"inpaint_image": torch.from_numpy(p).float(), "inpaint_mask": 1 - torch.from_numpy(m).float()}
                for p, m in known]
    clip_scale = case.get("guide_scale", 3.0) if kind == "clip_guided" else 0.0
    if clip_scale:
        z = pipe.clip_text(*clip).detach()
        gradient = lambda x, t: clip_scale * f64(getattr(pipe, "gradient", true_gradient)(*told(x, t), z))
    network = getattr(pipe, "base" + suffix)
    halves = [rows(pipe.text_base, text) | (more[0] if more else {}) for text in ([empty, own] if scale > 1 else [own])]
    x = walk("ddpm", BASE, (count, 3, SIDE, SIDE), guided(functools.partial(unet, network), scale, halves), source,
             known=known[0], gradient=gradient)
    trace.keep("base", torch.from_numpy(x))
    low = torch.from_numpy(np.round((x + 1) * 127.5) / 127.5 - 1).float()
    upper = functools.partial(unet, getattr(pipe, "upsampler" + suffix))
    told_up = rows(pipe.text_up, own) | {"low_res": low} | (more[1] if more else {})
    return pictures(walk("ddpm" if more else "ddim", UP, (count, 3, 2 * SIDE, 2 * SIDE), guided(upper, 1.0, [told_up]),
                         source, known=known[1], scale=0.5 if kind == "cold" else 0.997))


def true_gradient(x, t, z):
    x = x.requires_grad_()
    return torch.autograd.grad(cosine(networks()["clip_image"], x, t, z.expand(len(x), -1)), x)[0]


def swap(pipe, folder, graphs):
    for name in ("text_base", "text_up"):
        graphs.replace(getattr(pipe, name), "forward", lambda ids, mask, name=name: tuple(
            graphs.run(folder, name, tokens=ids, mask=mask).values()))
    graphs.replace(pipe.clip_text, "forward", lambda ids, n: graphs.only(folder, "clip_text", tokens=ids, length=n))
    for name in ("base", "upsampler", "base_inpaint", "upsampler_inpaint"):
        setattr(pipe, name, Whole(graphs, folder, name))
    pipe.gradient = lambda x, t, z: graphs.only(folder, "clip_image", sample=x, timestep=t, z_t=z.expand(len(x), -1))


class Whole:
    """A U-Net's graph, which does itself what `unet` does for the network."""

    def __init__(self, graphs, folder, name):
        self.run = functools.partial(graphs.only, folder, name)
