#!/usr/bin/env python3
"""Golden T5 tokens, and the small SentencePiece models that make them.

Usage: python make_t5.py [OUTDIR] [MODELS]     (default: this folder and ../models)

  ../models/t5-spiece     spiece.model alone (Unigram, T5's normalisation nmt_nfkc), as OnnxStack's folders have it
  ../models/t5-json       tokenizer.json and tokenizer_config.json that T5TokenizerFast saves for the same model, without
                          the normalisation's table, which would take 300 kB: "plain" below

t5.json: {"about", "max_length", "plain", "texts": [{"text", "fast", "slow", "plain"}]}, ids of the whole text with the
end (1) and without padding:
  fast   T5TokenizerFast over spiece.model, what SD 3 and Flux name in diffusers
  slow   T5Tokenizer over the same, null where equal to fast
  plain  T5TokenizerFast as saved in t5-json, null where equal to fast
The script asserts that tokenizer(padding="max_length", max_length=…, truncation=True) gives them cut and padded.
"""

import json
import logging
import shutil
import sys
import tempfile
from pathlib import Path

import sentencepiece
import transformers
from tiny_networks import CORPUS
from tokenizer_texts import texts
from transformers import T5Tokenizer, T5TokenizerFast

HERE = Path(__file__).resolve().parent
LENGTH = 24
OWN = [
    "", " ", "   ", "a red house", "  a   red  house  ", "A RED House.", "a red house ", "\ta red\nhouse\r\n",
    "<extra_id_0>", "a <extra_id_99> b<extra_id_1>c", "</s>", "a</s> b", "<pad>", "<unk> x", "</S>", "\u2581", "a\u2581b",
    "\ufb01ne \u2460 \uff21\uff22\uff23 \u00bd", "e\u0301 \u00e9 \u1e9b\u0323", "a\u200bb\u200d\u00adc", "\u00a0a\u3000b",
    "\U0001f600 \U0001f1e9\U0001f1ea \U0001f469\u200d\U0001f680", "\u732b\u304c\u597d\u304d", "\u0e01\u0e33", "0123456789",
    "a red house, oil on canvas, " * 30,
]


def train(folder, name, rule):
    lines = [line for line in CORPUS.splitlines() for _ in range(3)]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_prefix=str(folder / name), vocab_size=220, model_type="unigram",
        character_coverage=1.0, pad_id=0, eos_id=1, unk_id=2, bos_id=-1, hard_vocab_limit=False, num_threads=1,
        normalization_rule_name=rule, minloglevel=2,
    )
    return str(folder / f"{name}.model")


def main():
    logging.disable(logging.WARNING)
    transformers.utils.logging.set_verbosity_error()
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    models = Path(sys.argv[2]) if len(sys.argv) > 2 else HERE.parent / "models"
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        full, plain = train(work, "full", "nmt_nfkc"), train(work, "plain", "identity")
        for name in ("t5-spiece", "t5-json"):
            shutil.rmtree(models / name, ignore_errors=True)
            (models / name).mkdir(parents=True)
        shutil.copy(full, models / "t5-spiece" / "spiece.model")
        fast, slow = (c(full, add_prefix_space=True) for c in (T5TokenizerFast, T5Tokenizer))
        bare = T5TokenizerFast(plain, model_max_length=77, add_prefix_space=True)
        bare.save_pretrained(work / "saved")
        for file in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(work / "saved" / file, models / "t5-json" / file)
    listed = []
    for text in OWN + [text for _, text in texts()]:
        case = {"text": text}
        for name, tokenizer in (("fast", fast), ("slow", slow), ("plain", bare)):
            ids = tokenizer(text).input_ids
            cut = tokenizer(text, padding="max_length", max_length=LENGTH, truncation=True).input_ids
            whole = ids if len(ids) <= LENGTH else [*ids[: LENGTH - 1], 1]
            assert cut == whole + [0] * (LENGTH - len(whole)), (name, text)
            case[name] = ids if name == "fast" or ids != case["fast"] else None
        listed.append(case)
    differ = sum(case["slow"] is not None for case in listed)
    print(f"{len(listed)} texts, in {differ} of which the slow tokenizer differs")
    head = {"about": f"transformers {transformers.__version__}, sentencepiece {sentencepiece.__version__}; see make_t5.py",
            "max_length": LENGTH}
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in listed)
    (out / "t5.json").write_text(json.dumps(head)[:-1] + ', "texts": [\n' + lines + "\n]}\n")


if __name__ == "__main__":
    main()
