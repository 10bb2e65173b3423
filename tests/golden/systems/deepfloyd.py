"""DeepFloyd IF: T5 states, a U-Net on 16x16 pixels, and a second one that makes 32x32 of them. No autoencoder.

One folder: stage one by the names of IFPipeline (text_encoder, tokenizer, unet, scheduler); stage two with super_res_ before
IFSuperResolutionPipeline's unet, scheduler and image_noising_scheduler. Both read the same T5 states.
Settings: pipeline ("small": stage one | "super": stage two on init, a picture | "cascade": both, the small picture handed on
as floats, neither clamped nor rounded), prompt, negative, steps, guidance, super_steps, super_guidance, noise_level, seed,
count. Prompts are stripped and lowered before the tokenizer (diffusers' _text_preprocessing).
"""

import functools

import torch
from diffusers import DDPMScheduler, IFPipeline, IFSuperResolutionPipeline, UNet2DConditionModel
from family_t5 import encoder, tokenizer, write_compact
from family_tools import finish, generator, given, picture
from system_networks import lean
from system_tools import EACH, GRID, ROWS, SCALAR, export, few_groups, gain, scheduler_files, start

WIDTH = 16
DEFAULTS = {"folder": "tiny-if", "pipeline": "small", "prompt": "a red house in the snow at night", "steps": 6,
            "guidance": 5.0, "super_steps": 5, "super_guidance": 4.0, "noise_level": 250, "seed": 0, "count": 1}
COMMON = {"_class_name": "DDPMScheduler", "_diffusers_version": "0.17.0.dev0", "beta_end": 0.02,
          "beta_schedule": "squaredcos_cap_v2", "beta_start": 0.0001, "clip_sample": True, "clip_sample_range": 1.0,
          "dynamic_thresholding_ratio": 0.95, "num_train_timesteps": 1000, "prediction_type": "epsilon",
          "trained_betas": None}
SCHEDULERS = {
    "scheduler": {**COMMON, "sample_max_value": 1.5, "thresholding": True, "variance_type": "learned_range"},
    "super_res_scheduler": {**COMMON, "sample_max_value": 1.0, "thresholding": True, "variance_type": "learned_range"},
    "super_res_image_noising_scheduler": {**COMMON, "sample_max_value": 1.0, "thresholding": False,
                                          "variance_type": "fixed_small"},
}
VISIBLE = {
    "prompt": ["small", "small_other", "small_negative"],
    "seed": ["small", "small_seed_42"],
    "guidance": ["small", "small_guidance_1", "small_guidance_7"],
    "init": ["super", "super_mask"],
    "noise_level": ["super", "super_noise_0"],
    "cascade": ["cascade", "cascade_other"],
}


def unet(seed, side, channels, told, **more):
    with few_groups():
        torch.manual_seed(seed)
        model = UNet2DConditionModel(
            sample_size=side, in_channels=channels, out_channels=6, layers_per_block=1, block_out_channels=(8, 16),
            down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
            up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
            mid_block_type="UNetMidBlock2DSimpleCrossAttn", resnet_time_scale_shift="scale_shift", act_fn="gelu",
            encoder_hid_dim=WIDTH, encoder_hid_dim_type="text_proj", cross_attention_dim=8, attention_head_dim=4,
            addition_embed_type="text", addition_embed_type_num_heads=2, cross_attention_norm="group_norm",
            norm_num_groups=4, **more,
        )
    gain(model, {"add_k": 3.0, "add_v": 3.0, "to_out": 3.0, "add_embedding": 2.0}, seed)
    return lean(model, 3, told=told)


@functools.cache
def networks():
    tokens = tokenizer(77)
    return {"tokenizer": tokens, "text_encoder": encoder(3601, len(tokens), WIDTH), "unet": unet(3602, 16, 3, 0.0),
            "super_res_unet": unet(3603, 32, 6, 0.7, class_embed_type="timestep")}


def pipelines():
    parts, off = networks(), {"safety_checker": None, "feature_extractor": None, "watermarker": None,
                              "requires_safety_checker": False}
    small = IFPipeline(tokenizer=parts["tokenizer"], text_encoder=parts["text_encoder"], unet=parts["unet"],
                       scheduler=DDPMScheduler.from_config(SCHEDULERS["scheduler"]), **off)
    large = IFSuperResolutionPipeline(
        tokenizer=parts["tokenizer"], text_encoder=parts["text_encoder"], unet=parts["super_res_unet"],
        scheduler=DDPMScheduler.from_config(SCHEDULERS["super_res_scheduler"]),
        image_noising_scheduler=DDPMScheduler.from_config(SCHEDULERS["super_res_image_noising_scheduler"]), **off)
    for pipe in (small, large):
        pipe.set_progress_bar_config(disable=True)
    return small, large


