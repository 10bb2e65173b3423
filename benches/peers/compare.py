#!/usr/bin/env python3
"""Runs libdiffusion's tool and any set of peers on the same model in turns, and prints Markdown tables.

Every run is a fresh process with the same prompt, seed, size, steps, guidance and threads. Rounds are interleaved,
so that a machine that warms up or slows down treats all alike. Pictures of the first round are compared: a ratio
between programs that draw different things means nothing. Needs only the standard library; the peers' Python comes
from setup.sh beside this file. README.md has the options and says what each figure is.
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import figures
import launch
import machine
import plot
import sides as known
import tables

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def parse():
    parser = argparse.ArgumentParser(description="Compare the C tool with others on one model.")
    parser.add_argument("--model", "-m", type=Path, required=True, help="folder of ONNX graphs")
    parser.add_argument("--torch-model", type=Path, help="the same weights as a diffusers folder")
    parser.add_argument("--peers", default="optimum", metavar="LIST", help=f"of {','.join(known.PEERS)}, or empty")
    parser.add_argument("--ours", action="append", metavar="NAME=FLAGS", help="a side of ours with more tool flags")
    parser.add_argument("--ours-env", action="append", default=[], metavar="KEY=VALUE", help="environment of ours")
    parser.add_argument("--sdcpp", type=Path, metavar="BINARY", help="stable-diffusion.cpp's command-line program")
    parser.add_argument("--sdcpp-model", type=Path, metavar="FILE")
    parser.add_argument("--torch-device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--compile-mode", default="reduce-overhead", help="torch.compile's, for diffusers-*-compile")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--prompt", default="a red house in the snow at night, with two trees")
    parser.add_argument("--width", type=int)
    parser.add_argument("--height", type=int)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=7.5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--scheduler", choices=sorted(known.CLASSES))
    parser.add_argument("--tool", type=Path, default=ROOT / "target" / "diffusion")
    parser.add_argument("--python", help="the peers' Python; default: setup.sh's")
    parser.add_argument("--scratch", type=Path, help="where pictures and caches go meanwhile; default: the system's")
    parser.add_argument("--json", type=Path, help="write everything here, every run's own report too")
    parser.add_argument("--markdown", type=Path, help="write the tables here too")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw time a step and memory of all sides")
    parser.add_argument("--dry-run", action="store_true", help="only print the commands of a round")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    return arguments


def has_cache(tool):
    return "--cache-dir" in subprocess.run([tool, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout


def versions_of_ours(tool, sides):
    made = {"libdiffusion": (machine.said([tool, "--version"]) or "unknown").split()[-1]}
    for side in sides:
        command = [str(c) for c in side.command("", "")]
        library = [w for at, w in enumerate(command) if at and command[at - 1] == "--ort-library"]
        result = subprocess.run([tool, "devices", "--json", *(["--ort-library", library[-1]] if library else [])],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if result.returncode == 0:
            made[f"ONNX Runtime ({side.name})"] = json.loads(result.stdout)["version"]
    return made


def run_once(side, folder, watch):
    text, peak, device = launch.run(side.command(folder / f"{side.name}.png", folder / f"{side.name}.cache"),
                                    side.environment, side.log_in_output, watch)
    try:
        report = side.read(text)
    except ValueError as error:
        raise launch.Failed(f"{side.name}: {error}") from error
    for image in report.get("images", []):
        image.pop("path", None)
    return {**report, "peak_memory_bytes": peak, "device_memory_bytes": device}


def run_all(arguments, sides, folder):
    """({name: reports}, {name: why it failed}). A side that fails once is left out from then on."""
    reports, failed = {side.name: [] for side in sides}, {}
    watch = launch.watches_device()
    for index in range(arguments.rounds):
        for side in known.order(sides, index):
            if side.name in failed:
                continue
            print(f"round {index + 1} of {arguments.rounds}: {side.name}", file=sys.stderr)
            try:
                reports[side.name].append(run_once(side, folder, watch))
            except launch.Failed as error:
                failed[side.name] = str(error)
                print(f"compare: {side.name} is left out: {error}", file=sys.stderr)
        if index == 0:
            pictures = compare_pictures(arguments, [s for s in sides if s.name not in failed], folder)
    return reports, failed, pictures


def compare_pictures(arguments, sides, folder):
    """{name: how far its picture is from the reference's}; the reference itself is not in it."""
    if not arguments.python or not sides:
        return {}
    first = known.reference([s.name for s in sides])
    made = {s.name: {"note": "not compared, its noise is another"} for s in sides if not s.same_noise}
    others = [s.name for s in sides if s.name != first and s.same_noise]
    command = [arguments.python, HERE / "agreement.py", *(folder / f"{name}.png" for name in [first, *others])]
    said = subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {**made, **dict(zip(others, json.loads(said)))}


def put_together(arguments, sides, reports, failed, pictures):
    """Everything that was found, as the object of --json."""
    made, versions = {}, versions_of_ours(arguments.tool.resolve(), [s for s in sides if s.ours])
    for side in sides:
        runs = reports[side.name]
        for run in runs:
            versions.update(run.get("versions", {}))
        imports = [run["import"] for run in runs if "import" in run]
        made[side.name] = {
            "ours": side.ours,
            "figures": {} if side.name in failed else figures.of_side(runs),
            "picture": pictures.get(side.name),
            "import_ms": statistics.median(imports) if imports else None,
            "note": f"failed and left out: {failed[side.name]}" if side.name in failed else side.note,
            "runs": runs,
        }
    whole = {name: data for name, data in made.items() if data["figures"]}
    images = [image for runs in reports.values() for run in runs for image in run.get("images", [])]
    size = {k: images[0][k] for k in ("width", "height")} if images else {}
    return {
        "settings": {"model": arguments.model.resolve().name, **size,
                     **{k: getattr(arguments, k) for k in ("prompt", "steps", "guidance", "seed", "threads", "rounds",
                                                           "scheduler")}},
        "machine": machine.describe(ROOT, arguments.threads, versions),
        "sides": made,
        "reference": known.reference(list(whole)) if pictures else None,
        "baseline": known.reference(list(whole)) if whole else None,
        "ratios": {
            name: {other: figures.ratios(data["figures"], whole[other]["figures"])
                   for other in whole if not whole[other]["ours"]}
            for name, data in whole.items() if data["ours"]
        },
    }


def write(arguments, result):
    text = tables.markdown(result)
    print(text, end="")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")
    if arguments.markdown:
        arguments.markdown.write_text(text)
    if arguments.plot:
        chart = plot.svg(result, result["baseline"]) if result["baseline"] else None
        if chart:
            arguments.plot.write_text(chart)
        else:
            print(f"compare: {arguments.plot} is not drawn, there is nothing to draw", file=sys.stderr)


def main():
    arguments = parse()
    if not arguments.tool.exists():
        sys.exit(f"compare: {arguments.tool} is not there; run `make` first")
    try:
        needs_python = any(name not in ("", "sdcpp") for name in arguments.peers.split(","))
        if needs_python and not arguments.python and not arguments.dry_run:
            arguments.python = subprocess.run([HERE / "setup.sh"], check=True, stdout=subprocess.PIPE,
                                              text=True).stdout.strip()
        arguments.python = arguments.python or ("python" if arguments.dry_run else None)
        sides = known.make(arguments, has_cache(arguments.tool.resolve()))
    except ValueError as error:
        sys.exit(f"compare: {error}")
    if arguments.dry_run:
        for side in sides:
            words = [f"{k}={v}" for k, v in side.environment.items()]
            words += [str(c) for c in side.command(f"{side.name}.png", f"{side.name}.cache")]
            print(f"{side.name}: {shlex.join(words)}")
        return
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        reports, failed, pictures = run_all(arguments, sides, Path(scratch))
    write(arguments, put_together(arguments, sides, reports, failed, pictures))
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
