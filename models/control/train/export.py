"""Exports the ControlNet, and the demo's UNet with inputs for its residuals, into models/control.

    python export.py        # after train_control.py

The UNet's weights are the demo's, byte for byte, so they are not kept twice: the graph's large
initializers are external data that point into a copy of the demo's own graph file
(unet/weights.bin, see ../Makefile).
"""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import torch
from diffusers import ControlNetModel
from onnx import TensorProto

import control
import graphs
import demo_weights
import common

FOLDER = Path(__file__).resolve().parents[1]
WEIGHTS, SMALL = "weights.bin", 1024
SAMPLE = {0: "batch", 2: "height", 3: "width"}
WORDS = {0: "batch", 1: "sequence"}


def point_into(graph: Path, store: Path) -> int:
    """Makes the initializers of `graph` external data within the file `store`; bytes left inside."""
    model, data = onnx.load(graph), store.read_bytes()
    for tensor in model.graph.initializer:
        raw = tensor.raw_data
        if len(raw) < SMALL:
            continue
        at = data.find(raw)
        if at < 0:
            raise ValueError(f"{tensor.name} is not in {store}")
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", WEIGHTS), ("offset", at), ("length", len(raw))):
            entry = tensor.external_data.add()
            entry.key, entry.value = key, str(value)
    onnx.save(model, graph)
    return graph.stat().st_size


def write_index(out: Path) -> None:
    """model_index.json: the demo's with a ControlNet; and the UNet's configuration, the demo's."""
    index = json.loads((graphs.DEMO / "model_index.json").read_text())
    index |= {"_class_name": "StableDiffusionControlNetPipeline", "controlnet": ["diffusers", "ControlNetModel"]}
    (out / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")
    (out / "unet" / "config.json").write_text((graphs.DEMO / "unet" / "config.json").read_text())


def main() -> None:
    """Both graphs and their configurations; sizes and differences to torch are printed."""
    p = common.parser(__doc__)
    p.add_argument("--out", type=Path, default=FOLDER)
    args = p.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(5)
    unet = demo_weights.unet()
    net = ControlNetModel.from_pretrained(args.work_dir / "controlnet").eval()
    x, t, words = torch.randn(2, 4, 16, 16), torch.tensor(417.0), torch.randn(2, 77, 128)
    picture, scale = torch.rand(2, 3, 128, 128), torch.tensor(0.7)
    outputs = [f"down_block_res_samples.{i}" for i in range(control.SKIPS)] + ["mid_block_res_sample"]
    common_inputs = {"sample": x, "timestep": t, "encoder_hidden_states": words}
    with torch.no_grad():
        residuals = control.Control(net)(x, t, words, picture, scale)
    names = [f"down_block_additional_residuals.{i}" for i in range(control.SKIPS)] + ["mid_block_additional_residual"]
    sizes = {n: {0: "batch", 2: f"height_{16 // r.shape[2]}", 3: f"width_{16 // r.shape[3]}"}
             for n, r in zip(names, residuals)}
    report = {
        "controlnet": graphs.export(
            control.Control(net), args.out / "controlnet" / "model.onnx",
            {**common_inputs, "controlnet_cond": picture, "conditioning_scale": scale}, outputs,
            {"sample": SAMPLE, "encoder_hidden_states": WORDS,
             "controlnet_cond": {0: "batch", 2: "picture_height", 3: "picture_width"}}, eight_bit=True),
        "unet": graphs.export(
            control.Controlled(unet), args.out / "unet" / "model.onnx",
            {**common_inputs, **dict(zip(names, residuals))}, ["out_sample"],
            {"sample": SAMPLE, "encoder_hidden_states": WORDS, "out_sample": SAMPLE, **sizes})}
    report["unet"]["bytes"] = point_into(args.out / "unet" / "model.onnx", graphs.DEMO / "unet" / "model.onnx")
    config = {k: v for k, v in net.config.items() if not k.startswith("_")}
    (args.out / "controlnet" / "config.json").write_text(
        json.dumps({"_class_name": "ControlNetModel", **config}, indent=2) + "\n")
    write_index(args.out)
    print(json.dumps(report, indent=2))
    (args.work_dir / "control_export.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
