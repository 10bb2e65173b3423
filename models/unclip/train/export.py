"""Exports CLIP, prior, decoder and upsampler into models/unclip, with tokenizer and manifest.

    python export.py        # after train_decoder.py and ../../glide/train/train_upsampler.py

The upsampler is GLIDE's, told the words of no text at all: they are a constant here.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

import unclip
import cascade
import glide
import graphs
import common
import train_prior

FOLDER = Path(__file__).resolve().parents[1]
PRIOR = {"_class_name": "DDIMScheduler", "num_train_timesteps": glide.STEPS, "beta_schedule": "squaredcos_cap_v2",
         "prediction_type": "sample", "clip_sample": True, "clip_sample_range": 5.0, "set_alpha_to_one": True,
         "timestep_spacing": "trailing", "steps_offset": 0}
INDEX = {
    "_class_name": "CascadePipeline", "_version": 1,
    "title": "unCLIP of the demo's world: a prior from text to an image embedding, a decoder to 32 pixels, from there to 128",
    "texts": cascade.TEXTS,
    "pictures": {"like": {"size": [unclip.VIEW, unclip.VIEW], "range": [-1, 1]}},
    "constants": {"no_words": {"file": "constants.safetensors", "tensor": "no_words"}},
    "graphs": {"text_encoder": {"inputs": {"tokens": "prompt.ids", "mask": "prompt.mask"}},
               "image_encoder": {"inputs": {"sample": "like"}}},
    "values": {"image_embeds": {"op": "first_of", "of": ["image_encoder.image_embeds", "prior"]},
               "small": {"op": "eight_bit", "of": "decoder"}},
    "stages": [
        {"name": "prior", "denoiser": "prior", "sample": [unclip.EMBED],
         "inputs": {"text_embeds": "text_encoder.text_embeds", "last_hidden_state": "text_encoder.last_hidden_state"},
         "scheduler": "prior_scheduler", "steps": 25, "guidance": 2.0, "null": {"prompt": "empty"},
         "candidates": {"count": 2, "towards": "text_encoder.text_embeds"}},
        {"name": "decoder", "denoiser": "decoder", "sample": [3, glide.SIZE, glide.SIZE], "output_channels": 6,
         "inputs": {"last_hidden_state": "text_encoder.last_hidden_state", "image_embeds": "image_embeds"},
         "scheduler": "decoder_scheduler", "steps": 50, "guidance": 3.0, "null": {"prompt": "empty", "image_embeds": "zeros"}},
        {"name": "super_res", "denoiser": "upsampler", "sample": [3, glide.LARGE, glide.LARGE],
         "inputs": {"low_res": "small", "xf_out": "no_words"}, "scheduler": "super_res_scheduler", "temperature": 0.997}],
    "picture": {"of": "super_res", "range": [-1, 1]},
    "embeddings": ["image_embeds", "text_encoder.text_embeds"],
    "main": "decoder",
}


def main() -> None:
    """Graphs, constants and configurations; sizes and differences to torch are printed."""
    p = common.parser(__doc__)
    p.add_argument("--out", type=Path, default=FOLDER)
    args = p.parse_args()
    work, batch = args.work_dir, cascade.BATCH
    torch.set_num_threads(1)
    torch.manual_seed(5)
    clip, words = train_prior.load_clip(work)
    prior, decoder = unclip.Prior(), unclip.Decoder()
    prior.load_state_dict(torch.load(work / "unclip_prior.pt"))
    decoder.load_state_dict(torch.load(work / "unclip_decoder.pt"))
    tokens, mask = words.ids(["a red house on the left in a meadow at noon, two trees", "a blue boat"])
    with torch.no_grad():
        states, text = clip.text(tokens, mask)
        nothing = clip.text(*words.ids([""]))[0]
    t = torch.tensor([417, 30])

    def export(name: str, model: torch.nn.Module, inputs: dict, outputs: list[str]) -> dict:
        return graphs.export(model.eval(), args.out / name / "model.onnx", inputs, outputs,
                             {key: batch for key in (*inputs, *outputs)}, eight_bit=True)

    report = {
        "text_encoder": export("text_encoder", clip.text, {"tokens": tokens, "mask": mask}, ["last_hidden_state", "text_embeds"]),
        "image_encoder": export("image_encoder", clip.image, {"sample": torch.rand(2, 3, unclip.VIEW, unclip.VIEW) * 2 - 1},
                                ["image_embeds"]),
        "prior": export("prior", prior, {"sample": torch.randn(2, unclip.EMBED), "timestep": t, "text_embeds": text,
                                         "last_hidden_state": states}, ["sample_out"]),
        "decoder": export("decoder", decoder, {"sample": torch.randn(2, 3, glide.SIZE, glide.SIZE), "timestep": t,
                                               "last_hidden_state": states, "image_embeds": text}, ["noise_pred"]),
        "upsampler": cascade.upsampler(args.out, work, states)}
    save_file({"no_words": nothing[0].contiguous()}, args.out / "constants.safetensors")
    cascade.write(args.out, INDEX, {"prior_scheduler": PRIOR, "decoder_scheduler": cascade.BASE,
                                         "super_res_scheduler": cascade.UPSAMPLER}, work)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
