"""A small byte-pair vocabulary in CLIP's file format, learnt from our own captions.

    python vocabulary.py            # writes WORK/tokenizer/

The file order is CLIP's: 256 byte symbols, the same 256 with </w>, one entry a merge, then
<|startoftext|> and <|endoftext|>.  `transformers.CLIPTokenizer` reads the folder.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import regex
from transformers import CLIPTokenizer
from transformers.models.clip.tokenization_clip import bytes_to_unicode

import common
from captions import corpus

START, END = "<|startoftext|>", "<|endoftext|>"
LENGTH = 77
# The word pattern of CLIP's tokenizer (transformers, models/clip/tokenization_clip.py).
_WORDS = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")


def learn_merges(words: Counter[str], limit: int) -> list[tuple[str, str]]:
    """Byte-pair merges, the most frequent pair first (Sennrich et al. 2016); ties by name."""
    table = bytes_to_unicode()
    split = {}
    for word in words:
        symbols = [table[b] for b in word.encode()]
        symbols[-1] += "</w>"
        split[word] = symbols
    merges: list[tuple[str, str]] = []
    while len(merges) < limit:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, symbols in split.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += words[word]
        if not pairs:
            break
        best = max(pairs, key=lambda p: (pairs[p], p))
        merges.append(best)
        for word, symbols in split.items():
            split[word] = _merge(symbols, best)
    return merges


def _merge(symbols: list[str], pair: tuple[str, str]) -> list[str]:
    out: list[str] = []
    for s in symbols:
        if out and (out[-1], s) == pair:
            out[-1] += s
        else:
            out.append(s)
    return out


def write(folder: Path, merges: list[tuple[str, str]]) -> None:
    """The four files of a CLIP tokenizer folder."""
    folder.mkdir(parents=True, exist_ok=True)
    letters = list(bytes_to_unicode().values())
    names = letters + [c + "</w>" for c in letters] + [a + b for a, b in merges] + [START, END]
    vocab = {name: i for i, name in enumerate(names)}
    assert len(vocab) == len(names), "two merges give the same symbol"
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    special = {name: {"content": token, "lstrip": False, "normalized": name != "pad_token", "rstrip": False,
                      "single_word": False}
               for name, token in (("bos_token", START), ("eos_token", END), ("unk_token", END))}
    special["pad_token"] = END
    (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n")
    config = {
        "add_prefix_space": False,
        "bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END,
        "do_lower_case": True, "errors": "replace", "model_max_length": LENGTH,
        "clean_up_tokenization_spaces": True, "tokenizer_class": "CLIPTokenizer",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


def load(work_dir: Path) -> CLIPTokenizer:
    """The tokenizer of the work folder."""
    return CLIPTokenizer.from_pretrained(work_dir / "tokenizer")


def main() -> None:
    """Learns the merges from 20000 captions."""
    p = common.parser(__doc__)
    p.add_argument("--merges", type=int, default=512)
    args = p.parse_args()
    lines = corpus(20000)
    words = Counter(w for line in lines for w in _WORDS.findall(line.lower()))
    write(args.work_dir / "tokenizer", learn_merges(words, args.merges))
    tokenizer = load(args.work_dir)
    lengths = sorted(len(tokenizer(line).input_ids) for line in lines[:2000])
    print(f"{len(words)} words, {len(tokenizer)} tokens; longest caption {lengths[-1]}, median {lengths[1000]}")


if __name__ == "__main__":
    main()
