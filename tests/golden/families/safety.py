"""A safety checker beside Stable Diffusion 1.x in the legacy layout: which pictures it flags.

The concepts are random; each threshold lies halfway between two of the pictures that cases() asks for, so that some are
flagged and some not, and none is near the edge. The pictures in the golden file are as they were before the checker,
which in diffusers paints the flagged ones black.
"""

import json

import numpy as np
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker, cosine_distance
from family_compact import shorten
from family_networks import text_encoder, unet, vae
from family_tools import (
    DEFAULTS as FIELDS, MODELS, WORK, Session, finish, fresh, generator, given, scheduler_for, tokenizer, write_json,
)
from legacy_export import Decoder, Denoiser, TextEncoder, export
from tiny_networks import SCHEDULER
from transformers import CLIPConfig, CLIPImageProcessor, CLIPTextModel, CLIPTokenizer

DEFAULTS = {"folder": "tiny-safety", "guidance": 7.5, "steps": 4, "scheduler": "ddim"}
PROCESSOR = {"size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 224}}  # CLIP's own else
MARGIN = 0.004  # how far every score is from its threshold, at least; a grey level moves scores by far less
LOADED = {}


class Checker(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, clip_input, images):
        return self.model.forward_onnx(clip_input, images)


def checker():
    torch.manual_seed(2604)
    vision = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
              "image_size": 224, "patch_size": 16}
    text = {"vocab_size": 8, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1,
            "num_attention_heads": 1}  # CLIPConfig wants one; the checker has no text part
    model = StableDiffusionSafetyChecker(CLIPConfig(text_config=text, vision_config=vision, projection_dim=16))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "self_attn" in name and name.endswith("weight"):
                parameter.normal_(0, 0.4)
            elif "patch_embedding" in name:
                parameter.normal_(0, 0.1)
        model.concept_embeds.normal_()
        model.special_care_embeds.normal_()
        model.concept_embeds_weights.fill_(2.0)  # nothing is flagged until calibrate()
        model.special_care_embeds_weights.fill_(2.0)
    return model.eval()


def scores(model, images):
    """Cosines of the pictures with the 17 concepts and with the 3 of special care."""
    pixels = CLIPImageProcessor(**PROCESSOR)(images, return_tensors="pt").pixel_values
    with torch.no_grad():
        embeds = model.visual_projection(model.vision_model(pixels)[1])
        return [cosine_distance(embeds, c).numpy() for c in (model.concept_embeds, model.special_care_embeds)]


