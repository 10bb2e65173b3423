#!/usr/bin/env python3
"""Golden tokens of the tokenizers that text-guided systems besides Stable Diffusion have, and the small vocabularies.

Usage: python make_text_tokens.py [OUTDIR] [MODELS]     (default: this folder and ../models)

  ../models/tokenizer-gpt2        vocab.json and merges.txt, trained over CORPUS; <|endoftext|> is the last token
  ../models/tokenizer-gpt2-json   tokenizer.json and tokenizer_config.json that GPT2TokenizerFast saves of it
  ../models/tokenizer-bert        vocab.txt and tokenizer_config.json (BertTokenizer, lower-cased)
  ../models/tokenizer-bert-json   tokenizer.json and tokenizer_config.json that BertTokenizerFast saves of it
  ../models/tokenizer-xlm-r       sentencepiece.bpe.model alone, Unigram without normalisation (T5's small model has that)
  ../models/tokenizer-xlm-r-json  tokenizer.json and tokenizer_config.json that XLMRobertaTokenizerFast saves of it

text_tokens.json: {"about", "length", "padding", "texts": [{"text", …}]}, the ids of the whole text with what stands
around it and without padding:
  gpt2     GPT2Tokenizer's words and pairs of text.lower(), nothing around: what glide-text2im's Encoder.encode does
  bert     BertTokenizerFast;  cased  the same with do_lower_case=False
  xlm_r    XLMRobertaTokenizerFast
  clip     CLIPTokenizer over ../models/tiny-optimum/tokenizer; null where a character is newer than Python's tables, because
           it drops those
"padding" is what pads each. The script asserts that transformers gives them cut, padded and with an attention mask by the
one rule: at most "length", the end kept, the mask 1 on everything but padding; for CLIP padded with the token 0.
"""

import io
import json
import logging
import re
import shutil
import sys
import tempfile
import unicodedata
from collections import Counter
from pathlib import Path

import sentencepiece
import tokenizers
import transformers
from tiny_networks import CORPUS
from tokenizer_texts import texts
from tokenizers.implementations import ByteLevelBPETokenizer
from transformers import BertTokenizerFast, CLIPTokenizer, GPT2Tokenizer, GPT2TokenizerFast, XLMRobertaTokenizerFast
from transformers.models.clip.tokenization_clip import BasicTokenizer

HERE = Path(__file__).resolve().parent
LENGTH = 24
LINES = [line for line in CORPUS.splitlines() for _ in range(3)]
OWN = [
    "", " ", "  a red  house ", "A RED House\n", "it's a red house, isn't it?", "<|endoftext|>", "a<|endoftext|>b", "[SEP] a [MASK] b",
    "a[CLS]b", "[PAD]", "[UNK] zebra", "<mask>", "a <mask> b", "</s> a<s>", "<pad> <unk>", "unaffable \u00fcber caf\u00e9", "\u732b sits",
    "SIGMA: \u039f\u0394\u039f\u03a3", "a red house, oil on canvas, " * 4, "x" * 101, "tab\tand\r\nline", "##ing ##s",
]


def save(folder, work, *files):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in files:
        shutil.copy(work / file, folder / file)


def gpt2(work, models):
    trainer = ByteLevelBPETokenizer()
    trainer.train_from_iterator([line.lower() for line in LINES], vocab_size=420, min_frequency=2, show_progress=False)
    trainer.save_model(str(work))
    vocabulary = json.loads((work / "vocab.json").read_text())
    vocabulary["<|endoftext|>"] = len(vocabulary)
    (work / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False, separators=(",", ":")))
    save(models / "tokenizer-gpt2", work, "vocab.json", "merges.txt")
    slow = GPT2Tokenizer(str(work / "vocab.json"), str(work / "merges.txt"))
    fast = GPT2TokenizerFast(str(work / "vocab.json"), str(work / "merges.txt"), pad_token="<|endoftext|>")
    fast.save_pretrained(work / "saved")
    save(models / "tokenizer-gpt2-json", work / "saved", "tokenizer.json", "tokenizer_config.json")

    def encode(text):
        text = text.lower()
        ids = slow.convert_tokens_to_ids(slow._tokenize(text))
        if "<|endoftext|>" not in text:
            check(fast, text, ids, end=None, padding=len(vocabulary) - 1)
        return ids

    return encode, len(vocabulary) - 1


def pieces():
    """A WordPiece vocabulary by counting, in an order that the trainers of `tokenizers` do not keep from run to run: special
    tokens, characters, the most frequent beginnings of words, and the most frequent ends behind them."""
    words = Counter(re.findall(r"\w+|[^\w\s]", CORPUS.lower()))
    characters = sorted(set("".join(words)) | set("abcdefghijklmnopqrstuvwxyz0123456789,.!'-"))
    begins, ends = Counter(), Counter()
    for word, count in words.items():
        begins.update({word[:length]: count for length in range(2, len(word) + 1)})
        ends.update({"##" + word[-length:]: count for length in range(2, len(word))})
    most = lambda counter: [piece for piece, _ in sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:100]]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return [*special, *characters, *("##" + c for c in characters), *most(begins), *most(ends)]


