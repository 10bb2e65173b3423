#!/usr/bin/env python3
"""Golden CLIP token ids: transformers' CLIPTokenizer, the class that SD 1.x folders name.

Usage: python make_tokenizer.py [OUT.json] [--vocab DIR]
(default: tokenizer.json beside this script; vocabulary in target/clip-vocab, made by clip_vocab.py)

The target is the slow `CLIPTokenizer` WITHOUT ftfy: model_index.json of every SD 1.x folder names
["transformers", "CLIPTokenizer"], and neither diffusers nor transformers requires ftfy. transformers then
cleans the text with its BasicTokenizer: drops control and unassigned characters (every category C*, so ZWJ
and ZWNJ too; the tables are those of the running Python: 3.11 has Unicode 14), puts spaces around CJK
ideographs, NFC, splits at white space, lower-cases word by word.

JSON: {"about", "unicode", "max_length", "bos", "eos", "pad", "cases"}
Case: {"group", "text", "full", "removed", "fast", "ftfy"}
  full      ids without truncation, with <|startoftext|> and <|endoftext|>: the target. A tester derives the
            77 ids that reach the text encoder: the first 76 and <|endoftext|> if longer, else padded with
            49407. This script asserts that tokenizer(padding="max_length", truncation=True) gives just that.
  removed   what diffusers' warning calls the part of the input that was truncated:
            batch_decode(full[76:-1]); null where nothing was lost
  fast      full ids of CLIPTokenizerFast (what a tokenizer.json means), null where equal to `full`
  ftfy      full ids of the slow tokenizer with ftfy 6.3.1, null where equal to `full`
"""

import argparse
import json
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

HERE = Path(__file__).resolve().parent
MAX_LENGTH = 77
# As the tokenizer folder of Stable Diffusion 1.x says it.
SPECIAL = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
CONFIG = {
    "add_prefix_space": False,
    **{k: {"__type": "AddedToken", "content": v, "lstrip": False, "normalized": True, "rstrip": False,
           "single_word": False} for k, v in SPECIAL.items()},
    "do_lower_case": True,
    "errors": "replace",
    "model_max_length": MAX_LENGTH,
    "pad_token": "<|endoftext|>",
    "tokenizer_class": "CLIPTokenizer",
}


def load(kind, vocab):
    """kind: slow | slow+ftfy | fast, in this process."""
    if kind != "slow+ftfy":
        sys.modules["ftfy"] = None  # `import ftfy` raises ImportError
    from transformers import CLIPTokenizer, CLIPTokenizerFast

    with tempfile.TemporaryDirectory() as folder:
        for name in ("vocab.json", "merges.txt"):
            (Path(folder) / name).write_bytes((vocab / name).read_bytes())
        (Path(folder) / "tokenizer_config.json").write_text(json.dumps(CONFIG))
        tokenizer = (CLIPTokenizerFast if kind == "fast" else CLIPTokenizer).from_pretrained(folder)
    if kind != "fast":
        assert (tokenizer.fix_text is None) == (kind == "slow")
    return tokenizer


def tokenize(kind, vocab, texts):
    tokenizer = load(kind, vocab)
    out = []
    for text in texts:
        full = tokenizer(text).input_ids
        padded = tokenizer(text, padding="max_length", max_length=MAX_LENGTH, truncation=True).input_ids
        if kind == "slow":
            eos = tokenizer.eos_token_id
            derived = full + [tokenizer.pad_token_id] * MAX_LENGTH
            derived = full[: MAX_LENGTH - 1] + [eos] if len(full) > MAX_LENGTH else derived[:MAX_LENGTH]
            assert padded == derived, text
        removed = None
        if len(full) > MAX_LENGTH:
            removed = tokenizer.batch_decode([full[MAX_LENGTH - 1 : -1]])[0]
        out.append({"full": full, "removed": removed})
    return out


def in_process(kind, vocab, texts):
    """One process a kind: ftfy's presence is decided at import."""
    command = [sys.executable, __file__, "--kind", kind, "--vocab", str(vocab)]
    result = subprocess.run(command, input=json.dumps(texts), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(result.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", nargs="?", type=Path, default=HERE / "tokenizer.json")
    parser.add_argument("--vocab", type=Path, default=HERE.parents[1] / "target" / "clip-vocab")
    parser.add_argument("--kind", choices=["slow", "slow+ftfy", "fast"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.kind:
        json.dump(tokenize(arguments.kind, arguments.vocab, json.load(sys.stdin)), sys.stdout)
        return
    subprocess.run([sys.executable, HERE / "clip_vocab.py", arguments.vocab], check=True)

    from tokenizer_texts import texts

    entries = texts()
    strings = [text for _, text in entries]
    assert len(set(strings)) >= 220, len(set(strings))
    slow, fast, ftfy = (in_process(k, arguments.vocab, strings) for k in ("slow", "fast", "slow+ftfy"))
    cases = []
    for (group, text), target, f, y in zip(entries, slow, fast, ftfy):
        cases.append({
            "group": group,
            "text": text,
            "full": target["full"],
            "removed": target["removed"],
            "fast": None if f["full"] == target["full"] else f["full"],
            "ftfy": None if y["full"] == target["full"] else y["full"],
        })
    import transformers

    head = {
        "about": f"transformers {transformers.__version__} CLIPTokenizer (slow, no ftfy); made by make_tokenizer.py",
        "unicode": unicodedata.unidata_version,
        "max_length": MAX_LENGTH,
        "bos": 49406,
        "eos": 49407,
        "pad": 49407,
    }
    lines = [json.dumps(head)[:-1] + ', "cases": [']
    lines.append(",\n".join(json.dumps(case, separators=(",", ":")) for case in cases))
    arguments.out.write_text("\n".join(lines) + "\n]}\n")
    differ = [sum(case[k] is not None for case in cases) for k in ("fast", "ftfy")]
    print(f"{len(cases)} texts; fast differs on {differ[0]}, ftfy on {differ[1]}")


if __name__ == "__main__":
    main()
