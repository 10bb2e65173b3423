#!/usr/bin/env python3
"""Draw one picture twice with the tool, the ordinary way and another, and say what the other costs and gains.

Options after `--` are those of the other way, as `--provider openvino --precision bfloat16`; the ordinary one has the
same provider in the graphs' own types. Prints the times of both and the distance of the pictures: PSNR in dB over all
8-bit channels (10 log10(255^2 / mean squared difference); 40 and more is hard to see), and the largest difference.

Needs Python 3.8 or later, nothing else: PNGs are read here (PNG specification, third edition, chapters 9 and 10).
"""

import argparse
import json
import math
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path


class Failure(Exception):
    """One clear sentence for the user."""


def read_png(path):
    """(width, height, pixels) of an 8-bit RGB or RGBA PNG without interlacing; pixels are bytes, channels innermost."""
    data = Path(path).read_bytes()
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise Failure(f'"{path}" is no PNG')
    place, packed, header = 8, [], None
    while place + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        body = data[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed.append(body)
        place += 12 + length
    if header is None or header[2] != 8 or header[3] not in (2, 6) or header[6] != 0:
        raise Failure(f'"{path}" is not an 8-bit RGB or RGBA PNG without interlacing')
    width, height, step = header[0], header[1], 3 if header[3] == 2 else 4
    return width, height, unfilter(zlib.decompress(b"".join(packed)), width * step, height, step)


def unfilter(raw, stride, height, step):
    """The bytes of all rows, each of which begins with the number of its filter."""
    if len(raw) != (stride + 1) * height:
        raise Failure("a PNG holds more or fewer bytes than its size says")
    rows, above = bytearray(), bytes(stride)
    for start in range(0, len(raw), stride + 1):
        kind, row = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
        for i in range(stride):
            left = row[i - step] if i >= step else 0
            corner = above[i - step] if i >= step else 0
            if kind == 1:
                row[i] = (row[i] + left) & 255
            elif kind == 2:
                row[i] = (row[i] + above[i]) & 255
            elif kind == 3:
                row[i] = (row[i] + (left + above[i]) // 2) & 255
            elif kind == 4:
                row[i] = (row[i] + paeth(left, above[i], corner)) & 255
            elif kind != 0:
                raise Failure(f"a PNG uses the filter {kind}, which there is not")
        rows += row
        above = row
    return bytes(rows)


def paeth(left, up, corner):
    guess = left + up - corner
    return min((left, up, corner), key=lambda value: abs(guess - value))


def distance(first, second):
    """(PSNR in dB, largest difference) of two pictures of one size."""
    if first[:2] != second[:2] or len(first[2]) != len(second[2]):
        raise Failure(f"the pictures differ in size or channels: {first[:2]} and {second[:2]}")
    differences = [abs(a - b) for a, b in zip(first[2], second[2])]
    square = sum(d * d for d in differences) / len(differences)
    return (math.inf if square == 0 else 10 * math.log10(255**2 / square)), max(differences)


def ordinary(options):
    """The same options without those that change what is computed in."""
    kept, skip = [], False
    for word in options:
        if skip:
            skip = False
        elif word == "--precision":
            skip = True
        elif not word.startswith("--precision="):
            kept.append(word)
    return kept


def draw(arguments, output, options):
    """Draws into `output`; the tool's JSON."""
    command = [os.path.abspath(arguments.tool), "generate", "--json", "--quiet", "--model", arguments.model]
    command += ["--prompt", arguments.prompt, "--seed", str(arguments.seed), "--output", str(output), *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise Failure(f"the tool ended with status {done.returncode}")
    return json.loads(done.stdout)


def report(name, told):
    times = told["timings"]
    steps = sorted(times["denoise"])
    print(
        f"{name:12} open {times['open'] / 1e3:6.2f} s   step {steps[len(steps) // 2]:8.1f} ms   "
        f"decode {times['decode']:8.1f} ms   all {times['total'] / 1e3:6.2f} s   "
        f"peak {told['peak_memory_bytes'] / 1e6:6.0f} MB"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--tool", default="target/diffusion", help="the command-line tool")
    parser.add_argument("--model", required=True, metavar="DIR")
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path("target/demo.png"), help="where the other picture goes")
    parser.add_argument("options", nargs="*", help="after --: the tool's options for the other picture")
    arguments = parser.parse_args()
    reference = arguments.output.with_name(arguments.output.stem + "-reference.png")
    try:
        report("graph's own", draw(arguments, reference, ordinary(arguments.options)))
        report("other", draw(arguments, arguments.output, arguments.options))
        psnr, largest = distance(read_png(reference), read_png(arguments.output))
    except Failure as failure:
        sys.exit(f"compare_precision.py: {failure}.")
    except OSError as error:
        sys.exit(f"compare_precision.py: {error}.")
    print(f"distance     PSNR {psnr:.1f} dB, at most {largest} of 255 grey levels")


if __name__ == "__main__":
    main()
