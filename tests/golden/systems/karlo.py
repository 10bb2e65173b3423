"""unCLIP as Karlo has it: text -> image embedding (prior) -> 8x8 picture (decoder) -> 16x16 (upsampler).

Settings: pipeline ("text" | "variation": from a picture, without prior and text), prompt, init (a file of inputs/),
prior_steps, steps (decoder), super_res_steps, prior_guidance, guidance, seed, count.
Sub-folders of its own, beside what UnCLIPPipeline and UnCLIPImageVariationPipeline name: prior/constants.safetensors
(clip_mean, clip_std [1, 32]) and text_proj/constants.safetensors (learned_classifier_free_guidance_embeddings [32]).
"""

import functools
import json
from types import SimpleNamespace

import torch
from diffusers import UnCLIPImageVariationPipeline, UnCLIPPipeline, UnCLIPScheduler
from diffusers import UNet2DConditionModel, UNet2DModel
from diffusers.pipelines.unclip import UnCLIPTextProjModel
from family_tools import finish, generator, given, picture, tokenizer, write_json
from safetensors.torch import save_file
from system_networks import clip_text, clip_vision, image_processor, lean, one_line_vocabulary, prior_graph, prior_network
from system_networks import text_graph, vision_graph
from system_tools import FLAT, GRID, ROWS, SCALAR, export, few_groups, gain, scheduler_files, start

WIDTH, CONTEXT, TIME = 32, 16, 32
DEFAULTS = {"folder": "tiny-karlo", "pipeline": "text", "prior_steps": 5, "steps": 5, "super_res_steps": 3,
            "prior_guidance": 4.0, "guidance": 4.0, "seed": 0, "count": 1}
SCHEDULERS = {
    # What diffusers' conversion of karlo-v1-alpha says (scripts/convert_kakao_brain_unclip_to_diffusers.py).
    "prior_scheduler": {"_class_name": "UnCLIPScheduler", "_diffusers_version": "0.11.0.dev0", "clip_sample": True,
                        "clip_sample_range": 5.0, "num_train_timesteps": 1000, "prediction_type": "sample",
                        "variance_type": "fixed_small_log"},
    "decoder_scheduler": {"_class_name": "UnCLIPScheduler", "_diffusers_version": "0.11.0.dev0", "clip_sample": True,
                          "clip_sample_range": 1.0, "num_train_timesteps": 1000, "prediction_type": "epsilon",
                          "variance_type": "learned_range"},
    "super_res_scheduler": {"_class_name": "UnCLIPScheduler", "_diffusers_version": "0.11.0.dev0", "clip_sample": True,
                            "clip_sample_range": 1.0, "num_train_timesteps": 1000, "prediction_type": "epsilon",
                            "variance_type": "fixed_small_log"},
}
VISIBLE = {
    "prompt": ["base", "prompt_other", "prompt_empty"],
    "seed": ["base", "seed_42"],
    "guidance": ["base", "guidance_8", "guidance_1"],
    "prior_guidance": ["base", "prior_guidance_8"],
    "init": ["variation", "variation_mask"],
}


@functools.cache
def networks():
    tokens = tokenizer()
    torch.manual_seed(3104)
    projection = UnCLIPTextProjModel(clip_embeddings_dim=WIDTH, time_embed_dim=TIME, cross_attention_dim=CONTEXT)
    gain(projection, {"context_tokens": 4.0}, 3104)
    with torch.no_grad():
        projection.learned_classifier_free_guidance_embeddings.normal_()
    with few_groups():
        torch.manual_seed(3105)
        decoder = UNet2DConditionModel(
            sample_size=8, in_channels=3, out_channels=6, layers_per_block=1, block_out_channels=(8, 16),
            down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
            up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
            mid_block_type="UNetMidBlock2DSimpleCrossAttn", resnet_time_scale_shift="scale_shift",
            class_embed_type="identity", cross_attention_dim=CONTEXT, attention_head_dim=4, norm_num_groups=4,
        )
    gain(decoder, {"add_k": 3.0, "add_v": 2.0, "to_out": 2.0}, 3105)
    lean(decoder, 3, rest=0.15)
    upsamplers = []
    for seed in (3106, 3107):
        torch.manual_seed(seed)
        upsamplers.append(lean(gain(UNet2DModel(
            sample_size=16, in_channels=6, out_channels=3, layers_per_block=1, block_out_channels=(8, 8),
            down_block_types=("ResnetDownsampleBlock2D",) * 2, up_block_types=("ResnetUpsampleBlock2D",) * 2,
            norm_num_groups=4, add_attention=False,
        ), {}, seed), 3, told=1.0, rest=0.15))
    return {
        "tokenizer": tokens, "text_encoder": clip_text(tokens, 3101, WIDTH), "text_proj": projection,
        "prior": prior_network(3102, WIDTH), "image_encoder": clip_vision(3103, WIDTH), "decoder": decoder,
        "feature_extractor": image_processor(), "super_res_first": upsamplers[0], "super_res_last": upsamplers[1],
    }


def schedulers():
    return {name: UnCLIPScheduler.from_config(config) for name, config in SCHEDULERS.items()}


def pipeline(kind):
    names = set(kind._get_signature_keys(kind)[0])
    return kind(**{k: v for k, v in {**networks(), **schedulers()}.items() if k in names})


