"""Stable unCLIP 2.1: Stable Diffusion 2's U-Net, told a CLIP image embedding with noise, as class labels.

One folder with the parts of StableUnCLIPPipeline and of StableUnCLIPImg2ImgPipeline. image_normalizer/
constants.safetensors: mean, std [1, 24]. class_labels [B, 48] float32: the embedding with noise, then the sinusoids of the
noise level (cosines first).
Settings: pipeline ("text": prompt through the prior | "image": init), prompt, negative, noise_level, prior_steps,
prior_guidance, steps, guidance, seed, count, width, height, scheduler.
"""

import functools
import json

import torch
from diffusers import DDPMScheduler, StableUnCLIPImg2ImgPipeline, StableUnCLIPPipeline
from diffusers.models.autoencoders.vae import DecoderOutput
from diffusers.pipelines.stable_diffusion import StableUnCLIPImageNormalizer
from family_networks import unet, vae
from family_tools import finish, generator, given, picture, scheduler_for, tokenizer, write_json
from safetensors.torch import save_file
from system_networks import clip_text, clip_vision, image_processor, one_line_vocabulary, prior_graph, prior_network
from system_networks import text_graph, vision_graph
from system_tools import FLAT, GRID, ROWS, SCALAR, export, scheduler_files, start
from transformers import CLIPTextModel

WIDTH, CONTEXT = 24, 16
DEFAULTS = {"folder": "tiny-stable-unclip", "pipeline": "text", "prompt": "a red house in the snow at night",
            "noise_level": 0, "prior_steps": 4, "prior_guidance": 4.0, "steps": 5, "guidance": 6.0, "seed": 0, "count": 1}
SCHEDULERS = {
    # Karlo's prior, in the class that this pipeline can use: it says no prev_timestep, which UnCLIPScheduler needs.
    "prior_scheduler": {"_class_name": "DDPMScheduler", "_diffusers_version": "0.16.0.dev0",
                        "beta_schedule": "squaredcos_cap_v2", "clip_sample": True, "clip_sample_range": 5.0,
                        "num_train_timesteps": 1000, "prediction_type": "sample", "variance_type": "fixed_small_log"},
    "image_noising_scheduler": {"_class_name": "DDPMScheduler", "_diffusers_version": "0.16.0.dev0",
                                "beta_schedule": "squaredcos_cap_v2", "num_train_timesteps": 1000},
    # Stable Diffusion 2.1's betas and prediction.
    "scheduler": {"_class_name": "DDIMScheduler", "_diffusers_version": "0.16.0.dev0", "beta_end": 0.012,
                  "beta_schedule": "scaled_linear", "beta_start": 0.00085, "clip_sample": False,
                  "num_train_timesteps": 1000, "prediction_type": "v_prediction", "set_alpha_to_one": False,
                  "steps_offset": 1, "trained_betas": None},
}
VISIBLE = {
    "prompt": ["base", "prompt_other", "negative"],
    "seed": ["base", "seed_42"],
    "guidance": ["base", "guidance_1"],
    "noise_level": ["image", "image_noise_300", "image_noise_999"],
    "init": ["image", "image_mask"],
    "scheduler": ["base", "euler_ancestral"],
}


@functools.cache
def networks():
    prior_tokens, tokens = tokenizer(), tokenizer(pad_token="!")
    torch.manual_seed(3505)
    normalizer = StableUnCLIPImageNormalizer(embedding_dim=WIDTH)
    with torch.no_grad():
        normalizer.mean.normal_(0, 0.3)
        normalizer.std.uniform_(0.5, 1.5)
    return {
        "prior_tokenizer": prior_tokens, "prior_text_encoder": clip_text(prior_tokens, 3501, WIDTH),
        "prior": prior_network(3502, WIDTH), "image_normalizer": normalizer, "image_encoder": clip_vision(3503, WIDTH),
        "feature_extractor": image_processor(), "tokenizer": tokens,
        "text_encoder": clip_text(tokens, 3504, CONTEXT, kind=CLIPTextModel),
        "unet": unet(3506, class_embed_type="projection", projection_class_embeddings_input_dim=2 * WIDTH,
                     use_linear_projection=True, gains={"class": 2.0, "time": 3.0}),
        "vae": vae(3507, 0.18215, out=1.6),
    }


def pipeline(kind, case):
    names = set(kind._get_signature_keys(kind)[0])
    schedulers = {name: DDPMScheduler.from_config(SCHEDULERS[name])
                  for name in ("prior_scheduler", "image_noising_scheduler")}
    schedulers["scheduler"] = scheduler_for({"config_changes": None, "sigmas": None, "scheduler": None, **case},
                                            SCHEDULERS["scheduler"])
    return kind(**{k: v for k, v in {**networks(), **schedulers}.items() if k in names})


