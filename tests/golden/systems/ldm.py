"""Latent diffusion before Stable Diffusion: from text, from a small picture, and from nothing.

Three folders, by `pipeline`:
  text    tiny-ldm-text    LDMTextToImagePipeline: prompt, guidance, width, height, count; BERT WordPiece (uncased, padded to
                           77, no mask), sub-folder bert; the autoencoder is a KL one (vae_decoder). The pipeline has no
                           negative prompt and no count: `count` is a list of so many prompts
  super   tiny-ldm-super   LDMSuperResolutionPipeline: init; the small picture stands behind the latents and has their size
  plain   tiny-ldm-plain   LDMPipeline: count
steps, eta, seed, guidance 1: one branch, any other (below 1 too): [null "", prompt].
The last two have a VQ autoencoder: vqvae_decoder takes latents that are already codes, and
vqvae_decoder/codebook.safetensors holds them ("embedding", [codes, channels]). Before the decoder every position's vector
becomes the nearest code (first of equals). In `vqvae_encoder` nothing is quantised.
eta: diffusers' three pipelines hand their generator to the first latents only and let the scheduler draw from torch's
global generator. Here the scheduler gets the case's generator too: first the latents, then one noise a step.
"""

import functools
from types import SimpleNamespace

import torch
from diffusers import DDIMScheduler, LDMPipeline, LDMSuperResolutionPipeline, LDMTextToImagePipeline, UNet2DModel, VQModel
from diffusers.models.autoencoders.vae import DecoderOutput
from diffusers.pipelines.latent_diffusion.pipeline_latent_diffusion import LDMBertConfig, LDMBertModel
from family_networks import unet, vae
from family_tools import WORK, finish, generator, given, picture
from safetensors.torch import save_file
from system_networks import lean
from system_tools import GRID, ROWS, SCALAR, export, few_groups, gain, scheduler_files, start
from tiny_networks import CORPUS
from transformers import BertTokenizer

WIDTH = 16
FOLDERS = {"text": "tiny-ldm-text", "super": "tiny-ldm-super", "plain": "tiny-ldm-plain"}
DEFAULTS = {"pipeline": "text", "steps": 6, "seed": 0, "count": 1, "eta": 0.0}
COMMON = {"_class_name": "DDIMScheduler", "_diffusers_version": "0.10.0.dev0", "beta_schedule": "scaled_linear",
          "clip_sample": False, "num_train_timesteps": 1000, "prediction_type": "epsilon", "set_alpha_to_one": False,
          "trained_betas": None}
# CompVis latent-diffusion, models/ldm/{text2img256,bsr_sr,celeba256}/config.yaml.
SCHEDULERS = {
    "text": {**COMMON, "beta_start": 0.00085, "beta_end": 0.012, "steps_offset": 1},
    "super": {**COMMON, "beta_start": 0.0015, "beta_end": 0.0155, "steps_offset": 1},
    "plain": {**COMMON, "beta_start": 0.0015, "beta_end": 0.0195, "steps_offset": 1},
}
VISIBLE = {
    "prompt": ["text", "text_other", "text_empty"],
    "guidance": ["text", "text_guidance_0.5"],
    "seed": ["text", "text_seed_42"],
    "init": ["super", "super_mask"],
    "eta": ["super", "super_eta_1"],
    "plain": ["plain", "plain_seed_42", "plain_eta_1"],
}


def pieces():
    """A WordPiece vocabulary: BERT's special tokens, the letters alone and as continuations, and CORPUS' words in part."""
    words = sorted({w.strip(",").lower() for w in CORPUS.split()})
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"0123456789,.'!?-", *letters]
    tokens += ["##" + letter for letter in letters] + ["##s", "##ing", "##ed", "##house"]
    tokens += [word for word in words if len(word) > 1 and word not in ("snow", "lighthouse", "walking")]
    return list(dict.fromkeys(tokens))


def bert_tokenizer():
    folder = WORK / "wordpiece"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("".join(token + "\n" for token in pieces()))
    return BertTokenizer(str(folder / "vocab.txt"), do_lower_case=True, model_max_length=77)


