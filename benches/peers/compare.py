#!/usr/bin/env python3
"""Runs the C tool and a peer on the same folder in turns, and prints a Markdown table of medians and ratios.

Usage: compare.py --model DIR [--rounds 5] [--width N] [--height N] [--steps N] [--guidance G] [--seed N]
                  [--threads N] [--scheduler NAME] [--prompt TEXT] [--tool target/diffusion] [--python PEER_PYTHON]

Every round starts both programs afresh, the tool first in even rounds, the peer first in odd ones, so that a
machine that warms up or slows down treats both alike. The pictures of the first round are compared too: a
ratio between programs that draw different things means nothing. Needs only the standard library; the peer's
Python comes from setup.sh beside this file.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CLASSES = {
    "ddim": "DDIMScheduler", "ddpm": "DDPMScheduler", "pndm": "PNDMScheduler", "lms": "LMSDiscreteScheduler",
    "euler": "EulerDiscreteScheduler", "euler_ancestral": "EulerAncestralDiscreteScheduler",
    "heun": "HeunDiscreteScheduler", "dpm2": "KDPM2DiscreteScheduler",
    "dpm2_ancestral": "KDPM2AncestralDiscreteScheduler", "dpmpp_2m": "DPMSolverMultistepScheduler",
    "unipc": "UniPCMultistepScheduler", "deis": "DEISMultistepScheduler",
}
DIFFERENCE = """
import sys, numpy as np
from PIL import Image
a, b = (np.asarray(Image.open(p).convert("RGB")).astype(int) for p in sys.argv[1:])
d = abs(a - b) if a.shape == b.shape else None
print("different sizes" if d is None else f"{d.max()} {100 * (d <= 1).mean():.2f}")
"""


def parse():
    parser = argparse.ArgumentParser(description="Compare the C tool with optimum on one model folder.")
    parser.add_argument("--model", "-m", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--prompt", default="a red house in the snow at night, with two trees")
    parser.add_argument("--width", type=int)
    parser.add_argument("--height", type=int)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=7.5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--scheduler", choices=sorted(CLASSES))
    parser.add_argument("--tool", type=Path, default=ROOT / "target" / "diffusion")
    parser.add_argument("--python", help="the peer's Python; default: setup.sh's")
    parser.add_argument("--json", type=Path, help="also write every run's own JSON here")
    return parser.parse_args()


def run(command):
    result = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, text=True)
    if result.returncode != 0:
        sys.exit(f"compare: {command[0]} ended with status {result.returncode}")
    return json.loads(result.stdout[result.stdout.index("{"):])


def figures(report):
    timings = report["timings"]
    steps = timings["denoise"]
    out = {
        "open": timings["open"],
        "text": timings["text"],
        "first step": steps[0],
        "step": statistics.median(steps[1:] or steps),
        "decode": timings["decode"],
        "generate": timings["total"] - timings["open"],
        "total": timings["total"],
    }
    if report.get("peak_memory_bytes"):
        out["peak memory"] = report["peak_memory_bytes"] / 1e6
    return out


def table(ours, theirs):
    print("| | unit | libdiffusion | spread | optimum | spread | ours / theirs |\n|---|---|---|---|---|---|---|")
    for name in ours[0]:
        sides = []
        for runs in (ours, theirs):
            values = [r[name] for r in runs if name in r]
            sides.append((statistics.median(values), min(values), max(values)) if values else None)
        if None in sides:
            continue
        (a, a0, a1), (b, b0, b1) = sides
        unit = "MB" if name == "peak memory" else "ms"
        ratio = f"{a / b:.3f}" if b else "-"
        print(f"| {name} | {unit} | {a:.1f} | {a0:.1f} .. {a1:.1f} | {b:.1f} | {b0:.1f} .. {b1:.1f} | {ratio} |")


def main():
    arguments = parse()
    if not arguments.tool.exists():
        sys.exit(f"compare: {arguments.tool} is not there; run `make` first")
    python = arguments.python or subprocess.run(
        [HERE / "setup.sh"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    shared = ["-m", arguments.model.resolve(), "-p", arguments.prompt, "--steps", arguments.steps,
              "-g", arguments.guidance, "-s", arguments.seed, "--threads", arguments.threads]
    for option in ("width", "height"):
        if getattr(arguments, option):
            shared += [f"--{option}", getattr(arguments, option)]
    tool = [arguments.tool, "generate", *shared, "--json", "--quiet"]
    peer = [python, HERE / "peer_optimum.py", *shared]
    if arguments.scheduler:
        tool += ["--scheduler", arguments.scheduler]
        peer += ["--scheduler", CLASSES[arguments.scheduler]]
    runs = {"ours": [], "theirs": []}
    with tempfile.TemporaryDirectory() as folder:
        pictures = {side: Path(folder) / f"{side}.png" for side in runs}
        for index in range(arguments.rounds):
            order = ["ours", "theirs"] if index % 2 == 0 else ["theirs", "ours"]
            for side in order:
                command = tool if side == "ours" else peer
                runs[side].append(run([*command, "-o", pictures[side]]))
            if index == 0:
                said = subprocess.run([python, "-c", DIFFERENCE, *map(str, pictures.values())], check=True,
                                      stdout=subprocess.PIPE, text=True).stdout.split()
    image = runs["theirs"][0]["images"][0]
    print(f"{arguments.model.name}: {image['width']}x{image['height']}, {arguments.steps} steps, guidance "
          f"{arguments.guidance}, {arguments.threads} thread(s), median of {arguments.rounds} rounds\n")
    table([figures(r) for r in runs["ours"]], [figures(r) for r in runs["theirs"]])
    for side, name in (("theirs", "optimum"), ("ours", "libdiffusion")):
        report = runs[side][-1]
        inside = report.get("denoise_in_graph")
        if inside:
            steps = report["timings"]["denoise"]
            print(f"\n{name}: {100 * (1 - sum(inside) / sum(steps)):.2f} % of the loop outside the graph")
    if said[0] == "different":
        print("\nThe pictures have different sizes.")
    else:
        print(f"\nThe pictures differ by at most {said[0]} grey level(s); {said[1]} % of the values within one.")
    imports = statistics.median(r["import"] for r in runs["theirs"])
    print(f"Not counted above: Python's imports on optimum's side, {imports:.0f} ms.")
    if arguments.json:
        arguments.json.write_text(json.dumps(runs, indent=1) + "\n")


if __name__ == "__main__":
    main()