def make_models(out):
    folder, parts = start(out, "tiny-stable-unclip"), networks()
    pipeline(StableUnCLIPPipeline, {}).save_config(folder)
    more = pipeline(StableUnCLIPImg2ImgPipeline, {}).config
    index = json.loads((folder / "model_index.json").read_text())
    write_json(folder / "model_index.json", {**index, **{k: more[k] for k in ("feature_extractor", "image_encoder")}})
    scheduler_files(folder, **SCHEDULERS)
    for name in ("prior_tokenizer", "tokenizer"):
        one_line_vocabulary(parts[name], folder / name)
    parts["feature_extractor"].save_pretrained(folder / "feature_extractor")
    text_graph(folder / "prior_text_encoder", parts["prior_text_encoder"])
    text_graph(folder / "text_encoder", parts["text_encoder"])
    vision_graph(folder / "image_encoder", parts["image_encoder"])
    prior_graph(folder / "prior", parts["prior"])
    normalizer = parts["image_normalizer"]
    normalizer.save_config(folder / "image_normalizer")
    save_file({"mean": normalizer.mean.detach(), "std": normalizer.std.detach()},
              folder / "image_normalizer" / "constants.safetensors")
    parts["unet"].save_config(folder / "unet")
    export(folder / "unet" / "model.onnx", parts["unet"],
           lambda m, x, t, states, labels: m(x, t, states, class_labels=labels).sample,
           {"sample": (torch.randn(2, 4, 8, 8), GRID), "timestep": (torch.tensor(741.25), SCALAR),
            "encoder_hidden_states": (torch.randn(2, 77, CONTEXT), ROWS),
            "class_labels": (torch.randn(2, 2 * WIDTH), FLAT)}, {"out_sample": GRID})
    parts["vae"].save_config(folder / "vae_decoder")
    export(folder / "vae_decoder" / "model.onnx", parts["vae"], lambda m, z: m.decode(z).sample,
           {"latent_sample": (torch.randn(2, 4, 8, 8), GRID)}, {"sample": GRID})
    finish(folder)


def cases():
    yield "base", {}
    yield "prompt_other", {"prompt": "a cat and a dog sitting on the yellow chair"}
    yield "negative", {"negative": "blurry, low quality, ugly"}
    yield "seed_42", {"seed": 42}
    yield "guidance_1", {"guidance": 1.0}
    yield "prior_guidance_1", {"prior_guidance": 1.0}
    yield "noise_250", {"noise_level": 250}
    yield "euler_ancestral", {"scheduler": "euler_ancestral"}
    yield "count_2", {"count": 2, "noise_level": 100}
    yield "wide", {"width": 96, "height": 64}
    image = {"pipeline": "image", "init": "house.png", "prompt": ""}
    yield "image", image
    yield "image_mask", {**image, "init": "mask_soft.png"}
    yield "image_noise_300", {**image, "noise_level": 300}
    yield "image_noise_999", {**image, "noise_level": 999}
    yield "image_prompt", {**image, "prompt": "a red house in the snow at night", "negative": "blurry"}
    yield "image_guidance_1", {**image, "guidance": 1.0}
    yield "image_count_2", {**image, "count": 2, "noise_level": 100}


def draw(case, swap, trace):
    text = case["pipeline"] == "text"
    pipe = pipeline(StableUnCLIPPipeline if text else StableUnCLIPImg2ImgPipeline, case)
    pipe.set_progress_bar_config(disable=True)
    swap(pipe)
    if text:
        trace.steps("prior", pipe.prior_scheduler)
    trace.steps("latents", pipe.scheduler)
    trace.inputs(pipe.unet, class_labels="class_labels")
    wanted = {"negative": None, "width": None, "height": None, **case}
    common = {"prompt": case["prompt"], "num_inference_steps": case["steps"], "guidance_scale": case["guidance"],
              "num_images_per_prompt": case["count"], "generator": generator(case), "noise_level": case["noise_level"],
              **given(wanted, negative="negative_prompt", width="width", height="height")}
    if text:
        return pipe(prior_num_inference_steps=case["prior_steps"], prior_guidance_scale=case["prior_guidance"],
                    **common).images
    return pipe(picture(case["init"]).convert("RGB"), **common).images


def swap(pipe, folder, graphs):
    def states(ids, **_):
        return (graphs.only(folder, "text_encoder", input_ids=ids),)

    graphs.replace(pipe.text_encoder, "forward", states)
    for name in ("prior_text_encoder", "image_encoder"):
        if hasattr(pipe, name):
            graphs.encoder(getattr(pipe, name), folder, name)
    if hasattr(pipe, "prior"):
        graphs.prior(pipe.prior, folder, "prior")
    constants = graphs.constants(folder, "image_normalizer")
    graphs.replace(pipe.image_normalizer, "scale", lambda x: (x - constants["mean"]) / constants["std"])
    graphs.replace(pipe.image_normalizer, "unscale", lambda x: x * constants["std"] + constants["mean"])
    graphs.replace(pipe.unet, "forward", lambda x, t, encoder_hidden_states, class_labels, **_: (
        graphs.only(folder, "unet", sample=x, timestep=t, encoder_hidden_states=encoder_hidden_states,
                    class_labels=class_labels),))
    graphs.replace(pipe.vae, "_decode", lambda z, **_: DecoderOutput(
        sample=graphs.only(folder, "vae_decoder", latent_sample=z)))
