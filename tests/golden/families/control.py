"""ControlNets and a T2I-Adapter: networks beside the U-Net, whose outputs it adds to its own.

One folder has three ControlNets (the first with its scale as an input, the third with `global_pool_conditions`) and an
adapter; its U-Net takes the residuals of both kinds, and a request that names none of them draws as Stable Diffusion
does.
"""

import family_sd
import torch
from diffusers import (
    ControlNetModel, StableDiffusionAdapterPipeline, StableDiffusionControlNetImg2ImgPipeline,
    StableDiffusionControlNetInpaintPipeline, StableDiffusionControlNetPipeline, T2IAdapter,
)
from family_conditions import export_adapter, export_controlnet, export_unet, keep
from family_networks import text_encoder, unet, vae
from family_tools import WORK, given, picture, tokenizer
from tiny_networks import SCHEDULER

NAME = "tiny-control"
DEFAULTS = {"folder": NAME, "guidance": 7.5, "steps": 6, "scheduler": "ddim"}
FIRST = {"role": "controlnet", "picture": "house.png"}
SECOND = {"role": "controlnet:1", "picture": "house_alpha.png"}
POOLED = {"role": "controlnet:2", "picture": "house_tall.png"}
ADAPTER = {"role": "adapter", "picture": "house.png"}
VISIBLE = {
    "first": ["plain", "one", "scale_0.5"],
    "second": ["one", "second_alone", "both"],
    "start": ["one", "start_0.5"],
    "end": ["plain", "end_0.2"],
    "guess": ["one", "guess"],
    "adapter": ["plain", "adapter", "adapter_0.5"],
    "pooled": ["plain", "pooled"],
}


def controlnet(seed, base, **changes):
    torch.manual_seed(seed)
    model = ControlNetModel.from_unet(base, conditioning_embedding_out_channels=(4, 4, 4, 4))
    model.register_to_config(**changes)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.startswith(("controlnet_down_blocks", "controlnet_mid_block")):
                parameter.normal_(0, 0.5)
            elif name == "controlnet_cond_embedding.conv_out.weight":
                parameter.normal_(0, 2.0)
    return model.eval()


def adapter(seed, base):
    torch.manual_seed(seed)
    model = T2IAdapter(in_channels=3, channels=list(base.config.block_out_channels), num_res_blocks=1,
                       downscale_factor=8, adapter_type="full_adapter")
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(1.8)
    return model.eval()


def make_models(out):
    tokens = tokenizer()
    base = unet(3102)
    family_sd.make_folder(out, NAME, "StableDiffusionControlNetPipeline", SCHEDULER, tokenizer=tokens,
                          text_encoder=text_encoder(tokens, 3101), unet=base, vae=vae(3103, 0.18215))
    folder, width = out / NAME, base.config.cross_attention_dim
    side = {"controlnet": controlnet(3104, base), "controlnet_2": controlnet(3105, base),
            "controlnet_3": controlnet(3106, base, global_pool_conditions=True), "adapter": adapter(3107, base)}
    keep(NAME, **side)
    export_unet(base, folder / "unet" / "model.onnx", intra=2)
    export_controlnet(side["controlnet"], folder / "controlnet", True, width)
    export_controlnet(side["controlnet_2"], folder / "controlnet_2", False, width)
    export_controlnet(side["controlnet_3"], folder / "controlnet_3", False, width)
    export_adapter(side["adapter"], folder / "adapter")


