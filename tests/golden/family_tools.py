"""What the modules under families/ share: defaults of a case, schedulers, inputs, folders, and graphs as networks.

A module families/<name>.py is one family of models. make_family_models.py and make_family_pictures.py find it by
its file and use these names of it:

  make_models(out)      writes its folders under `out` (each with its graphs, tokenizer and scheduler) and keeps
                        the torch networks under WORK; absent when the family draws with somebody else's folder
  cases()               yields (name, changes); changes are laid over DEFAULTS here, then over the module's DEFAULTS
  DEFAULTS              optional: what every case of the module says
  draw(case, swap)      the pictures (PIL, mode RGB) as diffusers draws them on the torch networks. It calls
                        swap(pipeline) once the pipeline stands: a second round draws with the folder's own graphs.
                        May set case["flags"] (safety checker)
  VISIBLE               optional: {setting: [names of cases]}; any two differ by ten grey levels on average
"""

import contextlib
import json
import shutil
from pathlib import Path

import diffusers
import numpy as np
import onnxruntime
import torch
from diffusers.models.autoencoders.vae import DecoderOutput
from diffusers.models.unets.unet_2d_condition import UNet2DConditionOutput
from PIL import Image
from scheduler_cases import cases as scheduler_cases
from tiny_networks import write_vocabulary
from transformers import CLIPTokenizer

HERE = Path(__file__).resolve().parent
WORK = HERE.parents[1] / "target" / "golden"
MODELS = HERE.parent / "models"
INPUTS = HERE / "inputs"
CLASSES = {"lcm": "LCMScheduler", "tcd": "TCDScheduler", "flow_euler": "FlowMatchEulerDiscreteScheduler",
           "flow_heun": "FlowMatchHeunDiscreteScheduler"}
CLASSES.update({name: class_name for name, (class_name, _) in scheduler_cases().items()})
FIELDS = (
    "folder", "prompt", "negative", "guidance", "steps", "seed", "width", "height", "count", "scheduler", "sigmas",
    "config_changes", "init", "mask", "strength", "image_guidance", "noise_level", "guidance_rescale", "eta",
    "clip_skip", "mask_padding", "prompt_2", "negative_2", "prompt_3", "negative_3", "denoising_start",
    "denoising_end", "latents_from", "original_size", "crop", "target_size", "negative_original_size",
    "negative_crop", "negative_target_size", "aesthetic_score", "negative_aesthetic_score", "true_cfg",
    "max_sequence_length", "conditions", "guess_mode", "boxes", "boxes_until", "base", "remove", "files", "flags",
)
DEFAULTS = dict.fromkeys(FIELDS) | {
    "prompt": "a red house in the snow at night", "steps": 6, "seed": 0, "count": 1,
}


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def tokenizer(**more):
    """The small CLIP vocabulary of tiny_networks.py."""
    folder = WORK / "vocabulary"
    write_vocabulary(folder)
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77, **more)


def finish(folder):
    """Takes this machine's paths out of the json files, and checks that each graph opens."""
    for path in folder.rglob("*.json"):
        value = json.loads(path.read_text())
        if isinstance(value, dict) and value.pop("_name_or_path", None):
            write_json(path, value)
    for graph in folder.rglob("*.onnx"):
        onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    for extra in folder.rglob("tokenizer.json"):  # nobody's older folder has it, and the vocabulary says the same
        if (extra.parent / "vocab.json").exists():
            extra.unlink()


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def scheduler_for(case, config):
    """The case's scheduler over the folder's own scheduler config: a class change as a user of diffusers makes it."""
    changes = dict(case["config_changes"] or {})
    own = getattr(diffusers, config["_class_name"]).from_config({**config, **changes})
    if case["scheduler"] == "dpmpp_2m_sde":
        changes["algorithm_type"] = "sde-dpmsolver++"
    if case["sigmas"] not in (None, "default"):
        changes[f"use_{case['sigmas']}_sigmas"] = True
    wanted = CLASSES[case["scheduler"]] if case["scheduler"] else config["_class_name"]
    return getattr(diffusers, wanted).from_config(own.config, **changes)


def given(case, **names):
    """{argument: value} of the fields that the case gives: given(case, negative="negative_prompt")."""
    return {argument: case[field] for field, argument in names.items() if case[field] is not None}


def generator(case):
    return torch.Generator("cpu").manual_seed(int(case["seed"]))