def make_models(out):
    folder, parts = start(out, "tiny-if"), networks()
    pipelines()[0].save_config(folder)
    scheduler_files(folder, **SCHEDULERS)
    parts["tokenizer"].save_pretrained(folder / "tokenizer")
    write_compact(folder / "tokenizer")
    (folder / "tokenizer" / "spiece.model").unlink(missing_ok=True)  # tokenizer.json says the same
    parts["text_encoder"].config.save_pretrained(folder / "text_encoder")
    ids = torch.randint(3, 200, (2, 77), generator=torch.Generator().manual_seed(5))
    mask = (torch.arange(77) < torch.tensor([[9], [60]])).long()
    export(folder / "text_encoder" / "model.onnx", parts["text_encoder"],
           lambda m, ids, mask: m(ids, attention_mask=mask).last_hidden_state,
           {"input_ids": (ids, ("batch", "sequence")), "attention_mask": (mask, ("batch", "sequence"))},
           {"last_hidden_state": ROWS})
    states = (torch.randn(2, 77, WIDTH), ROWS)
    for name, side, channels in (("unet", 16, 3), ("super_res_unet", 32, 6)):
        parts[name].save_config(folder / name)
        inputs = {"sample": (torch.randn(2, channels, side, side), GRID), "timestep": (torch.tensor(741), SCALAR),
                  "encoder_hidden_states": states}
        if name == "super_res_unet":
            inputs["class_labels"] = (torch.tensor([250, 3]), EACH)
        export(folder / name / "model.onnx", parts[name],
               lambda m, x, t, states, *labels: m(x, t, states, *labels).sample, inputs, {"out_sample": GRID})
    finish(folder)


def cases():
    yield "small", {}
    yield "small_other", {"prompt": "A Cat and a Dog sitting on the yellow chair  "}
    yield "small_negative", {"negative": "blurry, low quality, ugly"}
    yield "small_seed_42", {"seed": 42}
    yield "small_guidance_1", {"guidance": 1.0}
    yield "small_guidance_7", {"guidance": 7.0}
    yield "small_steps_15", {"steps": 15}
    yield "small_count_2", {"count": 2}
    large = {"pipeline": "super", "init": "low.png"}
    yield "super", large
    yield "super_mask", {**large, "init": "low_mask.png"}
    yield "super_noise_0", {**large, "noise_level": 0}
    yield "super_guidance_1", {**large, "super_guidance": 1.0}
    yield "super_count_2", {**large, "count": 2}
    yield "cascade", {"pipeline": "cascade"}
    yield "cascade_other", {"pipeline": "cascade", "prompt": "a cat and a dog sitting on the yellow chair"}
    yield "cascade_count_2", {"pipeline": "cascade", "count": 2, "negative": "blurry, low quality, ugly"}


def draw(case, swap, trace):
    small, large = pipelines()
    swap((small, large))
    source = generator(case)
    words = {"prompt": case["prompt"], "num_images_per_prompt": case["count"], "generator": source,
             "clean_caption": False, **given({"negative": None, **case}, negative="negative_prompt")}
    if case["pipeline"] == "super":
        image = picture(case["init"]).convert("RGB")
    else:
        trace.steps("small", small.scheduler)
        image = small(**words, num_inference_steps=case["steps"], guidance_scale=case["guidance"],
                      output_type="pil" if case["pipeline"] == "small" else "pt").images
        if case["pipeline"] == "small":
            return image
        # One picture a prompt: the second stage multiplies what it is given by its own count.
        words = {**words, "num_images_per_prompt": 1, "prompt": [case["prompt"]] * case["count"]}
        if "negative_prompt" in words:
            words["negative_prompt"] = [words["negative_prompt"]] * case["count"]
    trace.steps("super", large.scheduler)
    return large(**words, image=image, num_inference_steps=case["super_steps"], guidance_scale=case["super_guidance"],
                 noise_level=case["noise_level"]).images


def swap(pipes, folder, graphs):
    small, large = pipes
    graphs.replace(small.text_encoder, "forward", lambda ids, attention_mask: (
        graphs.only(folder, "text_encoder", input_ids=ids, attention_mask=attention_mask),))
    for pipe, name in ((small, "unet"), (large, "super_res_unet")):
        def forward(x, t, encoder_hidden_states, class_labels=None, name=name, **_):
            return (graphs.only(folder, name, sample=x, timestep=t, encoder_hidden_states=encoder_hidden_states,
                                class_labels=class_labels),)

        graphs.replace(pipe.unet, "forward", forward)