def cases():
    yield "plain", {}
    yield "one", {"conditions": [FIRST]}
    yield "scale_0.5", {"conditions": [{**FIRST, "scale": 0.5}]}
    yield "second_alone", {"conditions": [SECOND]}
    yield "second_scale_1.5", {"conditions": [{**SECOND, "scale": 1.5}], "scheduler": "euler"}
    yield "both", {"conditions": [FIRST, SECOND]}
    yield "both_windows", {"conditions": [{**FIRST, "scale": 0.7, "end": 0.7}, {**SECOND, "start": 0.3}]}
    yield "start_0.5", {"conditions": [{**FIRST, "start": 0.5}]}
    yield "start_0.9", {"conditions": [{**FIRST, "start": 0.9}]}  # which no step follows
    yield "end_0.2", {"conditions": [{**FIRST, "end": 0.2}]}
    yield "end_0.5", {"conditions": [{**FIRST, "end": 0.5}]}
    yield "guess", {"conditions": [FIRST], "guess_mode": True, "guidance": 3.0}
    yield "guess_both", {"conditions": [FIRST, SECOND], "guess_mode": True, "scheduler": "euler"}
    yield "guess_without_guidance", {"conditions": [SECOND], "guess_mode": True, "guidance": 1.0}
    yield "without_guidance", {"conditions": [FIRST], "guidance": 1.0}
    yield "pooled", {"conditions": [POOLED], "width": 64, "height": 64}
    yield "pooled_second", {"conditions": [{**FIRST, "start": 0.4}, POOLED], "scheduler": "euler", "width": 64,
                            "height": 64}
    yield "pndm", {"conditions": [FIRST], "scheduler": None}
    yield "heun_windows", {"conditions": [{**FIRST, "start": 0.2, "end": 0.8}], "scheduler": "heun"}
    yield "picture_size", {"conditions": [{**FIRST, "picture": "house_wide.png"}]}
    yield "wide_count_2", {"conditions": [{**FIRST, "picture": "house_odd.png"}], "width": 96, "height": 64, "count": 2}
    yield "tall_both_count_2", {"conditions": [FIRST, SECOND], "width": 64, "height": 80, "count": 2, "steps": 4,
                                "scheduler": "euler_ancestral", "negative": "ugly"}
    yield "img2img", {"conditions": [FIRST], "init": "house_wide.png", "strength": 0.7, "width": 96, "height": 64}
    yield "img2img_window", {"conditions": [{**FIRST, "end": 0.5}, SECOND], "init": "house.png", "strength": 0.6,
                             "scheduler": "euler", "width": 64, "height": 64}
    yield "inpaint", {"conditions": [FIRST], "init": "house.png", "mask": "mask.png", "strength": 0.7, "width": 64,
                      "height": 64}
    yield "inpaint_padding_8", {"conditions": [FIRST], "init": "house.png", "mask": "mask_small.png", "mask_padding": 8,
                                "strength": 0.7, "width": 64, "height": 64}
    yield "adapter", {"conditions": [ADAPTER]}
    yield "adapter_0.5", {"conditions": [{**ADAPTER, "scale": 0.5}], "scheduler": "euler"}
    yield "adapter_wide_count_2", {"conditions": [{**ADAPTER, "picture": "house_odd.png"}], "width": 96, "height": 64,
                                   "count": 2, "negative": "ugly"}
    yield "adapter_without_guidance", {"conditions": [ADAPTER], "guidance": 1.0}


LOADED = {}


def network(kind, part):
    if part not in LOADED:
        LOADED[part] = kind.from_pretrained(WORK / NAME / part).eval()
    return LOADED[part]


def draw(case, swap):
    conditions = case["conditions"] or []
    if not conditions:
        return family_sd.draw(case, swap, NAME)
    if conditions[0]["role"] == "adapter":
        return draw_adapted(case, swap)
    parts = {"controlnet": "controlnet", "controlnet:1": "controlnet_2", "controlnet:2": "controlnet_3"}
    nets = [network(ControlNetModel, parts[each["role"]]) for each in conditions]
    pictures = [picture(each["picture"]).convert("RGB") for each in conditions]

    def each_or_one(values):
        return values if len(values) > 1 else values[0]

    more = {"controlnet_conditioning_scale": each_or_one([float(each.get("scale", 1.0)) for each in conditions]),
            "control_guidance_start": [each.get("start", 0.0) for each in conditions],
            "control_guidance_end": [each.get("end", 1.0) for each in conditions],
            "guess_mode": bool(case["guess_mode"]), **given(case, width="width", height="height")}
    if case["init"] is None:
        kind, more["image"] = StableDiffusionControlNetPipeline, each_or_one(pictures)
    else:
        kind = StableDiffusionControlNetInpaintPipeline if case["mask"] else StableDiffusionControlNetImg2ImgPipeline
        more.update(image=picture(case["init"]).convert("RGB"), control_image=each_or_one(pictures),
                    strength=case["strength"])
        if case["mask"]:
            more.update(mask_image=picture(case["mask"]), padding_mask_crop=case["mask_padding"])
    pipe = family_sd.pipeline(kind, case, NAME, controlnet=each_or_one(nets))
    swap(pipe)
    return pipe(**family_sd.common(case), **more).images


def draw_adapted(case, swap):
    [condition] = case["conditions"]
    parts = {key: value for key, value in family_sd.components(NAME).items() if key != "image_encoder"}
    parts["scheduler"] = family_sd.scheduler(case)
    pipe = StableDiffusionAdapterPipeline(**parts, adapter=network(T2IAdapter, "adapter"),
                                          requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    swap(pipe)
    return pipe(**family_sd.common(case), image=picture(condition["picture"]).convert("RGB"),
                adapter_conditioning_scale=condition.get("scale", 1.0), **given(case, width="width", height="height")).images
