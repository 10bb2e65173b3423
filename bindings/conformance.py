#!/usr/bin/env python3
"""Whether the bindings draw what the C interface draws on this machine, pixel for pixel.

Usage: conformance.py expect C_PROGRAM MODEL OUT     draws conformance.json's cases with bindings/conformance.c and writes
                                                     OUT/expected.txt and OUT/cases.tsv
       conformance.py check HOST OUT COMMAND...      runs a binding's runner and compares

A runner is called as COMMAND MODEL OUT/cases.tsv and prints a line for each case: its name, a space, and the SHA-256 of
the picture's RGB8 bytes, row by row without gaps, in hexadecimal; or, for hosts that have no SHA-256, the path of a file
with those bytes. cases.tsv has the cases of conformance.json for hosts
that have no JSON: a line for each, nine fields with tabs between them, in the order name, prompt, negative_prompt, seed,
steps, width, height, guidance, scheduler; UTF-8.

Hashes are not committed: float kernels differ between processors, and so may a pixel.
"""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

CASES = Path(__file__).with_name("conformance.json")
FIELDS = ["name", "prompt", "negative_prompt", "seed", "steps", "width", "height", "guidance", "scheduler"]


def rows():
    """The cases, each a list of texts."""
    found = []
    for case in json.loads(CASES.read_text(encoding="utf-8"))["cases"]:
        if list(case) != FIELDS:
            sys.exit(f"conformance: a case has the fields {', '.join(case)}; it must have {', '.join(FIELDS)}")
        row = [str(case[field]) for field in FIELDS]
        if any(character in field for field in row for character in "\t\r\n"):
            sys.exit(f"conformance: the case {row[0]} has a tab or an end of line, which cases.tsv cannot have")
        found.append(row)
    return found


def expect(program, model, out):
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    cases = rows()
    text = "".join("\t".join(row) + "\n" for row in cases)
    (folder / "cases.tsv").write_text(text, encoding="utf-8", newline="\n")
    subprocess.run([program, model, out, *(field for row in cases for field in row)], check=True)
    lines = [f"{row[0]} {hashlib.sha256((folder / f'{row[0]}.rgb').read_bytes()).hexdigest()}\n" for row in cases]
    (folder / "expected.txt").write_text("".join(lines), encoding="utf-8")
    (folder / "model.txt").write_text(model, encoding="utf-8")


def hashed(line):
    """A runner's line with the hash, also where it names a file."""
    name, _, rest = line.partition(" ")
    if not rest or re.fullmatch("[0-9a-f]{64}", rest):
        return line
    if not Path(rest).is_file():
        return f"{line} (neither a SHA-256 nor a file)"
    return f"{name} {hashlib.sha256(Path(rest).read_bytes()).hexdigest()}"


def check(host, out, *command):
    folder = Path(out)
    model = (folder / "model.txt").read_text(encoding="utf-8")
    done = subprocess.run([*command, model, str(folder / "cases.tsv")], stdout=subprocess.PIPE, encoding="utf-8")
    if done.returncode != 0:
        sys.exit(f"conformance: {host}: its runner ended with {done.returncode}")
    expected = (folder / "expected.txt").read_text(encoding="utf-8").split("\n")
    got = [hashed(line) for line in done.stdout.replace("\r", "").split("\n")]
    if got != expected:
        for want, have in zip(expected, [*got, *[""] * len(expected)]):
            print(f"{'  ' if want == have else '! '}{want}  {have}", file=sys.stderr)
        sys.exit(f"conformance: {host} does not draw what the C interface draws")
    print(f"conformance: {host} draws the same pixels as the C interface in {len(expected) - 1} cases")


if __name__ == "__main__":
    if len(sys.argv) >= 5 and sys.argv[1] == "expect":
        expect(*sys.argv[2:])
    elif len(sys.argv) >= 5 and sys.argv[1] == "check":
        check(*sys.argv[2:])
    else:
        sys.exit(__doc__)
