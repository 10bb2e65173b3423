#!/usr/bin/env python3
"""Write the licence notices of everything that is linked into the library.

What is linked is asked of cargo: every crate that the library depends on for this machine, apart from those that run
only while it is built (build scripts and procedural macros), and Rust's own standard library. The texts are those that
the crates carry; a crate that carries none gets those of its licence from the others. There is no list to keep.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

TEXT = re.compile(r"^(licen[cs]e|copying|copyright|notice|unlicen[cs]e)", re.IGNORECASE)
# Words by which the text of a licence is known, for crates that carry none.
KNOWN = {"MIT": "Permission is hereby granted, free of charge", "Apache-2.0": "Version 2.0, January 2004"}
RULE = "=" * 100
OPENING = """libdiffusion is under the MIT licence (see LICENSE). It holds the code of the crates below, each under its own licence.
ONNX Runtime, which lies beside it, is a library of its own, with its licences in onnxruntime/ here.
"""


class Failure(Exception):
    """One clear sentence for the user."""


def output(*command):
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode("utf-8")
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failure(f"{' '.join(command)} failed: {error}") from error


def host(rustc):
    """The name that Rust has for this machine."""
    return re.search(r"^host: (.+)$", output(rustc, "-vV"), re.MULTILINE).group(1)


def is_built_in(package):
    """Whether code of this package ends up in the library."""
    return all("proc-macro" not in target["kind"] for target in package["targets"])


def linked(metadata):
    """The packages that are linked, ours left out, in the order of their names."""
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    seen, todo = {root}, [root]
    while todo:
        for dependency in nodes[todo.pop()]["deps"]:
            is_normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            name = dependency["pkg"]
            if is_normal and name not in seen and is_built_in(packages[name]):
                seen.add(name)
                todo.append(name)
    seen.remove(root)
    return sorted((packages[name] for name in seen), key=lambda package: (package["name"], package["version"]))


def texts(folder):
    """The licence texts in a folder, by file name."""
    found = {}
    for path in sorted(folder.iterdir()):
        if TEXT.match(path.name) and path.is_file() and path.suffix not in (".rs", ".html"):
            found[path.name] = path.read_text(encoding="utf-8", errors="replace").strip()
        elif path.is_dir() and path.name.lower() in ("license", "licenses"):
            found.update(texts(path))
    return found


def stand_in(name, licence, authors, carried):
    """The text of a licence for what carries none: the words that others have, without their names."""
    for known, words in KNOWN.items():
        fitting = [text for found in carried for text in found.values() if words in text]
        if known in (licence or "") and fitting:
            # The shortest is without an appendix. Names stand before the licence's own words.
            text = min(fitting, key=len)
            text = text[text.index(words):] if known == "MIT" else text
            return {"licence": f"Copyright (c) {authors}\n\n{text}"}
    raise Failure(f"{name} carries no licence text, and its licence, {licence}, is not one of " + ", ".join(KNOWN))


def of_package(package, carried, found):
    """What is said of one crate, and its texts by their names."""
    head = f"{package['name']} {package['version']}\nlicence: {package['license']}"
    head += f"\n{package['repository']}" if package["repository"] else ""
    authors = ", ".join(package["authors"]) or f"the authors of {package['name']}"
    return head, found or stand_in(package["name"], package["license"], authors, carried)


class Words(HTMLParser):
    """The text of a page, with a line for each of its blocks."""

    def __init__(self):
        super().__init__()
        self.words, self.is_hidden = [], False

    def handle_starttag(self, tag, attrs):
        self.is_hidden = tag in ("style", "script", "title")
        self.words.append("\n" if tag in ("h1", "h2", "h3", "h4", "p", "li", "pre", "br", "tr") else "")

    def handle_endtag(self, tag):
        self.is_hidden = False

    def handle_data(self, data):
        self.words.append("" if self.is_hidden else data)


def of_standard_library(rustc, carried):
    """What is said of Rust's standard library, which every Rust library holds: its own notices, or its licence."""
    head = f"Rust's standard library ({output(rustc, '--version').strip()})\nlicence: MIT OR Apache-2.0"
    page = Path(output(rustc, "--print", "sysroot").strip()) / "share/doc/rust/COPYRIGHT-library.html"
    if not page.is_file():
        return head, stand_in("std", "MIT", "The Rust Project Contributors", carried)
    reader = Words()
    reader.feed(page.read_text(encoding="utf-8"))
    text = re.sub(r"[ \t]+\n", "\n", "".join(reader.words))
    return head, {page.name: re.sub(r"\n{3,}", "\n\n", text).strip()}


def written(sections):
    """All sections as text, a licence of several things once."""
    lines, first = [], {}
    for head, found in sections:
        title = head.split("\n")[0]
        lines += ["", RULE, head]
        for name, text in found.items():
            lines += ["", f"--- {name}" + (f": as {first[text]}, above" if text in first else "")]
            lines += [] if text in first else ["", text]
            first.setdefault(text, f"{name} of {title}")
    return "\n".join(lines)


def notices(cargo, rustc):
    """The whole text."""
    command = [cargo, "metadata", "--format-version", "1", "--locked", "--filter-platform", host(rustc)]
    packages = linked(json.loads(output(*command)))
    carried = [texts(Path(package["manifest_path"]).parent) for package in packages]
    sections = [of_package(package, carried, found) for package, found in zip(packages, carried)]
    return OPENING + written([*sections, of_standard_library(rustc, carried)]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--cargo", default="cargo")
    parser.add_argument("--rustc", default="rustc")
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    try:
        text = notices(arguments.cargo, arguments.rustc)
    except Failure as failure:
        sys.exit(f"notices.py: {failure}.")
    fresh = arguments.output.with_suffix(".part")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, arguments.output)


if __name__ == "__main__":
    main()
