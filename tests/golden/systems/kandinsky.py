"""Kandinsky 2.2: text -> image embedding (prior) -> latents (a U-Net that reads nothing else) -> MoVQ.

One folder for both stages, by the names of KandinskyV22CombinedPipeline (prior_* is what KandinskyV22PriorPipeline
calls the same without the prefix), with movq_encoder and movq_decoder in the place of movq (each with movq's config.json).
prior_prior/constants.safetensors: clip_mean, clip_std [1, 24].
Settings: pipeline, prompt, negative, prior_steps, prior_guidance, steps, guidance, seed, count, width, height,
config_changes (of scheduler_config.json), scheduler ("ddim": another class over the same file, which says nothing of a
variance_type then, or diffusers would not take the variance off the prediction), and, by pipeline:
  text       KandinskyV22CombinedPipeline
  img2img    KandinskyV22Img2ImgCombinedPipeline: init, strength
  mix        what interpolate() computes: the sum of weights[i] times the embedding of sources[i] (a file of inputs/, or a
             prompt through the prior), beside the embedding of a black picture; then KandinskyV22Pipeline. interpolate()
             itself draws a prior more than it needs, from the caller's generator; here that one has another generator
  prior      KandinskyV22PriorPipeline alone: image_embeds and negative_image_embeds, float32 [count, 24]
"""

import functools

import diffusers
import torch
from diffusers import (
    KandinskyV22CombinedPipeline, KandinskyV22Img2ImgCombinedPipeline, UNet2DConditionModel, VQModel,
)
from diffusers.models.autoencoders.vae import DecoderOutput
from family_tools import finish, generator, given, picture, tokenizer
from system_networks import clip_text, clip_vision, image_processor, lean, one_line_vocabulary, prior_graph
from system_networks import prior_network, text_graph, vision_graph
from system_tools import FLAT, GRID, SCALAR, export, few_groups, gain, scheduler_files, start

WIDTH = 24
DEFAULTS = {"folder": "tiny-kandinsky", "pipeline": "text", "prompt": "a red house in the snow at night",
            "prior_steps": 4, "prior_guidance": 4.0, "steps": 6, "guidance": 4.0, "seed": 0, "count": 1, "width": 64,
            "height": 64}
# The betas and the clipping of Kandinsky 2's own code (K2 kandinsky2/model/gaussian_diffusion.py), as diffusers spells it.
SCHEDULERS = {
    "prior_scheduler": {"_class_name": "UnCLIPScheduler", "_diffusers_version": "0.17.0.dev0", "clip_sample": True,
                        "clip_sample_range": 10.0, "num_train_timesteps": 1000, "prediction_type": "sample",
                        "variance_type": "fixed_small_log"},
    "scheduler": {"_class_name": "DDPMScheduler", "_diffusers_version": "0.17.0.dev0", "beta_end": 0.012,
                  "beta_schedule": "linear", "beta_start": 0.00085, "clip_sample": True, "clip_sample_range": 2.0,
                  "dynamic_thresholding_ratio": 0.995, "num_train_timesteps": 1000, "prediction_type": "epsilon",
                  "sample_max_value": 2.0, "thresholding": True, "trained_betas": None,
                  "variance_type": "learned_range"},
}
VISIBLE = {
    "prompt": ["base", "prompt_other", "negative"],
    "seed": ["base", "seed_42"],
    "guidance": ["base", "guidance_8", "guidance_1"],
    "strength": ["img2img_0.4", "img2img_0.8"],
    "scheduler": ["base", "ddim"],
    "weights": ["mix", "mix_other"],
}