def picture(name):
    """A file of inputs/ as it stands: mode RGB, L or RGBA."""
    return Image.open(INPUTS / name).copy()


class Session:
    """A graph, fed by name; types and ranks as its inputs ask."""

    NUMPY = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(int64)": np.int64,
             "tensor(int32)": np.int32, "tensor(bool)": np.bool_}

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.inputs = {i.name: i for i in self.session.get_inputs()}
        self.outputs = [o.name for o in self.session.get_outputs()]

    def __call__(self, **values):
        feeds = {}
        for name, i in self.inputs.items():
            value = np.asarray(values[name])
            if name == "timestep" and value.ndim != len(i.shape):
                value = value.reshape([1] * len(i.shape))
            feeds[name] = value.astype(self.NUMPY[i.type])
        outputs = self.session.run(None, feeds)
        return {name: torch.from_numpy(np.asarray(o)) for name, o in zip(self.outputs, outputs)}


def _patch(stack, owner, name, function):
    stack.callback(owner.__dict__.pop, name, None)
    object.__setattr__(owner, name, function)


def residuals(session, sample, extra):
    """{input: value} of a U-Net's residuals (family_conditions.py); zeros where nothing is added."""
    given = {"mid_block_additional_residual": extra.get("mid_block_additional_residual")}
    for kind in ("down_block_additional_residuals", "down_intrablock_additional_residuals"):
        given.update({f"{kind}.{i}": value for i, value in enumerate(extra.get(kind) or ())})
    for name, i in session.inputs.items():
        if "_residual" in name and given.get(name) is None:
            height, width = (sample.shape[axis] // int(i.shape[axis].split("_")[1]) for axis in (2, 3))
            given[name] = torch.zeros(sample.shape[0], i.shape[1], height, width)
    return given


def graph_swap(folder, sessions, base=None):
    """swap(pipeline) for draw(): every network of the pipeline computes with the folder's graph of the same name.

    Text encoders are left in torch (their exports differ in which hidden states they give); returns the stack whose
    close() puts the networks back. What swap is given besides goes into the U-Net's graph, and is asked again at each call
    where it is a function. base: where what the folder lacks is. sessions: a dict to keep opened graphs in."""
    stack, fixed = contextlib.ExitStack(), {}

    def session(part):
        key = (folder, part)
        if key not in sessions:
            own = folder if base is None or (folder / part).exists() else base
            sessions[key] = Session(own / part / "model.onnx")
        return sessions[key]

    def unet(sample, timestep, encoder_hidden_states, timestep_cond=None, class_labels=None,
             added_cond_kwargs=None, return_dict=True, **extra):
        more = {**(added_cond_kwargs or {}), "timestep_cond": timestep_cond, "class_labels": class_labels}
        more.update(residuals(session("unet"), sample, extra))
        more.update((extra.get("cross_attention_kwargs") or {}).get("gligen") or {})
        more.update({k: v() if callable(v) else v for k, v in fixed.items()})
        more = {k: v[0] if k == "image_embeds" else v for k, v in more.items() if v is not None}
        out = session("unet")(sample=sample, timestep=timestep, encoder_hidden_states=encoder_hidden_states, **more)
        out = next(iter(out.values()))
        return UNet2DConditionOutput(sample=out) if return_dict else (out,)

    def transformer(hidden_states, return_dict=False, **more):
        known = {k: v for k, v in more.items() if v is not None and k != "joint_attention_kwargs"}
        return (next(iter(session("transformer")(hidden_states=hidden_states, **known).values())),)

    def encode(x):
        return session("vae_encoder")(sample=x)["latent_parameters"]

    def decode(z, return_dict=True):
        sample = session("vae" if (folder / "vae").exists() else "vae_decoder")(latent_sample=z)["sample"]
        return DecoderOutput(sample=sample) if return_dict else (sample,)

    def swap(pipeline, **inputs):
        fixed.clear()
        fixed.update(inputs)
        for name, function in (("unet", unet), ("transformer", transformer)):
            if getattr(pipeline, name, None) is not None:
                _patch(stack, getattr(pipeline, name), "forward", function)
        if ((base or folder) / "vae_encoder").exists():
            _patch(stack, pipeline.vae, "_encode", encode)
        _patch(stack, pipeline.vae, "_decode", decode)

    return swap, stack