def bert(size):
    torch.manual_seed(3401)
    model = LDMBertModel(LDMBertConfig(
        vocab_size=size, encoder_layers=1, encoder_ffn_dim=WIDTH, encoder_attention_heads=2, head_dim=8, d_model=WIDTH,
        dropout=0.0,
    ))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "embed_tokens" in name:
                parameter.normal_(0, 1.0)
            elif parameter.ndim == 2:
                parameter.normal_(0, 0.3)
    return model.eval()


def quantised(seed):
    """An autoencoder that shrinks by four onto 16 codes of three channels, no two nearer than 0.9."""
    with few_groups(2):
        torch.manual_seed(seed)
        model = VQModel(
            block_out_channels=(8, 8, 8), layers_per_block=1, latent_channels=3, num_vq_embeddings=16, norm_num_groups=2,
            sample_size=64, scaling_factor=1.0, down_block_types=("DownEncoderBlock2D",) * 3,
            up_block_types=("UpDecoderBlock2D",) * 3,
        )
    gain(model, {"decoder.conv_out": 2.0}, seed)
    draw = torch.Generator().manual_seed(seed)
    codes = []
    while len(codes) < 16:
        code = torch.randn(3, generator=draw) * 1.2
        if all((code - other).norm() > 0.9 for other in codes):
            codes.append(code)
    with torch.no_grad():
        model.quantize.embedding.weight.copy_(torch.stack(codes))
    return model.eval()


def pixel_unet(seed, channels, told):
    torch.manual_seed(seed)
    model = UNet2DModel(
        sample_size=16, in_channels=channels, out_channels=3, layers_per_block=1, block_out_channels=(8, 8),
        down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        norm_num_groups=4, attention_head_dim=4,
    )
    return lean(gain(model, {"time_emb_proj": 3.0}, seed), 3, told=told, rest=0.6)


@functools.cache
def networks(kind):
    if kind == "text":
        tokens = bert_tokenizer()
        return {"tokenizer": tokens, "bert": bert(len(tokens)), "unet": unet(3402), "vqvae": vae(3403, 0.18215)}
    seed = 3410 if kind == "super" else 3420
    return {"unet": pixel_unet(seed, *((6, 0.7) if kind == "super" else (3, 0.0))), "vqvae": quantised(seed + 1)}


def pipeline(kind):
    class_of = {"text": LDMTextToImagePipeline, "super": LDMSuperResolutionPipeline, "plain": LDMPipeline}[kind]
    return class_of(**networks(kind), scheduler=DDIMScheduler.from_config(SCHEDULERS[kind]))


def make_models(out):
    for kind, name in FOLDERS.items():
        folder, parts = start(out, name), networks(kind)
        pipeline(kind).save_config(folder)
        scheduler_files(folder, scheduler=SCHEDULERS[kind])
        parts["unet"].save_config(folder / "unet")
        channels = parts["unet"].config.in_channels
        inputs = {"sample": (torch.randn(2, channels, 16, 16), GRID), "timestep": (torch.tensor(741), SCALAR)}
        if kind == "text":
            text_parts(folder, parts, inputs)
        else:
            export(folder / "unet" / "model.onnx", parts["unet"], lambda m, x, t: m(x, t).sample, inputs,
                   {"out_sample": GRID})
            vq_parts(folder, parts["vqvae"])
        finish(folder)


def text_parts(folder, parts, inputs):
    parts["tokenizer"].save_pretrained(folder / "tokenizer")
    parts["bert"].config.save_pretrained(folder / "bert")
    ids = torch.randint(5, parts["bert"].config.vocab_size, (2, 77), generator=torch.Generator().manual_seed(5))
    ids[0, 9:] = 0
    export(folder / "bert" / "model.onnx", parts["bert"], lambda m, ids: m(ids).last_hidden_state,
           {"input_ids": (ids, ("batch", None))}, {"last_hidden_state": ("batch", None, None)})
    export(folder / "unet" / "model.onnx", parts["unet"], lambda m, x, t, states: m(x, t, states).sample,
           {**inputs, "encoder_hidden_states": (torch.randn(2, 77, WIDTH), ROWS)}, {"out_sample": GRID})
    parts["vqvae"].save_config(folder / "vae_decoder")
    export(folder / "vae_decoder" / "model.onnx", parts["vqvae"], lambda m, z: m.decode(z).sample,
           {"latent_sample": (torch.randn(2, 4, 8, 8), GRID)}, {"sample": GRID})