def gap_above(values):
    """The middle of the widest gap in the upper half of the values."""
    ordered = np.sort(values)[len(values) // 2 :]
    widest = int(np.argmax(np.diff(ordered)))
    return float(ordered[widest : widest + 2].mean())


def calibrate(model, images):
    """Two concepts tell pictures apart by themselves; a third does only by the 0.01 that special care adds."""
    concepts, special = scores(model, images)
    spread = np.argsort(-concepts.std(axis=0))
    with torch.no_grad():
        for index in spread[:2]:
            model.concept_embeds_weights[index] = gap_above(concepts[:, index])
        model.special_care_embeds_weights[0] = gap_above(special[:, 0])
        cared = special[:, 0] > float(model.special_care_embeds_weights[0])
        flagged = (concepts > model.concept_embeds_weights.numpy()).any(axis=1)
        only_cared = np.flatnonzero(cared & ~flagged)
        assert len(only_cared), "no picture that special care alone could flag"
        model.concept_embeds_weights[spread[2]] = float(concepts[only_cared, spread[2]].max()) + 0.005
    for values, limits in ((concepts, model.concept_embeds_weights), (special, model.special_care_embeds_weights)):
        limits = limits.numpy()
        for edge in (limits, limits - 0.01):
            assert np.abs(values - edge).min() > MARGIN, np.abs(values - edge).min()


def make_models(out):
    tokens = tokenizer()
    parts = {"text_encoder": text_encoder(tokens, 2601), "unet": unet(2602), "vae": vae(2603, 0.18215)}
    work, folder = fresh(WORK / "tiny-safety"), fresh(out / "tiny-safety")
    for name, model in {**parts, "tokenizer": tokens}.items():
        model.save_pretrained(work / name)
    write_json(folder / "scheduler" / "scheduler_config.json", SCHEDULER)
    images = []
    for name, changes in cases():
        images += pictures({"name": name, **FIELDS, **DEFAULTS, **changes}, lambda _: None)
    safety = checker()
    calibrate(safety, images)
    safety.save_pretrained(work / "safety_checker")

    grid = {0: "batch", 1: "channels", 2: "height", 3: "width"}
    states = {0: "batch", 1: "sequence"}
    export(TextEncoder(parts["text_encoder"]), (torch.ones(1, 77, dtype=torch.int32),), ["input_ids"],
           ["last_hidden_state", "pooler_output"], {"input_ids": states}, folder / "text_encoder" / "model.onnx", 14)
    export(Denoiser(parts["unet"]), (torch.randn(2, 4, 8, 8), torch.ones(2), torch.randn(2, 77, 16)),
           ["sample", "timestep", "encoder_hidden_states"], ["out_sample"],
           {"sample": grid, "timestep": {0: "batch"}, "encoder_hidden_states": states},
           folder / "unet" / "model.onnx", 14)
    export(Decoder(parts["vae"]), (torch.randn(1, 4, 8, 8),), ["latent_sample"], ["sample"], {"latent_sample": grid},
           folder / "vae_decoder" / "model.onnx", 14)
    export(Checker(safety), (torch.randn(1, 3, 224, 224), torch.rand(1, 64, 64, 3)), ["clip_input", "images"],
           ["out_images", "has_nsfw_concepts"],
           {"clip_input": grid, "images": {0: "batch", 1: "height", 2: "width", 3: "channels"}},
           folder / "safety_checker" / "model.onnx", 14)
    for graph in folder.rglob("*.onnx"):
        shorten(graph)
    tokens.save_pretrained(folder / "tokenizer")
    CLIPImageProcessor(**PROCESSOR).save_pretrained(folder / "feature_extractor")
    graphs = ("text_encoder", "unet", "vae_decoder", "safety_checker")
    write_json(folder / "model_index.json", {
        "_class_name": "OnnxStableDiffusionPipeline", "_diffusers_version": "0.10.2",
        "feature_extractor": ["transformers", "CLIPImageProcessor"], "requires_safety_checker": True,
        "scheduler": ["diffusers", "PNDMScheduler"], "tokenizer": ["transformers", "CLIPTokenizer"],
        **{name: ["diffusers", "OnnxRuntimeModel"] for name in graphs},
    })
    for vocabulary in folder.rglob("vocab.json"):
        vocabulary.write_text(json.dumps(json.loads(vocabulary.read_text()), ensure_ascii=False))
    finish(folder)
    check_graph(safety, folder, images)


def check_graph(safety, folder, images):
    """The exported graph flags what diffusers' own run flags, one picture at a time as its Onnx pipeline does."""
    session = Session(folder / "safety_checker" / "model.onnx")
    for image in images:
        pixels = CLIPImageProcessor(**PROCESSOR)(image, return_tensors="np").pixel_values
        plain = np.asarray(image, dtype=np.float32)[None] / 255
        got = session(clip_input=pixels, images=plain.copy())
        expected = safety(torch.from_numpy(pixels), plain.copy())[1]
        assert got["has_nsfw_concepts"].tolist() == expected, (got["has_nsfw_concepts"], expected)


def cases():
    prompts = ("a red house in the snow at night", "a cat and a dog sitting on the yellow chair", "")
    for index, prompt in enumerate(prompts):
        yield f"count_3_prompt_{index}", {"prompt": prompt, "count": 3, "seed": index}
    yield "wide", {"width": 96, "height": 64, "seed": 4}
    yield "tall", {"width": 64, "height": 96, "seed": 5}
    yield "one", {"seed": 6}


def networks():
    if not LOADED:
        work = WORK / "tiny-safety"
        LOADED.update(
            text_encoder=CLIPTextModel.from_pretrained(work / "text_encoder"),
            tokenizer=CLIPTokenizer.from_pretrained(work / "tokenizer"),
            unet=UNet2DConditionModel.from_pretrained(work / "unet"), vae=AutoencoderKL.from_pretrained(work / "vae"),
        )
    return LOADED


def pictures(case, swap):
    config = json.loads((MODELS / case["folder"] / "scheduler" / "scheduler_config.json").read_text())
    pipe = StableDiffusionPipeline(**networks(), scheduler=scheduler_for(case, config), safety_checker=None,
                                   feature_extractor=None, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    swap(pipe)
    return pipe(
        case["prompt"], num_inference_steps=case["steps"], num_images_per_prompt=case["count"],
        generator=generator(case), **given(case, guidance="guidance_scale", width="width", height="height"),
    ).images


def draw(case, swap):
    images = pictures(case, swap)
    safety = StableDiffusionSafetyChecker.from_pretrained(WORK / "tiny-safety" / "safety_checker")
    pixels = CLIPImageProcessor(**PROCESSOR)(images, return_tensors="pt").pixel_values
    case["flags"] = safety(pixels, [np.asarray(i, dtype=np.float32) for i in images])[1]
    return images
