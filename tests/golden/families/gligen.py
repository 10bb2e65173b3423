"""GLIGEN: things in boxes. The U-Net's layers that read the boxes are left out after a part of the run, by an input."""

import family_sd
import torch
from diffusers import StableDiffusionGLIGENPipeline
from diffusers.models.attention import GatedSelfAttentionDense
from family_compact import shorten
from family_conditions import GRID
from family_networks import text_encoder, unet, vae
from family_tools import given, tokenizer
from legacy_export import export
from tiny_networks import SCHEDULER

NAME = "tiny-gligen"
BOXES = [["a red house", [0.1, 0.3, 0.5, 0.9]], ["the yellow chair", [0.55, 0.1, 0.95, 0.6]]]
DEFAULTS = {"folder": NAME, "guidance": 7.5, "steps": 6, "scheduler": "ddim", "boxes": BOXES, "boxes_until": 1.0}
VISIBLE = {"boxes": ["two", "one", "moved", "other_phrase"], "until": ["two", "until_0"]}


def network(seed):
    """The U-Net; what reads the boxes is as narrow as the rest, where diffusers has 512 whatever the U-Net."""
    model = unet(seed, attention_type="gated")
    torch.manual_seed(seed + 1)
    widths = (model.position_net.linears[0].in_features, 32, 32, model.config.cross_attention_dim)
    layers = [layer for a, b in zip(widths, widths[1:]) for layer in (torch.nn.SiLU(), torch.nn.Linear(a, b))]
    model.position_net.linears = torch.nn.Sequential(*layers[1:])
    with torch.no_grad():
        for fuser in fusers(model):
            fuser.alpha_attn.fill_(1.5)
            fuser.alpha_dense.fill_(0.5)
            fuser.linear.weight.mul_(8.0)
            fuser.attn.to_v.weight.mul_(6.0)
            for layer in (fuser.attn.to_q, fuser.attn.to_k):
                layer.weight.mul_(4.0)
        for parameter in model.position_net.parameters():
            parameter.mul_(3.0)
    return model.eval()


def fusers(model):
    return [module for module in model.modules() if isinstance(module, GatedSelfAttentionDense)]


class Denoiser(torch.nn.Module):
    """With a gate in place of the switch `enabled`, which no graph can have as an input."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, sample, timestep, encoder_hidden_states, boxes, positive_embeddings, masks, gligen_gate):
        for fuser in fusers(self.model):
            fuser.forward = gated(fuser, gligen_gate)
        grounding = {"boxes": boxes, "positive_embeddings": positive_embeddings, "masks": masks}
        return self.model(sample, timestep, encoder_hidden_states, return_dict=False,
                          cross_attention_kwargs={"gligen": grounding})[0]


def gated(fuser, gate):
    def forward(x, objs):
        return torch.where(gate > 0, GatedSelfAttentionDense.forward(fuser, x, objs), x)

    return forward


def make_models(out):
    tokens, model = tokenizer(), network(3502)
    # optimum exports plain U-Nets only, so a plain one holds the place.
    family_sd.make_folder(out, NAME, "StableDiffusionGLIGENPipeline", SCHEDULER, tokenizer=tokens,
                          text_encoder=text_encoder(tokens, 3501), unet=unet(3502), vae=vae(3503, 0.18215))
    export(Denoiser(model), (torch.randn(2, 4, 8, 8), torch.tensor(1.0), torch.randn(2, 77, 16), torch.rand(2, 30, 4),
                             torch.randn(2, 30, 16), torch.ones(2, 30), torch.tensor(1.0)),
           ["sample", "timestep", "encoder_hidden_states", "boxes", "positive_embeddings", "masks", "gligen_gate"],
           ["out_sample"],
           {"sample": GRID, "encoder_hidden_states": {0: "batch", 1: "sequence"},
            **{name: {0: "batch"} for name in ("boxes", "positive_embeddings", "masks")}},
           out / NAME / "unet" / "model.onnx", 17)
    shorten(out / NAME / "unet" / "model.onnx")


def cases():
    yield "two", {}
    yield "one", {"boxes": BOXES[:1]}
    yield "moved", {"boxes": [["a red house", [0.5, 0.0, 1.0, 0.4]], BOXES[1]]}
    yield "other_phrase", {"boxes": [["an old castle", BOXES[0][1]], ["a cat", BOXES[1][1]]]}
    yield "until_0", {"boxes_until": 0.0}
    yield "until_0.5", {"boxes_until": 0.5, "scheduler": "euler"}
    yield "until_default", {"boxes_until": None, "steps": 10}
    yield "without_guidance", {"guidance": 1.0}
    yield "wide_count_2", {"width": 96, "height": 64, "count": 2, "negative": "ugly", "scheduler": "euler_ancestral",
                           "boxes_until": 0.6}


LOADED = {}


def draw(case, swap):
    parts = {key: value for key, value in family_sd.components(NAME).items() if key != "image_encoder"}
    parts.update(unet=LOADED.setdefault("unet", network(3502)), scheduler=family_sd.scheduler(case))
    pipe = StableDiffusionGLIGENPipeline(**parts, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    swap(pipe, gligen_gate=lambda: float(fusers(pipe.unet)[0].enabled))
    size = {"width": case["width"] or 64, "height": case["height"] or 64}
    return pipe(**family_sd.common(case), **size, gligen_phrases=[phrase for phrase, _ in case["boxes"]],
                gligen_boxes=[corners for _, corners in case["boxes"]],
                **given(case, boxes_until="gligen_scheduled_sampling_beta")).images