def vq_parts(folder, model):
    for name in ("vqvae_decoder", "vqvae_encoder"):
        model.save_config(folder / name)
    codes = model.quantize.embedding.weight.detach()
    save_file({"embedding": codes.clone()}, folder / "vqvae_decoder" / "codebook.safetensors")
    at = torch.randint(0, len(codes), (2, 16, 16), generator=torch.Generator().manual_seed(5))
    export(folder / "vqvae_decoder" / "model.onnx", model, lambda m, z: m.decode(z, force_not_quantize=True).sample,
           {"latent_sample": (codes[at].permute(0, 3, 1, 2).contiguous(), GRID)}, {"sample": GRID})
    export(folder / "vqvae_encoder" / "model.onnx", model, lambda m, x: m.encode(x).latents,
           {"sample": (torch.randn(2, 3, 64, 64), GRID)}, {"latent_sample": GRID})


def cases():
    text = {"prompt": "a red house in the snow at night", "guidance": 5.0}
    for name, changes in {
        "text": {}, "text_other": {"prompt": "A cat, and a dog sitting on the yellow chair!"}, "text_empty": {"prompt": ""},
        "text_unicode": {"prompt": "Caf\u00e9 lighthouses \u96ea [MASK] unaffable"},
        "text_seed_42": {"seed": 42}, "text_guidance_1": {"guidance": 1.0}, "text_guidance_0.5": {"guidance": 0.5},
        "text_eta_1": {"eta": 1.0}, "text_wide": {"width": 96, "height": 64}, "text_count_2": {"count": 2},
    }.items():
        yield name, {"folder": FOLDERS["text"], **text, **changes}
    for name, changes in {
        "super": {}, "super_mask": {"init": "low_mask.png"}, "super_eta_1": {"eta": 1.0}, "super_steps": {"steps": 13},
        "super_seed_42": {"seed": 42}, "super_wide": {"init": "house_wide.png", "steps": 2},
        "super_odd": {"init": "house_odd.png", "steps": 3},  # 85x53, resized to 64x32
    }.items():
        yield name, {"folder": FOLDERS["super"], "pipeline": "super", "init": "low_32.png", **changes}
    for name, changes in {"plain": {}, "plain_seed_42": {"seed": 42}, "plain_eta_1": {"eta": 1.0},
                          "plain_count_2": {"count": 2}}.items():
        yield name, {"folder": FOLDERS["plain"], "pipeline": "plain", **changes}


def draw(case, swap, trace):
    pipe, source = pipeline(case["pipeline"]), generator(case)
    pipe.set_progress_bar_config(disable=True)
    swap(pipe)
    trace.steps("latents", pipe.scheduler)
    pipe.scheduler.step = functools.partial(pipe.scheduler.step, generator=source)
    more = {"generator": source, "num_inference_steps": case["steps"], "eta": case["eta"]}
    if case["pipeline"] == "text":
        more |= given({"width": None, "height": None, **case}, width="width", height="height")
        return pipe([case["prompt"]] * case["count"], guidance_scale=case["guidance"], **more).images
    if case["pipeline"] == "super":
        return pipe(picture(case["init"]).convert("RGB"), **more).images
    return pipe(batch_size=case["count"], **more).images


def nearest(latents, codes):
    """[B, C, H, W], each position the code of the least distance."""
    distances = (latents.permute(0, 2, 3, 1)[..., None, :] - codes).square().sum(-1)
    return codes[distances.argmin(-1)].permute(0, 3, 1, 2)


def swap(pipe, folder, graphs):
    if hasattr(pipe, "bert"):
        graphs.replace(pipe.bert, "forward", lambda ids: (graphs.only(folder, "bert", input_ids=ids),))
    graphs.replace(pipe.unet, "forward", lambda x, t, encoder_hidden_states=None: SimpleNamespace(
        sample=graphs.only(folder, "unet", sample=x, timestep=t, encoder_hidden_states=encoder_hidden_states)))

    def decode(latents):
        if hasattr(pipe, "bert"):
            return DecoderOutput(sample=graphs.only(folder, "vae_decoder", latent_sample=latents))
        codes = graphs.constants(folder, "vqvae_decoder", "codebook")["embedding"]
        return DecoderOutput(sample=graphs.only(folder, "vqvae_decoder", latent_sample=nearest(latents, codes)))

    graphs.replace(pipe.vqvae, "decode", decode)
