#!/usr/bin/env python3
"""Whether the Swift sources fit include/diffusion.h, for machines without a Swift compiler.

Every diffusion_...() that is called has to be in the header with that many parameters, every function that is named
without a call has to be there, and so has every DIFFUSION_... constant.

Usage: python3 bindings/swift/check_header.py            checks Sources and Tests beside it
       python3 bindings/swift/check_header.py FILE...    checks these files
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEADER = HERE.parent.parent / "include/diffusion.h"


def read_header(text):
    """The functions with their numbers of parameters, and the constants."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)
    functions = {}
    for name, parameters in re.findall(r"\bDIFFUSION_API\b[^;(]*?\b(diffusion_\w+)\s*\(([^;]*?)\)\s*;", text):
        functions[name] = 0 if parameters.strip() in ("", "void") else parameters.count(",") + 1
    declared = len(re.findall(r"^(?!#).*\bDIFFUSION_API\b", text, flags=re.M))
    if len(functions) != declared or not functions:
        raise ValueError(f"the header has {declared} functions, of which {len(functions)} were understood")
    constants = set(re.findall(r"\b(DIFFUSION_\w+)\s*=\s*-?\d+", text))
    return functions, constants | set(re.findall(r"#define (DIFFUSION_\w+)", text))


def strip(text):
    """Swift without comments and without what is in quotes, each character in its place."""

    def blank(match):
        found = match.group()
        if found.startswith('"') and re.search(r"\\\(.*\bdiffusion_", found, flags=re.S | re.I):
            return found  # what is called inside of a text is a call
        return re.sub(r"[^\n]", " ", found)

    return re.sub(r'"""(?:\\.|.)*?"""|"(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*', blank, text, flags=re.S)


def arguments(text, start):
    """How many arguments the call has whose parenthesis opens at `start`, and where it ends."""
    depth, commas, anything = 0, 0, False
    for at in range(start, len(text)):
        letter = text[at]
        if letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
            if depth == 0:
                return (commas + 1 if anything or commas else 0), at
        elif letter == "," and depth == 1:
            commas += 1
        if depth >= 1 and at > start and not letter.isspace():
            anything = True
    raise ValueError("a parenthesis is never closed")


def check(text, functions, constants, where):
    """What is wrong with a Swift file, a sentence each."""
    text = strip(text)
    for match in re.finditer(r"\b(?:diffusion|DIFFUSION)_\w+", text):
        name = match.group()
        place = f"{where}:{text.count(chr(10), 0, match.start()) + 1}"
        if name.startswith("DIFFUSION_"):
            if name not in constants:
                yield f"{place}: {name} is not in the header"
            continue
        if name not in functions:
            yield f"{place}: {name} is not a function of the header"
            continue
        if text[match.end():match.end() + 1] != "(":
            continue
        given, end = arguments(text, match.end())
        if re.match(r"[ \t]*\{", text[end + 1:]) and not re.search(r"\b(if|while|guard|switch|for)\b[^\n{]*$", text[:match.start()]):
            given += 1  # a closure behind the call
        if given != functions[name]:
            yield f"{place}: {name} takes {functions[name]} arguments, not {given}"


def main(files):
    functions, constants = read_header(HEADER.read_text(encoding="utf-8"))
    files = [Path(file) for file in files] or sorted([*HERE.glob("Sources/**/*.swift"), *HERE.glob("Tests/**/*.swift")])
    found, used = [], set()
    for file in files:
        text = file.read_text(encoding="utf-8")
        found += check(text, functions, constants, file)
        used |= set(re.findall(r"\bdiffusion_\w+", strip(text))) & set(functions)
    if not used:
        found += [f"no function of the header is used in {len(files)} files; is this the right place?"]
    for sentence in found:
        print(sentence, file=sys.stderr)
    if not found:
        print(f"the Swift sources use {len(used)} functions of include/diffusion.h, each as it is declared")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
