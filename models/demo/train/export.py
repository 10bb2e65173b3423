"""Exports the trained networks as an optimum-layout Stable Diffusion folder.

    python export.py --out ../          # into models/demo

diffusers pipeline folder in WORK/pipeline -> optimum's `main_export` -> float16 weights,
each followed by a Cast to float32 inside the graph (half the bytes; a CPU still runs
float32, ONNX Runtime folds the casts when it opens the graph) -> compared with torch.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from onnx import TensorProto, helper, numpy_helper
from optimum.exporters.onnx import main_export
from transformers import CLIPTextModel

import common
import networks
import sample
import vocabulary

DEFAULTS = {"steps": 25, "guidance": 3.0, "width": 128, "height": 128}
GRAPHS = ("text_encoder", "unet", "vae_encoder", "vae_decoder")
LIMIT_MB = 40.0
SMALL = 64  # initializers below this many elements stay float32


def halve_weights(path: Path) -> float:
    """Stores the float32 weights of a graph as float16 + Cast; returns the largest change."""
    model = onnx.load(path)
    graph = model.graph
    casts, worst = [], 0.0

    def half(array: np.ndarray, name: str) -> onnx.TensorProto:
        nonlocal worst
        small = array.astype(np.float16)
        if not np.isfinite(small).all():
            raise ValueError(f"{path.parent.name}: {name} does not fit float16")
        worst = max(worst, float(np.abs(small.astype(np.float32) - array).max()))
        casts.append(helper.make_node("Cast", [name + "_fp16"], [name], name=name + "_cast", to=TensorProto.FLOAT))
        return numpy_helper.from_array(small, name + "_fp16")

    def wanted(t: onnx.TensorProto) -> bool:
        return t.data_type == TensorProto.FLOAT and int(np.prod(t.dims)) >= SMALL

    kept = [half(numpy_helper.to_array(t), t.name) if wanted(t) else t for t in graph.initializer]
    nodes = []
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value" and wanted(node.attribute[0].t):
            kept.append(half(numpy_helper.to_array(node.attribute[0].t), node.output[0]))
        else:
            nodes.append(node)
    for field, values in (("initializer", kept), ("node", casts + nodes)):
        del getattr(graph, field)[:]
        getattr(graph, field).extend(values)
    del graph.value_info[:]
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return worst


def pipeline(work: Path) -> StableDiffusionPipeline:
    """The trained networks as an ordinary diffusers pipeline."""
    return StableDiffusionPipeline(
        vae=sample.load_vae(work), text_encoder=CLIPTextModel.from_pretrained(work / "text_encoder").eval(),
        tokenizer=vocabulary.load(work), unet=UNet2DConditionModel.from_pretrained(work / "unet").eval(),
        scheduler=networks.default_scheduler(), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False)


@torch.no_grad()
def compare(pipe: StableDiffusionPipeline, folder: Path) -> dict[str, float]:
    """Largest difference between each graph and its torch network, over the largest value."""
    g = torch.Generator().manual_seed(5)
    ids = sample.token_ids(pipe.tokenizer, ["a red house at night", "", "a blue boat on the sea at dawn"])
    latents, t = torch.randn(3, 4, 16, 16, generator=g), torch.tensor(417)
    pictures = torch.rand(3, 3, 128, 128, generator=g) * 2 - 1
    words = pipe.text_encoder(ids).last_hidden_state
    cases = {
        "text_encoder": ({"input_ids": ids}, words),
        "unet": ({"sample": latents, "timestep": t, "encoder_hidden_states": words},
                 pipe.unet(latents, t, words).sample),
        "vae_encoder": ({"sample": pictures}, pipe.vae.encode(pictures).latent_dist.parameters),
        "vae_decoder": ({"latent_sample": latents}, pipe.vae.decode(latents).sample),
    }
    out = {}
    for name, (inputs, expected) in cases.items():
        session = onnxruntime.InferenceSession(folder / name / "model.onnx", providers=["CPUExecutionProvider"])
        feed = {}
        for i in session.get_inputs():
            value = inputs[i.name].numpy()
            value = value.astype(np.int64) if i.type == "tensor(int64)" else value.astype(np.float32)
            feed[i.name] = value.reshape([1] * len(i.shape)) if i.name == "timestep" else value
        got = session.run(None, feed)[0]
        out[name] = float(np.abs(got - expected.numpy()).max() / expected.abs().max())
    return out


def main() -> None:
    """Exports, shrinks, checks size and numbers, copies what a model folder needs."""
    p = common.parser(__doc__)
    p.add_argument("--out", type=Path, default=common.MODEL_DIR)
    args = p.parse_args()
    torch.set_num_threads(common.THREADS)
    source, full = args.work_dir / "pipeline", args.work_dir / "onnx"
    pipe = pipeline(args.work_dir)
    pipe.save_pretrained(source)
    shutil.rmtree(full, ignore_errors=True)
    main_export(str(source), output=full, task="text-to-image", library_name="diffusers", do_validation=False)
    report = {"float16_rounding": {name: halve_weights(full / name / "model.onnx") for name in GRAPHS}}
    report["difference_to_torch"] = compare(pipe, full)
    index = json.loads((full / "model_index.json").read_text())
    index["libdiffusion"] = DEFAULTS
    index.pop("_name_or_path", None)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")
    for name in (*GRAPHS, "scheduler", "tokenizer"):
        (args.out / name).mkdir(exist_ok=True)
    for name in GRAPHS:
        shutil.copyfile(full / name / "model.onnx", args.out / name / "model.onnx")
        config = json.loads((full / name / "config.json").read_text())
        config.pop("_name_or_path", None)
        (args.out / name / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    # The class defaults written out in full: nobody has to know diffusers' to read it.
    schedule = dict(networks.default_scheduler().config)
    schedule["_class_name"], schedule["_diffusers_version"] = "DPMSolverMultistepScheduler", "0.35.2"
    schedule.pop("_use_default_values", None)
    schedule.pop("lambda_min_clipped")  # its default is -Infinity, which is not JSON
    (args.out / "scheduler" / "scheduler_config.json").write_text(json.dumps(schedule, indent=2, sort_keys=True) + "\n")
    for name in ("vocab.json", "merges.txt", "special_tokens_map.json", "tokenizer_config.json"):
        shutil.copyfile(args.work_dir / "tokenizer" / name, args.out / "tokenizer" / name)
    report["bytes"] = {name: (args.out / name / "model.onnx").stat().st_size for name in GRAPHS}
    report["parameters"] = {
        "text_encoder": pipe.text_encoder.num_parameters(), "unet": pipe.unet.num_parameters(),
        "vae": pipe.vae.num_parameters()}
    total = sum(report["bytes"].values()) / 1e6
    print(json.dumps(report, indent=2))
    (args.work_dir / "export.json").write_text(json.dumps(report, indent=2) + "\n")
    if total > LIMIT_MB:
        raise SystemExit(f"the graphs take {total:.1f} MB, more than {LIMIT_MB}")


if __name__ == "__main__":
    main()
