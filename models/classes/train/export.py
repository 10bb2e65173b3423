"""Exports the class-conditional model into models/classes.

    python export.py        # after train_vq.py, train_classes.py, train_classifier.py
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from diffusers import VQModel
from safetensors.torch import save_file
from torch import nn

import classes
import graphs
import gradient_graph
import common
import networks

FOLDER = Path(__file__).resolve().parents[1]


class Decoder(nn.Module):
    """Quantised latents -> pictures."""

    def __init__(self, net: VQModel) -> None:
        super().__init__()
        self.post_quant_conv, self.decoder = net.post_quant_conv, net.decoder

    def forward(self, latent_sample):
        return self.decoder(self.post_quant_conv(latent_sample))


INDEX = {
    "_class_name": "CascadePipeline", "_version": 1,
    "title": "class-conditional latent diffusion of the demo's world, VQ autoencoder",
    "sizes": {"width": 128, "height": 128, "multiple": 32},
    "classes": {"class": {"count": classes.COUNT, "null": classes.NULL, "names": classes.NAMES}},
    "constants": {"codebook": {"file": "codebook.safetensors", "tensor": "codebook"}},
    "values": {"codes": {"op": "vq", "of": "base", "codebook": "codebook"}},
    "graphs": {"vae_decoder": {"inputs": {"latent_sample": "codes"}}},
    "stages": [{
        "name": "base", "denoiser": "unet", "sample": [4, "height/8", "width/8"],
        "inputs": {"class_labels": "class"}, "scheduler": "scheduler", "steps": 25, "guidance": 3.0,
        "null": {"class": "null"},
        "guide": {"graph": "classifier_grad", "inputs": {"class_labels": "class"}, "scale": 0.0, "form": "score"}}],
    "picture": {"of": "vae_decoder.sample", "range": [-1, 1]},
    "main": "base",
}


def main() -> None:
    """Graphs, codebook, configurations; sizes and differences to torch are printed."""
    p = common.parser(__doc__)
    p.add_argument("--out", type=Path, default=FOLDER)
    p.add_argument("--only", choices=("unet", "vae_decoder", "classifier_grad"), help="write this graph alone")
    args = p.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(5)
    work, out = args.work_dir, args.out
    vq = VQModel.from_pretrained(work / "vq").eval()
    unet = classes.ClassUnet().eval()
    unet.load_state_dict(torch.load(work / "class_unet_weights.pt"))
    classifier = classes.Classifier().eval()
    classifier.load_state_dict(torch.load(work / "classifier_weights.pt"))
    codes = vq.quantize.embedding.weight.detach()

    def log_probability(sample, timestep, class_labels):
        chosen = torch.arange(classes.COUNT) == class_labels[:, None]
        return (torch.log_softmax(classifier(sample, timestep), 1) * chosen.float()).sum()

    x, t, label = torch.randn(2, 4, 16, 16), torch.tensor([417, 417]), torch.tensor([5, classes.NULL])
    batch, plane = {0: "batch"}, {0: "batch", 2: "height", 3: "width"}
    jobs = {
        "unet": lambda path: graphs.export(
            unet, path, {"sample": x, "timestep": t, "class_labels": label}, ["out_sample"],
            {"sample": plane, "timestep": batch, "class_labels": batch, "out_sample": plane}, eight_bit=True),
        "vae_decoder": lambda path: graphs.export(
            Decoder(vq), path, {"latent_sample": codes[torch.randint(len(codes), (2, 16, 16))].permute(0, 3, 1, 2)},
            ["sample"], {"latent_sample": plane, "sample": plane}),
        "classifier_grad": lambda path: gradient_graph.export(
            log_probability, {"sample": x[:1], "timestep": t[:1], "class_labels": label[:1]}, path),
    }
    report = {name: job(out / name / "model.onnx") for name, job in jobs.items() if args.only in (None, name)}
    report["codebook"] = {"closest_pair": float(torch.cdist(codes, codes).fill_diagonal_(9).min())}
    save_file({"codebook": codes.contiguous()}, out / "codebook.safetensors")
    (out / "scheduler").mkdir(exist_ok=True)
    schedule = {"_class_name": "DDIMScheduler", **networks.NOISE, "clip_sample": False, "set_alpha_to_one": True,
                "timestep_spacing": "trailing", "steps_offset": 0}
    (out / "scheduler" / "scheduler_config.json").write_text(json.dumps(schedule, indent=2) + "\n")
    (out / "model_index.json").write_text(json.dumps(INDEX, indent=2) + "\n")
    print(json.dumps(report, indent=2))
    (work / "classes_export.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