def bert(work, models):
    (work / "vocab.txt").write_text("\n".join(pieces()) + "\n")
    config = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 512}
    (work / "tokenizer_config.json").write_text(json.dumps(config))
    save(models / "tokenizer-bert", work, "vocab.txt", "tokenizer_config.json")
    lower, cased = (BertTokenizerFast(str(work / "vocab.txt"), do_lower_case=flag) for flag in (True, False))
    lower.save_pretrained(work / "saved")
    save(models / "tokenizer-bert-json", work / "saved", "tokenizer.json", "tokenizer_config.json")

    def encode(tokenizer):
        def ids(text):
            found = tokenizer(text).input_ids
            check(tokenizer, text, found, end=tokenizer.sep_token_id, padding=tokenizer.pad_token_id)
            return found
        return ids

    return encode(lower), encode(cased), lower.pad_token_id


def xlm_r(work, models):
    # Into memory: a file's path would stand in the model.
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES), model_writer=model, vocab_size=220, model_type="unigram", character_coverage=1.0,
        hard_vocab_limit=False, num_threads=1, normalization_rule_name="identity", minloglevel=2,
    )
    (work / "sentencepiece.bpe.model").write_bytes(model.getvalue())
    save(models / "tokenizer-xlm-r", work, "sentencepiece.bpe.model")
    tokenizer = XLMRobertaTokenizerFast(str(work / "sentencepiece.bpe.model"))
    tokenizer.save_pretrained(work / "saved")
    save(models / "tokenizer-xlm-r-json", work / "saved", "tokenizer.json", "tokenizer_config.json")

    def encode(text):
        ids = tokenizer(text).input_ids
        check(tokenizer, text, ids, end=tokenizer.eos_token_id, padding=tokenizer.pad_token_id)
        return ids

    return encode, tokenizer.pad_token_id


def clip(models):
    tokenizer = CLIPTokenizer.from_pretrained(models / "tiny-optimum" / "tokenizer")
    tokenizer.pad_token = tokenizer.convert_ids_to_tokens(0)
    # Without ftfy, as make_tokenizer.py explains.
    tokenizer.fix_text, tokenizer.nlp = None, BasicTokenizer(strip_accents=False, do_split_on_punc=False)

    def encode(text):
        if any(unicodedata.category(c) == "Cn" for c in text):
            return None
        ids = tokenizer(text).input_ids
        check(tokenizer, text, ids, end=tokenizer.eos_token_id, padding=0)
        return ids

    return encode, 0


def check(tokenizer, text, ids, end, padding):
    """That the one rule of cutting, padding and masking is transformers'."""
    cut = ids if len(ids) <= LENGTH else [*ids[: LENGTH - (end is not None)], *([] if end is None else [end])]
    given = tokenizer(text, padding="max_length", max_length=LENGTH, truncation=True)
    assert given.input_ids == cut + [padding] * (LENGTH - len(cut)), text
    assert given.attention_mask == [1] * len(cut) + [0] * (LENGTH - len(cut)), text


def main():
    logging.disable(logging.WARNING)
    transformers.utils.logging.set_verbosity_error()
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    models = Path(sys.argv[2]) if len(sys.argv) > 2 else HERE.parent / "models"
    with tempfile.TemporaryDirectory() as work:
        folders = [Path(work) / name for name in ("gpt2", "bert", "xlm_r")]
        for folder in folders:
            folder.mkdir()
        encode_gpt2, pad_gpt2 = gpt2(folders[0], models)
        encode_bert, encode_cased, pad_bert = bert(folders[1], models)
        encode_xlm_r, pad_xlm_r = xlm_r(folders[2], models)
    encode_clip, pad_clip = clip(models)
    encoders = {"gpt2": encode_gpt2, "bert": encode_bert, "cased": encode_cased, "xlm_r": encode_xlm_r, "clip": encode_clip}
    # The longest test the cutting alone, which shorter ones do too.
    every = list(dict.fromkeys(OWN + [text for _, text in texts() if len(text) <= 150]))
    listed = [{"text": text, **{name: encode(text) for name, encode in encoders.items()}} for text in every]
    print(f"{len(listed)} texts")
    head = {
        "about": f"transformers {transformers.__version__}, tokenizers {tokenizers.__version__}, sentencepiece "
                 f"{sentencepiece.__version__}; see make_text_tokens.py",
        "length": LENGTH, "padding": {"gpt2": pad_gpt2, "bert": pad_bert, "cased": pad_bert, "xlm_r": pad_xlm_r, "clip": pad_clip},
    }
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in listed)
    (out / "text_tokens.json").write_text(json.dumps(head)[:-1] + ', "texts": [\n' + lines + "\n]}\n")


if __name__ == "__main__":
    main()