@functools.cache
def networks():
    tokens = tokenizer(pad_token="!")
    with few_groups():
        torch.manual_seed(3204)
        unet = UNet2DConditionModel(
            sample_size=16, in_channels=4, out_channels=8, layers_per_block=1, block_out_channels=(8, 16),
            down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
            up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
            mid_block_type="UNetMidBlock2DSimpleCrossAttn", resnet_time_scale_shift="scale_shift",
            addition_embed_type="image", encoder_hid_dim=WIDTH, encoder_hid_dim_type="image_proj",
            cross_attention_dim=8, attention_head_dim=4, norm_num_groups=4,
        )
    lean(gain(unet, {"add_k": 3.0, "add_v": 3.0, "to_out": 3.0}, 3204), 4)
    with few_groups(2):
        torch.manual_seed(3205)
        movq = VQModel(
            block_out_channels=(8, 8, 8), layers_per_block=1, latent_channels=4, vq_embed_dim=4, num_vq_embeddings=12,
            norm_num_groups=2, norm_type="spatial", sample_size=64, mid_block_add_attention=True,
            down_block_types=("DownEncoderBlock2D", "DownEncoderBlock2D", "AttnDownEncoderBlock2D"),
            up_block_types=("AttnUpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"),
        )
    gain(movq, {"decoder.conv_out": 3.0, "encoder.conv_out": 2.0}, 3205)
    return {
        "prior_tokenizer": tokens, "prior_text_encoder": clip_text(tokens, 3201, WIDTH),
        "prior_image_encoder": clip_vision(3202, WIDTH), "prior_image_processor": image_processor(),
        "prior_prior": prior_network(3203, WIDTH), "unet": unet, "movq": movq,
    }


def pipeline(kind, case):
    config = {**SCHEDULERS["scheduler"], **(case.get("config_changes") or {})}
    wanted = {"ddim": "DDIMScheduler"}.get(case.get("scheduler"), config["_class_name"])
    if wanted != config["_class_name"]:
        config.pop("variance_type")  # else diffusers hands the variance over to a class that knows none
    pipe = kind(**networks(), scheduler=getattr(diffusers, wanted).from_config(config),
                prior_scheduler=diffusers.UnCLIPScheduler.from_config(SCHEDULERS["prior_scheduler"]))
    for part in (pipe.prior_pipe, pipe.decoder_pipe):
        part.set_progress_bar_config(disable=True)
    return pipe


def make_models(out):
    folder, parts = start(out, "tiny-kandinsky"), networks()
    pipeline(KandinskyV22CombinedPipeline, {}).save_config(folder)
    scheduler_files(folder, **SCHEDULERS)
    one_line_vocabulary(parts["prior_tokenizer"], folder / "prior_tokenizer")
    parts["prior_image_processor"].save_pretrained(folder / "prior_image_processor")
    text_graph(folder / "prior_text_encoder", parts["prior_text_encoder"])
    vision_graph(folder / "prior_image_encoder", parts["prior_image_encoder"])
    prior_graph(folder / "prior_prior", parts["prior_prior"])
    parts["unet"].save_config(folder / "unet")
    export(folder / "unet" / "model.onnx", parts["unet"],
           lambda m, x, t, image: m(x, t, None, added_cond_kwargs={"image_embeds": image}).sample,
           {"sample": (torch.randn(2, 4, 16, 16), GRID), "timestep": (torch.tensor(741), SCALAR),
            "image_embeds": (torch.randn(2, WIDTH), FLAT)}, {"out_sample": GRID})
    for name in ("movq_encoder", "movq_decoder"):
        parts["movq"].save_config(folder / name)
    export(folder / "movq_encoder" / "model.onnx", parts["movq"], lambda m, x: m.encode(x).latents,
           {"sample": (torch.randn(2, 3, 64, 64), GRID)}, {"latent_sample": GRID})
    export(folder / "movq_decoder" / "model.onnx", parts["movq"],
           lambda m, z: m.decode(z, force_not_quantize=True).sample,
           {"latent_sample": (torch.randn(2, 4, 16, 16), GRID)}, {"sample": GRID})
    finish(folder)


