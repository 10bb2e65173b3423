#!/usr/bin/env python3
"""Golden text states: what diffusers takes from a CLIP text encoder with clip_skip.

Usage: python make_text_states.py [OUT.json]     (default: text_states.json beside this script)

The network is the text encoder of ../models/tiny-* (tiny_networks.py, the same seed), in torch, float32.

{"about", "rows", "prompts": [{"prompt", "states": {NAME: [[float] a row of "rows"]}}]} with NAME
  normed.1  StableDiffusionPipeline.encode_prompt(clip_skip=None), which is last_hidden_state
  normed.2, normed.3  the same with clip_skip 1 and 2: final_layer_norm(hidden_states[-2]), [-3]
  plain.1 … plain.3   transformers' hidden_states[-1] … [-3]
  pooled    one row: pooler_output
Only these rows of the 77 are kept, the rest follows the same formula.
"""

import json
import sys
import warnings
from pathlib import Path

sys.modules["ftfy"] = None  # as in make_tokenizer.py

import diffusers
import torch
import transformers
from diffusers import StableDiffusionPipeline
from transformers import CLIPTokenizer

from make_schedulers import floats
from tiny_networks import text_encoder

HERE = Path(__file__).resolve().parent
ROWS = [0, 1, 4, 30, 76]
PROMPTS = ["a red house in the snow at night", "", "a cat, " * 60]


def main():
    warnings.simplefilter("ignore")
    diffusers.utils.logging.set_verbosity_error()
    transformers.utils.logging.set_verbosity_error()
    torch.set_num_threads(1)
    tokenizer = CLIPTokenizer.from_pretrained(HERE.parent / "models" / "tiny-optimum" / "tokenizer")
    encoder = text_encoder(len(tokenizer))
    pipeline = StableDiffusionPipeline(
        vae=None, text_encoder=encoder, tokenizer=tokenizer, unet=None, scheduler=None, safety_checker=None,
        feature_extractor=None, requires_safety_checker=False,
    )
    listed = []
    for prompt in PROMPTS:
        states = {}
        with torch.no_grad():
            for skip in (None, 1, 2):
                value, _ = pipeline.encode_prompt(prompt, "cpu", 1, False, clip_skip=skip)
                states[f"normed.{1 + (skip or 0)}"] = value[0, ROWS]
            ids = tokenizer(prompt, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
            whole = encoder(ids, output_hidden_states=True)
            for k in (1, 2, 3):
                states[f"plain.{k}"] = whole.hidden_states[-k][0, ROWS]
            states["pooled"] = whole.pooler_output
        listed.append({"prompt": prompt, "states": {k: [floats(r) for r in v] for k, v in states.items()}})
    about = f"diffusers {diffusers.__version__}, transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]}"
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "text_states.json"
    value = {"about": f"{about}; see make_text_states.py", "rows": ROWS, "prompts": listed}
    out.write_text(json.dumps(value, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
