"""Pictures as prompts: an IP-Adapter inside the U-Net, whose strength is an input, and CLIP's image encoder beside it."""

import json

import family_sd
import torch
from diffusers import StableDiffusionPipeline
from family_compact import shorten
from family_conditions import GRID, export_image_encoder, image_encoder, keep
from family_networks import text_encoder, unet, vae
from family_tools import WORK, given, picture, tokenizer, write_json
from legacy_export import export
from tiny_networks import SCHEDULER
from transformers import CLIPImageProcessor, CLIPVisionModelWithProjection

NAME = "tiny-image-prompt"
DEFAULTS = {"folder": NAME, "guidance": 7.5, "steps": 6, "scheduler": "ddim"}
PROMPT = {"role": "image_prompt", "picture": "house.png"}
TOKENS = 4
VISIBLE = {"picture": ["plain", "house", "scale_0.5", "other"]}


def with_adapter(model, seed, width):
    """The U-Net with an IP-Adapter of random weights, by diffusers' own loader."""
    torch.manual_seed(seed)
    context = model.config.cross_attention_dim
    cross = [name for name in model.attn_processors if name.endswith("attn2.processor")]
    weights = {}
    for number, name in enumerate(cross):
        inner = model.get_submodule(name.removesuffix(".processor")).to_k.out_features
        for part in ("to_k_ip", "to_v_ip"):
            weights[f"{2 * number + 1}.{part}.weight"] = torch.randn(inner, context) * (0.5 if part == "to_k_ip" else 1.0)
    model._load_ip_adapter_weights([{
        "image_proj": {"proj.weight": torch.randn(TOKENS * context, width) * 0.5, "proj.bias": torch.zeros(TOKENS * context),
                       "norm.weight": torch.ones(context), "norm.bias": torch.zeros(context)},
        "ip_adapter": weights,
    }])
    return model.eval()


def processors(model):
    return [p for name, p in model.attn_processors.items() if name.endswith("attn2.processor")]


class Denoiser(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, sample, timestep, encoder_hidden_states, image_embeds, ip_adapter_scale):
        for number, processor in enumerate(processors(self.model)):
            processor.scale = [ip_adapter_scale[number]]
        return self.model(sample, timestep, encoder_hidden_states, return_dict=False,
                          added_cond_kwargs={"image_embeds": [image_embeds]})[0]


def make_models(out):
    tokens, eyes = tokenizer(), image_encoder(3304, 16)
    plain = unet(3302)
    family_sd.make_folder(out, NAME, "StableDiffusionPipeline", SCHEDULER, tokenizer=tokens,
                          text_encoder=text_encoder(tokens, 3301), unet=plain, vae=vae(3303, 0.18215))
    keep(NAME, image_encoder=eyes)
    folder, model = out / NAME, with_adapter(plain, 3305, 16)
    count = len(processors(model))
    export(Denoiser(model), (torch.randn(2, 4, 8, 8), torch.tensor(1.0), torch.randn(2, 77, 16), torch.randn(2, 2, 16),
                             torch.full((count,), 0.7)),
           ["sample", "timestep", "encoder_hidden_states", "image_embeds", "ip_adapter_scale"], ["out_sample"],
           {"sample": GRID, "encoder_hidden_states": {0: "batch", 1: "sequence"},
            "image_embeds": {0: "batch", 1: "pictures"}}, folder / "unet" / "model.onnx", 17)
    shorten(folder / "unet" / "model.onnx")
    export_image_encoder(eyes, folder)
    index = json.loads((folder / "model_index.json").read_text())
    write_json(folder / "model_index.json", {**index, "image_encoder": ["transformers", "CLIPVisionModelWithProjection"],
                                             "feature_extractor": ["transformers", "CLIPImageProcessor"]})


def cases():
    yield "plain", {}
    yield "house", {"conditions": [PROMPT]}
    yield "scale_0.5", {"conditions": [{**PROMPT, "scale": 0.5}]}
    yield "other", {"conditions": [{**PROMPT, "picture": "mask_soft.png"}], "scheduler": "euler"}
    yield "two", {"conditions": [PROMPT, {**PROMPT, "picture": "house_odd.png"}]}
    yield "without_guidance", {"conditions": [PROMPT], "guidance": 1.0}
    yield "wide_count_2", {"conditions": [{**PROMPT, "picture": "house_tall.png"}], "width": 96, "height": 64, "count": 2,
                           "negative": "ugly"}


LOADED = {}


def draw(case, swap):
    parts = family_sd.components(NAME)
    if not LOADED:
        LOADED.update(
            unet=with_adapter(parts["unet"], 3305, 16),
            image_encoder=CLIPVisionModelWithProjection.from_pretrained(WORK / NAME / "image_encoder").eval(),
            feature_extractor=CLIPImageProcessor.from_pretrained(WORK / NAME / "feature_extractor"),
        )
    parts.update(LOADED, scheduler=family_sd.scheduler(case))
    pipe = StableDiffusionPipeline(**parts, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    conditions = case["conditions"] or []
    scale = conditions[0].get("scale", 1.0) if conditions else 0.0
    pictures = [picture(each["picture"]).convert("RGB") for each in conditions] or [picture("house.png")]
    pipe.set_ip_adapter_scale(scale)
    swap(pipe, ip_adapter_scale=[scale] * len(processors(pipe.unet)))
    return pipe(**family_sd.common(case), ip_adapter_image=[pictures], **given(case, width="width", height="height")).images
