"""How diffusers draws with the U-Net families that share StableDiffusionPipeline's components: text, picture, mask."""

import json

import diffusers
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionInpaintPipeline, StableDiffusionPipeline
from family_export import export
from family_tools import MODELS, WORK, generator, given, picture, scheduler_for, write_json
from PIL import ImageOps

LOADED = {}


def make_folder(out, name, class_name, scheduler, **parts):
    """Exports the parts to out/<name> with the given scheduler file.

    optimum knows no pipeline class for some families; to it they are text-to-image, and model_index.json is told the
    right name afterwards."""
    own = getattr(diffusers, scheduler["_class_name"]).from_config(scheduler)
    pipe = StableDiffusionPipeline(**parts, scheduler=own, safety_checker=None, feature_extractor=None,
                                   requires_safety_checker=False)
    export(pipe, name, out, scheduler)
    index = json.loads((out / name / "model_index.json").read_text())
    write_json(out / name / "model_index.json", {**index, "_class_name": class_name})


def components(network):
    """The torch networks kept under WORK/<network>, as keyword arguments of any of the pipelines."""
    if network not in LOADED:
        LOADED[network] = StableDiffusionPipeline.from_pretrained(WORK / network, safety_checker=None).components
    return dict(LOADED[network])


def scheduler(case):
    """The scheduler of the case over the folder's scheduler file."""
    config = json.loads((MODELS / case["folder"] / "scheduler" / "scheduler_config.json").read_text())
    return scheduler_for(case, config)


def pipeline(kind, case, network, **more):
    """A pipeline of class `kind` with the scheduler of the case over the folder's scheduler file."""
    parts = components(network)
    pipe = kind(**{**parts, "scheduler": scheduler(case)}, requires_safety_checker=False, **more)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def common(case):
    """The arguments that every one of these pipelines takes."""
    return {
        "prompt": case["prompt"], "num_inference_steps": case["steps"], "num_images_per_prompt": case["count"],
        "generator": generator(case), **given(case, negative="negative_prompt", guidance="guidance_scale", eta="eta"),
    }


def init_picture(pipe, case):
    """The init picture in RGB. The img2img pipelines take no size, so one that the case gives is applied before,
    with the pipeline's own resizer."""
    image = picture(case["init"]).convert("RGB")
    if case["width"] is None and case["height"] is None:
        return image
    return pipe.image_processor.resize(image, case["height"], case["width"])


def mask_picture(case):
    """White is painted. A case without a mask file takes what is transparent in its init picture."""
    if case["mask"] is None:
        return ImageOps.invert(picture(case["init"]).getchannel("A"))
    return picture(case["mask"])


def draw(case, swap, network, inpaint_model=False):
    if case["init"] is None:
        pipe = pipeline(StableDiffusionPipeline, case, network)
        more = given(case, width="width", height="height", guidance_rescale="guidance_rescale")
    elif case["mask"] is None and not inpaint_model and picture(case["init"]).mode == "RGB":
        pipe = pipeline(StableDiffusionImg2ImgPipeline, case, network)
        more = {"image": init_picture(pipe, case), **given(case, strength="strength")}
    else:
        pipe = pipeline(StableDiffusionInpaintPipeline, case, network)
        more = {"image": picture(case["init"]).convert("RGB"), "mask_image": mask_picture(case),
                **given(case, strength="strength", width="width", height="height",
                        mask_padding="padding_mask_crop")}
    swap(pipe)
    return pipe(**common(case), **more).images
