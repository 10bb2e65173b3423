#!/usr/bin/env python3
"""Golden pictures of textual inversion: words loaded by diffusers' load_textual_inversion into tiny-optimum's networks.

Usage: python make_learned.py [OUTDIR]      (default: this folder)

Writes learned/one.safetensors (diffusers' form: one tensor [width] named by its token), learned/three.safetensors
(emb_params, [3, width], float16), learned/*.png and learned.json: {"about", "cases": [{"name", "prompt", "negative",
"steps", "seed", "guidance", "file"}]}, each drawn by DDIM with both files loaded, the second as "<three>".
"""

import json
import sys
import warnings
from pathlib import Path

# The tokenizer's target is CLIPTokenizer without ftfy, as in make_tokenizer.py; transformers looks at import.
sys.modules["ftfy"] = None

import diffusers
import torch
import transformers
from make_tiny_models import torch_pipeline
from safetensors.torch import save_file

HERE = Path(__file__).resolve().parent
CASES = {
    "one": {"prompt": "a <one> house", "negative": None},
    "three": {"prompt": "a house in the style of <three>, at night", "negative": None},
    "inside": {"prompt": "a house<three>and <one><one>", "negative": None},
    "single": {"prompt": "a <three>_2 house", "negative": None},
    "negative": {"prompt": "a red house", "negative": "<three>, ugly"},
}


def main():
    warnings.simplefilter("ignore")
    diffusers.utils.logging.set_verbosity_error()
    transformers.utils.logging.set_verbosity_error()
    torch.set_num_threads(1)
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    folder = out / "learned"
    folder.mkdir(parents=True, exist_ok=True)
    pipeline = torch_pipeline(0.3)
    pipeline.set_progress_bar_config(disable=True)
    table = pipeline.text_encoder.get_input_embeddings().weight
    generator = torch.Generator("cpu").manual_seed(5)
    values = torch.randn([4, table.shape[1]], generator=generator) * table.std()
    save_file({"<one>": values[0].contiguous()}, folder / "one.safetensors")
    save_file({"emb_params": values[1:].half().contiguous()}, folder / "three.safetensors")
    pipeline.load_textual_inversion(str(folder / "one.safetensors"))
    pipeline.load_textual_inversion(str(folder / "three.safetensors"), token="<three>")
    pipeline.scheduler = diffusers.DDIMScheduler.from_config(pipeline.scheduler.config)
    cases = []
    for name, case in CASES.items():
        case = {**case, "steps": 6, "seed": "3", "guidance": 7.5}
        image = pipeline(
            case["prompt"], negative_prompt=case["negative"], guidance_scale=case["guidance"],
            num_inference_steps=case["steps"], width=64, height=64,
            generator=torch.Generator("cpu").manual_seed(int(case["seed"])),
        ).images[0]
        image.save(folder / f"{name}.png")
        cases.append({"name": name, **case, "file": f"learned/{name}.png"})
    about = f"make_learned.py, diffusers {diffusers.__version__}, transformers {transformers.__version__}"
    (out / "learned.json").write_text(json.dumps({"about": about, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