def cases():
    yield "base", {}
    yield "prompt_other", {"prompt": "a cat and a dog sitting on the yellow chair"}
    yield "negative", {"negative": "blurry, low quality, ugly"}
    yield "seed_42", {"seed": 42}
    yield "guidance_8", {"guidance": 8.0}
    yield "guidance_1", {"guidance": 1.0}
    yield "prior_guidance_1", {"prior_guidance": 1.0}
    yield "steps", {"prior_steps": 7, "steps": 10}
    yield "wide", {"width": 96, "height": 64}
    yield "odd_size", {"width": 70, "height": 50}  # rounded up: 80x64
    yield "count_2", {"count": 2}
    yield "negative_count_2", {"count": 2, "negative": "blurry, low quality, ugly"}
    yield "ddim", {"scheduler": "ddim"}
    yield "clipped", {"config_changes": {"thresholding": False}}
    yield "img2img_0.4", {"pipeline": "img2img", "init": "house.png", "strength": 0.4}
    yield "img2img_0.8", {"pipeline": "img2img", "init": "house.png", "strength": 0.8}
    yield "img2img_ddim", {"pipeline": "img2img", "init": "house.png", "strength": 0.5, "scheduler": "ddim"}
    yield "img2img_resized", {"pipeline": "img2img", "init": "house_wide.png", "strength": 0.5}  # 96x64 to 64x64
    yield "img2img_count_2", {"pipeline": "img2img", "init": "house.png", "strength": 0.6, "count": 2}
    pictures = ["house.png", "mask_soft.png"]
    yield "mix", {"pipeline": "mix", "prompt": None, "sources": pictures, "weights": [0.3, 0.7]}
    yield "mix_other", {"pipeline": "mix", "prompt": None, "sources": pictures, "weights": [1.2, -0.2]}
    yield "mix_text", {"pipeline": "mix", "prompt": None, "weights": [0.5, 0.5],
                       "sources": ["house.png", "a cat and a dog sitting on the yellow chair"]}
    yield "prior", {"pipeline": "prior", "count": 1}
    yield "prior_negative", {"pipeline": "prior", "count": 2, "negative": "blurry, low quality, ugly"}


def mixed(prior, case, source):
    """interpolate()'s sum and its black picture's embedding. It calls the prior once more than it needs, for an embedding
    that it does not use; so that this call takes nothing from the case's generator, the prior is called here."""
    total = 0
    for name, weight in zip(case["sources"], case["weights"]):
        if name.endswith(".png"):
            one = prior.interpolate([picture(name).convert("RGB")], [1.0], num_inference_steps=2).image_embeds
        else:
            one = prior(name, num_inference_steps=case["prior_steps"], guidance_scale=case["prior_guidance"],
                        generator=source).image_embeds
        total = total + one * weight
    return total, prior.get_zero_embed(1)


def draw(case, swap, trace):
    kind = KandinskyV22Img2ImgCombinedPipeline if case["pipeline"] == "img2img" else KandinskyV22CombinedPipeline
    pipe, source = pipeline(kind, case), generator(case)
    swap(pipe)
    trace.steps("prior", pipe.prior_scheduler)
    trace.steps("decoder", pipe.scheduler)
    trace.inputs(pipe.unet, added_cond_kwargs="image_embeds")
    common = {"num_inference_steps": case["steps"], "guidance_scale": case["guidance"], "generator": source,
              **given(case, width="width", height="height")}
    if case["pipeline"] == "prior":
        out = pipe.prior_pipe(case["prompt"], case.get("negative"), case["count"], case["prior_steps"], source,
                              guidance_scale=case["prior_guidance"])
        return [out.image_embeds.numpy(), out.negative_image_embeds.numpy()]
    if case["pipeline"] == "mix":
        positive, negative = mixed(pipe.prior_pipe, case, source)
        return pipe.decoder_pipe(positive, negative, **common).images
    more = {"image": picture(case["init"]).convert("RGB"), "strength": case["strength"]} if "init" in case else {}
    return pipe(prompt=case["prompt"], negative_prompt=case.get("negative"), num_images_per_prompt=case["count"],
                prior_guidance_scale=case["prior_guidance"], prior_num_inference_steps=case["prior_steps"],
                **common, **more).images


def swap(pipe, folder, graphs):
    graphs.encoders(pipe.prior_pipe, folder, "prior_")
    graphs.prior(pipe.prior_prior, folder, "prior_prior")
    graphs.replace(pipe.unet, "forward", lambda sample, timestep, added_cond_kwargs, **_: (
        graphs.only(folder, "unet", sample=sample, timestep=timestep, **added_cond_kwargs),))
    graphs.replace(pipe.movq, "encode", lambda x: {"latents": graphs.only(folder, "movq_encoder", sample=x)})
    graphs.replace(pipe.movq, "decode", lambda z, force_not_quantize: DecoderOutput(
        sample=graphs.only(folder, "movq_decoder", latent_sample=z)))
