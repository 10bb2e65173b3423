"""Graphs of denoisers that are told more than text: ControlNets, adapters, and the U-Net with inputs for them.

Names of inputs are those that models/README.md lists. The dynamic sizes of residuals are called height_N and width_N,
where N is what the latents' sizes are divided by: graph_swap() in family_tools.py makes zeros by that.
"""

import json

import torch
from family_compact import shorten
from family_tools import WORK, write_json
from legacy_export import export
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

GRID = {0: "batch", 2: "height", 3: "width"}


class Denoiser(torch.nn.Module):
    """The U-Net with residuals as inputs: `down` of a ControlNet and its middle one, `intra` of an adapter."""

    def __init__(self, model, down, intra):
        super().__init__()
        self.model, self.down, self.intra = model, down, intra

    def forward(self, sample, timestep, encoder_hidden_states, *residuals):
        residuals, more = taken(self.model, residuals)
        if self.down:
            more["down_block_additional_residuals"] = list(residuals[:self.down])
            more["mid_block_additional_residual"] = residuals[self.down]
        if self.intra:
            more["down_intrablock_additional_residuals"] = list(residuals[len(residuals) - self.intra:])
        return self.model(sample, timestep, encoder_hidden_states, return_dict=False, **more)[0]


def added(model):
    """What Stable Diffusion XL's networks are told besides: {input: a value}, in the order of the graph's inputs."""
    if model.config.addition_embed_type != "text_time":
        return {}
    count = 6
    width = model.config.projection_class_embeddings_input_dim - count * model.config.addition_time_embed_dim
    return {"text_embeds": torch.randn(2, width), "time_ids": torch.randn(2, count)}


def taken(model, arguments):
    """The arguments without those of added(), and the latter as the model takes them."""
    names = list(added(model))
    values = dict(zip(names, arguments))
    return arguments[len(names):], {"added_cond_kwargs": values} if names else {}


class ControlNet(torch.nn.Module):
    """scaled: the scale is an input; else the residuals are as they come."""

    def __init__(self, model, scaled):
        super().__init__()
        self.model, self.scaled = model, scaled

    def forward(self, sample, timestep, encoder_hidden_states, controlnet_cond, *rest):
        rest, more = taken(self.model, rest)
        scale = rest[0] if self.scaled else 1.0
        down, mid = self.model(sample, timestep, encoder_hidden_states, controlnet_cond, scale, return_dict=False, **more)
        return (*down, mid)


class Adapter(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, image):
        return tuple(self.model(image))


def residual(divisor):
    return {0: "batch", 2: f"height_{divisor}", 3: f"width_{divisor}"}


def residual_names(model, intra=0):
    """{input: (channels, divisor)} of the U-Net's residuals, in the order in which it adds them."""
    widths, layers = model.config.block_out_channels, model.config.layers_per_block
    down = [(widths[0], 1)]
    for level, width in enumerate(widths):
        down += [(width, 2 ** level)] * layers
        if level + 1 < len(widths):
            down.append((width, 2 ** (level + 1)))
    names = {f"down_block_additional_residuals.{i}": shape for i, shape in enumerate(down)}
    names["mid_block_additional_residual"] = (widths[-1], 2 ** (len(widths) - 1))
    names.update({f"down_intrablock_additional_residuals.{i}": (widths[i], 2 ** i) for i in range(intra)})
    return names


def export_unet(model, path, intra=0):
    names = residual_names(model, intra)
    residuals = [torch.randn(2, width, 8 // divisor, 8 // divisor) for width, divisor in names.values()]
    context = torch.randn(2, 77, model.config.cross_attention_dim)
    sample, more = torch.randn(2, model.config.in_channels, 8, 8), added(model)
    axes = {"sample": GRID, "encoder_hidden_states": {0: "batch", 1: "sequence"}, **{name: {0: "batch"} for name in more},
            **{name: residual(divisor) for name, (_, divisor) in names.items()}}
    export(Denoiser(model, len(names) - 1 - intra, intra), 
           (sample, torch.tensor(1.0), context, *more.values(), *residuals),
           ["sample", "timestep", "encoder_hidden_states", *more, *names], ["out_sample"], axes, path, 17)
    shorten(path)


def export_controlnet(model, folder, scaled, context_width):
    more = added(model)
    arguments = (torch.randn(2, 4, 8, 8), torch.tensor(1.0), torch.randn(2, 77, context_width),
                 torch.randn(2, 3, 64, 64), *more.values(), *([torch.tensor(1.0)] if scaled else []))
    names = ["sample", "timestep", "encoder_hidden_states", "controlnet_cond", *more] + ["conditioning_scale"] * scaled
    outputs = [f"down_block_res_samples.{i}" for i in range(len(model.controlnet_down_blocks))]
    export(ControlNet(model, scaled), arguments, names, [*outputs, "mid_block_res_sample"],
           {"sample": GRID, "encoder_hidden_states": {0: "batch", 1: "sequence"}, **{name: {0: "batch"} for name in more},
            "controlnet_cond": {0: "batch", 2: "picture_height", 3: "picture_width"}}, folder / "model.onnx", 17)
    shorten(folder / "model.onnx")
    config = {key: value for key, value in model.config.items() if not key.startswith("_")}
    write_json(folder / "config.json", {"_class_name": "ControlNetModel", **json.loads(json.dumps(config))})


def export_adapter(model, folder):
    export(Adapter(model), (torch.randn(1, model.config.in_channels, 64, 64),), ["image"],
           [f"features.{i}" for i in range(len(model.config.channels))],
           {"image": {0: "batch", 2: "height", 3: "width"}}, folder / "model.onnx", 17)
    shorten(folder / "model.onnx")


def keep(name, **models):
    """Keeps torch networks under WORK/name beside those that family_export.py put there."""
    for part, model in models.items():
        model.save_pretrained(WORK / name / part)


def image_encoder(seed, width):
    """CLIP's image encoder: pictures of 32 pixels, embeddings of the given width."""
    torch.manual_seed(seed)
    config = CLIPVisionConfig(hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
                              image_size=32, patch_size=8, projection_dim=width)
    model = CLIPVisionModelWithProjection(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                parameter.normal_(0, 0.3)
    return model.eval()


class ImageEncoder(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model(pixel_values).image_embeds


def export_image_encoder(model, folder):
    """The graph, and how it wants to see pictures; a copy of the latter goes beside the torch networks."""
    export(ImageEncoder(model), (torch.randn(1, 3, 32, 32),), ["pixel_values"], ["image_embeds"],
           {"pixel_values": {0: "batch"}}, folder / "image_encoder" / "model.onnx", 17)
    shorten(folder / "image_encoder" / "model.onnx")
    eyes = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    for place in (folder, WORK / folder.name):
        eyes.save_pretrained(place / "feature_extractor")
