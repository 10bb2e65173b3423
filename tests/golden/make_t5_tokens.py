#!/usr/bin/env python3
"""Golden T5 token ids: transformers' T5TokenizerFast, the class that SD3 and Flux folders name.

Usage: python make_t5_tokens.py [OUT.json]     (default: t5_tokens.json beside this script; needs ../models/tiny-flux-*)

The vocabulary is that of tiny-flux-dev/tokenizer_2 (tokenizer.json) and of tiny-flux-schnell/tokenizer_2, which has
spiece.model alone: transformers makes the same tokenizer of either, and this script asserts it for every text.

JSON: {"about", "max_length", "pad", "cases"}
Case: {"text", "ids", "cut"}
  ids   without truncation or padding, </s> (1) last
  cut   the `max_length` ids of padding="max_length", truncation=True: what reaches the encoder
"""

import json
import sys
from pathlib import Path

import transformers
from tokenizer_texts import texts
from transformers import T5TokenizerFast

HERE = Path(__file__).resolve().parent
MODELS = HERE.parent / "models"
MAX_LENGTH = 24
OWN = [
    "A long road runs through the forest",
    "  two  spaces   and more  ", "\ttab and\nline\r\nend", "\u2581", "a\u2581b",
    "<pad>", "</s>", "a red house</s> in the snow", "<unk>", "<extra_id_0>", "a <extra_id_1> b<extra_id_99>c",
    "<extra_id_100>",
    "\uff26\uff35\uff2c\uff2c \uff57\uff49\uff44\uff54\uff48\uff01",
    "\ufb01ne \ufb02our \u00bd \u00b2 \u2122 \u2026",
    "caf\u00e9 cafe\u0301 nai\u0308ve", "stra\u00dfe STRASSE", "\u3000wide space\u3000", "zero\u200bwidth\ufeff",
    "\u732b\u732b \u732b",
    "\U0001f600 smile", "x" * 200, "a" * 3 + " " * 50 + "b", "masterpiece, best quality, " * 20,
    "\u0000", "\ud7ff\ue000",
]


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "t5_tokens.json"
    file, spiece = (T5TokenizerFast.from_pretrained(MODELS / name / "tokenizer_2")
                    for name in ("tiny-flux-dev", "tiny-flux-schnell"))
    cases = []
    for text in [*OWN, *(t for _, t in texts() if t not in OWN)]:
        ids = file(text).input_ids
        assert ids == spiece(text).input_ids, text
        cut = file(text, padding="max_length", max_length=MAX_LENGTH, truncation=True).input_ids
        assert len(cut) == MAX_LENGTH
        cases.append({"text": text, "ids": ids, "cut": cut})
    head = {"about": f"transformers {transformers.__version__} T5TokenizerFast; see make_t5_tokens.py",
            "max_length": MAX_LENGTH, "pad": file.pad_token_id}
    body = ",\n".join(json.dumps(case) for case in cases)
    out.write_text(json.dumps(head)[:-1] + ', "cases": [\n' + body + "\n]}\n")
    print(f"{len(cases)} texts")


if __name__ == "__main__":
    main()
