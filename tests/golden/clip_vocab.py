#!/usr/bin/env python3
"""Writes CLIP's vocabulary as vocab.json + merges.txt, the files of every SD 1.x tokenizer folder.

Usage: python3 clip_vocab.py OUTDIR [--wheel open_clip_torch-3.3.0-py3-none-any.whl]

Needs only the Python standard library and pip. The merges come out of the pinned open_clip_torch
wheel (MIT licence; open_clip/bpe_simple_vocab_16e6.txt.gz, OpenAI's CLIP vocabulary). Downloads
nothing when OUTDIR already holds the right files. Every file is checked by its sha256.

The order of vocab.json's ids is the one that CLIP's own SimpleTokenizer builds: 256 byte
characters, the same with "</w>", one token a merge, the two special tokens.
"""

import argparse
import gzip
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

REQUIREMENT = "open_clip_torch==3.3.0"
WHEEL_SHA256 = "c549ad5ed6bfc119cc11105033c0a2b9d7a2a4afeb40a58a09aab3da1a0043ce"
MEMBER = "open_clip/bpe_simple_vocab_16e6.txt.gz"
FILES_SHA256 = {
    "vocab.json": "3f0c4f7d2086b61b38487075278ea9ed04edb53a03cbb045b86c27190fa8fb69",
    "merges.txt": "9fd691f7c8039210e0fced15865466c65820d09b63988b0174bfe25de299051a",
}
MERGES = 49152 - 256 - 2


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def complete(out):
    return all((out / n).is_file() and sha256(out / n) == want for n, want in FILES_SHA256.items())


def download(folder):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
               "--no-deps", "--dest", str(folder), REQUIREMENT]
    if subprocess.run(command).returncode != 0:
        sys.exit(f"clip_vocab: pip could not download {REQUIREMENT}; give --wheel FILE instead")
    return next(Path(folder).glob("*.whl"))


def byte_characters():
    """GPT-2's printable stand-ins for the 256 bytes, in the order CLIP numbers them."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(others))]


def write(wheel, out):
    if sha256(wheel) != WHEEL_SHA256:
        sys.exit(f"clip_vocab: {wheel} is not {REQUIREMENT} (its sha256 should be {WHEEL_SHA256})")
    with zipfile.ZipFile(wheel) as archive:
        lines = gzip.decompress(archive.read(MEMBER)).decode("utf-8").split("\n")
    merges = lines[1 : 1 + MERGES]
    characters = byte_characters()
    tokens = characters + [c + "</w>" for c in characters]
    tokens += ["".join(merge.split()) for merge in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    assert len(tokens) == len(set(tokens)) == 49408
    out.mkdir(parents=True, exist_ok=True)
    vocab = json.dumps({token: i for i, token in enumerate(tokens)}, ensure_ascii=False)
    (out / "vocab.json").write_text(vocab, encoding="utf-8", newline="\n")
    text = "#version: 0.2\n" + "\n".join(merges) + "\n"
    (out / "merges.txt").write_text(text, encoding="utf-8", newline="\n")
    if not complete(out):
        sys.exit(f"clip_vocab: the files written to {out} are not the expected ones")


def main():
    parser = argparse.ArgumentParser(description="Write CLIP's vocab.json and merges.txt.")
    parser.add_argument("outdir", type=Path)
    parser.add_argument("--wheel", type=Path, help="a downloaded wheel, instead of pip download")
    arguments = parser.parse_args()
    if complete(arguments.outdir):
        return
    if arguments.wheel:
        write(arguments.wheel, arguments.outdir)
        return
    with tempfile.TemporaryDirectory() as folder:
        write(download(folder), arguments.outdir)


if __name__ == "__main__":
    main()