def make_models(out):
    folder, parts = start(out, "tiny-karlo"), networks()
    pipeline(UnCLIPPipeline).save_config(folder)
    more = pipeline(UnCLIPImageVariationPipeline).config
    index = folder / "model_index.json"
    write_json(index, {**json.loads(index.read_text()), **{k: more[k] for k in ("feature_extractor", "image_encoder")}})
    scheduler_files(folder, **SCHEDULERS)
    one_line_vocabulary(parts["tokenizer"], folder / "tokenizer")
    parts["feature_extractor"].save_pretrained(folder / "feature_extractor")
    text_graph(folder / "text_encoder", parts["text_encoder"])
    vision_graph(folder / "image_encoder", parts["image_encoder"])
    prior_graph(folder / "prior", parts["prior"])

    projection = parts["text_proj"]
    projection.save_config(folder / "text_proj")
    save_file({"learned_classifier_free_guidance_embeddings":
               projection.learned_classifier_free_guidance_embeddings.detach()},
              folder / "text_proj" / "constants.safetensors")
    export(folder / "text_proj" / "model.onnx", projection,
           lambda m, image, prompt, states: m(image_embeddings=image, prompt_embeds=prompt,
                                              text_encoder_hidden_states=states, do_classifier_free_guidance=False),
           {"image_embeddings": (torch.randn(2, WIDTH), FLAT), "prompt_embeds": (torch.randn(2, WIDTH), FLAT),
            "text_encoder_hidden_states": (torch.randn(2, 77, WIDTH), ROWS)},
           {"encoder_hidden_states": ROWS, "class_labels": FLAT})

    mask = torch.arange(81) < torch.tensor([[81], [20]])
    parts["decoder"].save_config(folder / "decoder")
    export(folder / "decoder" / "model.onnx", parts["decoder"],
           lambda m, x, t, states, labels, mask: m(x, t, states, class_labels=labels, attention_mask=mask).sample,
           {"sample": (torch.randn(2, 3, 8, 8), GRID), "timestep": (torch.tensor(741), SCALAR),
            "encoder_hidden_states": (torch.randn(2, 81, CONTEXT), ROWS),
            "class_labels": (torch.randn(2, TIME), FLAT), "attention_mask": (mask, ("batch", "sequence"))},
           {"out_sample": GRID})
    for name in ("super_res_first", "super_res_last"):
        parts[name].save_config(folder / name)
        export(folder / name / "model.onnx", parts[name], lambda m, x, t: m(x, t).sample,
               {"sample": (torch.randn(2, 6, 16, 16), GRID), "timestep": (torch.tensor(741), SCALAR)},
               {"out_sample": GRID})
    finish(folder)


def cases():
    yield "base", {"prompt": "a red house in the snow at night"}
    yield "prompt_other", {"prompt": "a cat and a dog sitting on the yellow chair"}
    yield "prompt_empty", {"prompt": ""}
    yield "seed_42", {"prompt": "a red house in the snow at night", "seed": 42}
    yield "guidance_8", {"prompt": "a red house in the snow at night", "guidance": 8.0}
    # One decision for both: the decoder's 1 is run with two branches because the prior's is 4 ...
    yield "guidance_1", {"prompt": "a red house in the snow at night", "guidance": 1.0}
    yield "prior_guidance_8", {"prompt": "a red house in the snow at night", "prior_guidance": 8.0}
    # ... and here neither has a second branch.
    yield "no_guidance", {"prompt": "a red house in the snow at night", "prior_guidance": 1.0, "guidance": 1.0}
    yield "steps", {"prompt": "a red house in the snow at night", "prior_steps": 2, "steps": 9, "super_res_steps": 7}
    yield "count_2", {"prompt": "a red house in the snow at night", "count": 2, "prior_steps": 3, "steps": 3}
    yield "variation", {"pipeline": "variation", "init": "house.png"}
    yield "variation_tall", {"pipeline": "variation", "init": "house_tall.png"}
    yield "variation_mask", {"pipeline": "variation", "init": "mask_soft.png"}
    yield "variation_count_2", {"pipeline": "variation", "init": "house.png", "count": 2, "steps": 3, "seed": 7}
    yield "variation_no_guidance", {"pipeline": "variation", "init": "house.png", "guidance": 1.0}


def draw(case, swap, trace):
    pipe = pipeline(UnCLIPPipeline if case["pipeline"] == "text" else UnCLIPImageVariationPipeline)
    pipe.set_progress_bar_config(disable=True)
    swap(pipe)
    for name in ("prior", "decoder", "super_res"):
        if hasattr(pipe, f"{name}_scheduler"):
            trace.steps(name, getattr(pipe, f"{name}_scheduler"))
    trace.inputs(pipe.text_proj, image_embeddings="image_embeds")
    common = {"num_images_per_prompt": case["count"], "generator": generator(case),
              **given(case, steps="decoder_num_inference_steps", super_res_steps="super_res_num_inference_steps",
                      guidance="decoder_guidance_scale")}
    if case["pipeline"] == "variation":
        return pipe(image=picture(case["init"]).convert("RGB"), **common).images
    return pipe(prompt=case["prompt"], **common, **given(case, prior_steps="prior_num_inference_steps",
                                                         prior_guidance="prior_guidance_scale")).images


def swap(pipe, folder, graphs):
    def text_proj(image_embeddings, do_classifier_free_guidance, **more):
        if do_classifier_free_guidance:
            null = graphs.constants(folder, "text_proj")["learned_classifier_free_guidance_embeddings"]
            image_embeddings = torch.cat([null.expand_as(image_embeddings), image_embeddings])
        return tuple(graphs.run(folder, "text_proj", image_embeddings=image_embeddings, **more).values())

    graphs.replace(pipe.text_proj, "forward", text_proj)
    graphs.encoders(pipe, folder)
    if hasattr(pipe, "prior"):
        graphs.prior(pipe.prior, folder, "prior")
    for name in ("decoder", "super_res_first", "super_res_last"):
        graphs.replace(getattr(pipe, name), "forward",
                       lambda name=name, **more: SimpleNamespace(sample=graphs.only(folder, name, **more)))
