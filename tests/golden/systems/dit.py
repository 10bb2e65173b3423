"""DiT: pictures of a class. A transformer over latents, learned variance (not used in sampling), null class 1000.

Settings: classes (one picture each, in one batch), steps, guidance, seed, scheduler (the command line's name, or the
folder's own). Branches: [class, null], and none for null at a guidance of 1 or less.
model_index.json carries id2label, {id: "name, other name"}, as DiT-XL-2-256's.
"""

import functools
import json
from types import SimpleNamespace

import torch
from diffusers import DiTPipeline, DiTTransformer2DModel
from diffusers.models.autoencoders.vae import DecoderOutput
from family_networks import vae
from family_tools import finish, generator, scheduler_for, write_json
from system_tools import EACH, GRID, export, gain, scheduler_files, start

LABELS = {0: "tench, Tinca tinca", 1: "goldfish, Carassius auratus", 207: "golden retriever", 281: "tabby, tabby cat",
          999: "toilet tissue, toilet paper, bathroom tissue"}
DEFAULTS = {"folder": "tiny-dit", "classes": [207], "steps": 8, "guidance": 4.0, "seed": 0, "scheduler": None}
# DiT's own diffusion (facebookresearch/DiT diffusion/gaussian_diffusion.py, linear) in the class of diffusers' folder.
SCHEDULER = {"_class_name": "DDIMScheduler", "_diffusers_version": "0.12.0.dev0", "beta_end": 0.02,
             "beta_schedule": "linear", "beta_start": 0.0001, "clip_sample": False, "num_train_timesteps": 1000,
             "prediction_type": "epsilon", "set_alpha_to_one": True, "steps_offset": 0, "trained_betas": None}
VISIBLE = {
    "class": ["base", "class_0", "class_999"],
    "seed": ["base", "seed_42"],
    "guidance": ["base", "guidance_1"],
    "scheduler": ["base", "euler"],
}


@functools.cache
def networks():
    torch.manual_seed(3301)
    transformer = DiTTransformer2DModel(
        sample_size=8, num_layers=2, patch_size=2, attention_head_dim=8, num_attention_heads=2, in_channels=4,
        out_channels=8, attention_bias=True, activation_fn="gelu-approximate", num_embeds_ada_norm=1000,
        norm_type="ada_norm_zero", norm_elementwise_affine=False,
    )
    gain(transformer, {"class_embedder": 3.0, "norm1.linear": 2.0, "pos_embed.proj": 8.0, "to_v": 2.0, "proj_out_2": 2.0}, 3301)
    return {"transformer": transformer, "vae": vae(3302, 0.18215, channels=(4, 4, 4, 4), out=2.2)}


def make_models(out):
    folder, parts = start(out, "tiny-dit"), networks()
    pipe = DiTPipeline(**parts, scheduler=scheduler_for({"config_changes": None, "scheduler": None, "sigmas": None},
                                                        SCHEDULER), id2label=LABELS)
    pipe.save_config(folder)
    index = json.loads((folder / "model_index.json").read_text())
    write_json(folder / "model_index.json", {**index, "id2label": {str(k): v for k, v in LABELS.items()}})
    scheduler_files(folder, scheduler=SCHEDULER)
    parts["transformer"].save_config(folder / "transformer")
    export(folder / "transformer" / "model.onnx", parts["transformer"],
           lambda m, x, t, labels: m(x, t, labels).sample,
           {"hidden_states": (torch.randn(2, 4, 8, 8), ("batch", None, None, None)),
            "timestep": (torch.tensor([741.25, 3.0]), EACH), "class_labels": (torch.tensor([207, 1000]), EACH)},
           {"out_sample": ("batch", None, None, None)})
    parts["vae"].save_config(folder / "vae_decoder")
    export(folder / "vae_decoder" / "model.onnx", parts["vae"], lambda m, z: m.decode(z).sample,
           {"latent_sample": (torch.randn(2, 4, 8, 8), GRID)}, {"sample": GRID})
    finish(folder)


def cases():
    yield "base", {}
    yield "class_0", {"classes": [0]}
    yield "class_999", {"classes": [999]}
    yield "seed_42", {"seed": 42}
    yield "guidance_1", {"guidance": 1.0}
    yield "guidance_8", {"guidance": 8.0}
    yield "steps_3", {"steps": 3}
    yield "dpmpp_2m", {"scheduler": "dpmpp_2m"}
    yield "euler", {"scheduler": "euler"}
    yield "two_classes", {"classes": [1, 281]}
    yield "one_class_twice", {"classes": [281, 281], "guidance": 1.0}


def draw(case, swap, trace):
    scheduler = scheduler_for({"config_changes": None, "sigmas": None, **case}, SCHEDULER)
    pipe = DiTPipeline(**networks(), scheduler=scheduler)
    pipe.set_progress_bar_config(disable=True)
    swap(pipe)
    trace.steps("latents", scheduler)
    return pipe(case["classes"], case["guidance"], generator(case), case["steps"]).images


def swap(pipe, folder, graphs):
    graphs.replace(pipe.transformer, "forward", lambda x, **more: SimpleNamespace(
        sample=graphs.only(folder, "transformer", hidden_states=x, **more)))
    graphs.replace(pipe.vae, "_decode", lambda z, **_: DecoderOutput(
        sample=graphs.only(folder, "vae_decoder", latent_sample=z)))
