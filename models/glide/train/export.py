"""Exports text encoder, base and upsampler into models/glide, with tokenizer and manifest.

    python export.py        # after train_upsampler.py
"""

from __future__ import annotations

import json
from pathlib import Path

import torch

import cascade
import glide
import graphs
import common
import train_base

FOLDER = Path(__file__).resolve().parents[1]
INDEX = {
    "_class_name": "CascadePipeline", "_version": 1,
    "title": "GLIDE of the demo's world: text to 32 pixels, and from there to 128",
    "texts": cascade.TEXTS,
    "graphs": {"text_encoder": {"inputs": {"tokens": "prompt.ids", "mask": "prompt.mask"}}},
    "values": {"low_res": {"op": "eight_bit", "of": "base"}},
    "stages": [
        {"name": "base", "denoiser": "base", "sample": [3, glide.SIZE, glide.SIZE], "output_channels": 6,
         "inputs": {"xf_out": "text_encoder.xf_out"}, "scheduler": "scheduler", "steps": 50, "guidance": 3.0,
         "null": {"prompt": "empty"}},
        {"name": "upsampler", "denoiser": "upsampler", "sample": [3, glide.LARGE, glide.LARGE],
         "inputs": {"low_res": "low_res", "xf_out": "text_encoder.xf_out"}, "scheduler": "upsampler_scheduler",
         "temperature": 0.997}],
    "picture": {"of": "upsampler", "range": [-1, 1]},
    "main": "base",
}


def main() -> None:
    """Graphs and configurations; sizes and differences to torch are printed."""
    p = common.parser(__doc__)
    p.add_argument("--out", type=Path, default=FOLDER)
    args = p.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(5)
    words = glide.Words(args.work_dir / "glide_tokenizer")
    model = train_base.load(args.work_dir, words).eval()
    tokens, mask = words.ids(["a red house on the left in a meadow at noon, two trees", ""])
    with torch.no_grad():
        states = model.text(tokens, mask)[0]
    text = {"tokens": tokens, "mask": mask}
    base = {"sample": torch.randn(2, 3, glide.SIZE, glide.SIZE), "timestep": torch.tensor([417, 30]), "xf_out": states}
    report = {
        "text_encoder": graphs.export(model.text, args.out / "text_encoder" / "model.onnx", text, ["xf_out", "xf_proj"],
                                      {name: cascade.BATCH for name in (*text, "xf_out", "xf_proj")}),
        "base": graphs.export(model.base, args.out / "base" / "model.onnx", base, ["noise_pred"],
                              {name: cascade.BATCH for name in (*base, "noise_pred")}, eight_bit=True),
        "upsampler": cascade.upsampler(args.out, args.work_dir, states)}
    cascade.write(args.out, INDEX, {"scheduler": cascade.BASE, "upsampler_scheduler": cascade.UPSAMPLER}, args.work_dir)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
