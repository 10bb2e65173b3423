#!/usr/bin/env python3
"""Writes docs/reference.md from include/diffusion.h: every function, type, number and macro with its comment.

Usage: python3 scripts/reference.py            writes the file
       python3 scripts/reference.py --check    fails when it is not what would be written

Needs only the Python standard library. `make header` runs it, `make test-docs` checks it. Functions are grouped by the
handle that their name begins with; a new handle is a new group without a line here. What the header declares and this
does not understand is an error, never left out.
"""

import argparse
import re
import sys
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = ROOT / "include/diffusion.h"
REFERENCE = ROOT / "docs/reference.md"
COMMAND = "python3 scripts/reference.py"

# kind: enum, struct, handle, callback, function. body: what is between the braces, or the parameters.
Item = namedtuple("Item", "kind name doc code body")
Macro = namedtuple("Macro", "name value doc")

DOC = r"/\*\*(?P<doc>(?:(?!\*/).)*)\*/\s*"
DECLARATIONS = (
    ("enum", re.compile(DOC + r"(?P<code>enum (?P<name>\w+)\b[^{;]*\{(?P<body>.*?)\};)", re.S)),
    ("struct", re.compile(DOC + r"(?P<code>typedef struct \w+ \{(?P<body>.*?)\} (?P<name>\w+);)", re.S)),
    ("handle", re.compile(DOC + r"(?P<code>typedef struct (?P<name>\w+) (?P<body>)(?P=name);)", re.S)),
    ("callback", re.compile(DOC + r"(?P<code>typedef [\w *]*\(\*(?P<name>\w+)\)\((?P<body>[^;]*)\);)", re.S)),
    ("function", re.compile(DOC + r"DIFFUSION_API\s+(?P<code>[\w *]*?\b(?P<name>diffusion_\w+)\((?P<body>[^;]*)\);)", re.S)),
)

# Groups of functions that belong to no handle, by what their names and parameters are like; the first that fits has them.
OTHERS = (
    ("ONNX Runtime", re.compile(r"diffusion_runtime_")),
    ("Names that can be listed", re.compile(r"diffusion_\w+_name\(int64_t index\)")),
    ("Errors, versions, log", re.compile(r"")),
)


# ------------------------------------------------------------------------------------------------------ the header


def plain(comment):
    """A comment without its stars."""
    lines = [re.sub(r"^\s*\*(?: |$)", "", line).rstrip() for line in comment.strip().splitlines()]
    return "\n".join(lines).strip()


def tidy(code):
    """A declaration as one writes it: without "struct", its parameters in a row or below each other."""
    code = re.sub(r"\bstruct (?=diffusion_)", "", code)
    row = re.sub(r"\s+", " ", code).replace("( ", "(")
    if len(row) <= 110 or "(" not in row:
        return row
    start, rest = row.split("(", 1)
    return start + "(\n    " + ",\n    ".join(part.strip() for part in rest.split(","))


def read_items(text):
    found = []
    for kind, pattern in DECLARATIONS:
        for match in pattern.finditer(text):
            code = match["code"] if kind in ("enum", "struct") else tidy(match["code"])
            found.append((match.start(), Item(kind, match["name"], plain(match["doc"]), code, match["body"])))
    return [item for _, item in sorted(found, key=lambda pair: pair[0])]


def read_macros(text):
    """Every macro, with the comment before it or before the row of macros that it stands in."""
    found, doc = [], ""
    text = text.replace("\\\n", " ")
    pattern = r"/\*\*?((?:(?!\*/).)*)\*/|^#define (DIFFUSION_\w+) ?([^\n]*)$"
    for comment, name, value in re.findall(pattern, text, re.M | re.S):
        if comment:
            doc = plain(comment)
        elif name != "DIFFUSION_H":
            found.append(Macro(name, " ".join(value.split()), doc))
    # One that depends on the system has no value of its own.
    names = [macro.name for macro in found]
    once = [macro if names.count(macro.name) == 1 else macro._replace(value="") for macro in found]
    return list(dict.fromkeys(once))


def entries(body, pattern):
    """The values of an enumeration, or the fields of a struct: (declaration, comment)."""
    return [(match[2].strip(), plain(match[1])) for match in re.finditer(DOC.replace("?P<doc>", "") + pattern, body, re.S)]


def refuse_what_is_missing(text, items):
    """The header's names by a look at every line, without regard to comments or layout."""
    known = {item.name for item in items}
    bare = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    declared = set(re.findall(r"DIFFUSION_API\s[^;(]*?\b(diffusion_\w+)\s*\(", bare))
    declared |= set(re.findall(r"\b(?:enum|struct) (diffusion_\w+)", bare))
    declared |= set(re.findall(r"typedef\b[^;(]*\(\*(diffusion_\w+)\)", bare))
    if declared != known:
        sys.exit(f"reference: not understood, or without a comment, in {HEADER.name}: {', '.join(sorted(declared ^ known))}")
    for item in items:
        wanted = re.sub(r"/\*.*?\*/", "", item.body, flags=re.S)
        if item.kind == "enum" and len(re.findall(r"=", wanted)) != len(entries(item.body, r"(\w+ = -?\w+),")):
            sys.exit(f"reference: a value of {item.name} has no comment")
        if item.kind == "struct" and wanted.count(";") != len(entries(item.body, r"([^;]+);")):
            sys.exit(f"reference: a field of {item.name} has no comment")


# ---------------------------------------------------------------------------------------------------- as Markdown


class Markdown:
    """Comments as Markdown, in which every name leads to where it is explained."""

    def __init__(self, items, macros):
        self.places = {item.name: item.name for item in items}
        self.places.update({macro.name: "macros" for macro in macros})
        self.statuses = set()
        for item in items:
            if item.kind == "enum":
                for value, _ in entries(item.body, r"(\w+ = -?\w+),"):
                    name = value.split(" ")[0]
                    self.places[name] = item.name
                    if item.name == "diffusion_status":
                        self.statuses.add(name[len("DIFFUSION_STATUS_") :])

    def link(self, name, shown=None):
        return f"[`{shown or name}`](#{self.places[name]})"

    def words(self, text, here):
        """Text outside of `code`."""

        def word(match):
            name = match[1]
            if name == here:
                return f"`{match[0]}`"
            if name in self.places:
                return self.link(name, match[0])
            if name.startswith(("diffusion_", "DIFFUSION_")) or name in self.statuses:
                return f"`{match[0]}`"
            return re.sub(r"([*_<>])", r"\\\1", match[0])

        return re.sub(r"\b(\w+)\b(?:\(\))?", word, re.sub(r"([*<>])", r"\\\1", text))

    def text(self, doc, here=""):
        parts = re.split(r"(`[^`]*`)", doc)
        whole = "".join(part if part.startswith("`") else self.words(part, here) for part in parts)
        return re.sub(r"^(Errors(?: besides)?):", r"**\1:**", whole, flags=re.M)

    def cell(self, doc, here=""):
        return re.sub(r"\s*\n\s*", " ", self.text(doc, here).replace("|", "\\|"))


def group_of(function, handles):
    """The handle that a function's name begins with, the longest one; or one of the other groups."""
    fitting = [handle for handle in handles if function.name.startswith(handle + "_")]
    if fitting:
        return max(fitting, key=len)
    line = re.sub(r"\s+", " ", function.code)
    return next(title for title, pattern in OTHERS if pattern.search(line))


def grouped(items):
    """Groups in the order in which the header begins them, those of no handle first."""
    handles = [item.name for item in items if item.kind == "handle"]
    groups = {title: [] for title, _ in reversed(OTHERS)}
    for item in items:
        if item.kind == "function":
            groups.setdefault(group_of(item, handles), []).append(item)
    for handle in handles:  # one that nothing begins with is still explained
        groups.setdefault(handle, [])
    return {title: functions for title, functions in groups.items() if functions or title in handles}


def summary(doc):
    """The first sentence, where it is short."""
    sentence = re.split(r"(?<=\.)\s", re.sub(r"\s+", " ", doc), maxsplit=1)[0]
    return sentence if len(sentence) <= 140 else sentence[:137].rsplit(" ", 1)[0] + " ..."


def slug(title):
    return re.sub(r"[^\w-]", "", title.lower().replace(" ", "-"))


def conventions(text, markdown):
    """The rules at the head of the header."""
    head = plain(re.match(r"\s*/\*(.*?)\*/", text, re.S)[1])
    rules = head[head.index("\nConventions\n") + 1 :]
    rules = re.sub(r"^(\w+)\n\n(?= - )", r"### \1\n\n", rules, flags=re.M)
    return markdown.text(re.sub(r"^ - ", "- ", rules, flags=re.M))


def index(groups, types, markdown):
    lines = ["## Index", ""]
    lines.append("Types: " + ", ".join(markdown.link(item.name) for item in types) + "; [macros](#macros).")
    for title, functions in groups.items():
        is_handle = title in markdown.places
        heading = f"[`{title}`](#{title})" if is_handle else f"[{title}](#{slug(title)})"
        start = f"{title}_" if is_handle else "diffusion_"
        names = (markdown.link(function.name, function.name[len(start) :]) for function in functions)
        lines += ["", f"**{heading}** " + " · ".join(names)]
    return lines


def function_section(item, markdown):
    return ["", f"### `{item.name}`", "```c", item.code, "```", markdown.text(item.doc, item.name)]


def table_section(item, markdown, pattern, columns):
    lines = ["", f"### `{item.name}`", markdown.text(item.doc, item.name), "", columns, "|---" * columns.count(" |") + "|"]
    for declaration, doc in entries(item.body, pattern):
        name, _, number = declaration.partition(" = ")
        number = f" {number} |" if number else ""
        lines.append(f"| `{tidy(name)}` |{number} {markdown.cell(doc, item.name)} |")
    return lines


def reference(text):
    items, macros = read_items(text), read_macros(text)
    refuse_what_is_missing(text, items)
    markdown = Markdown(items, macros)
    groups = grouped(items)
    by_name = {item.name: item for item in items}
    version = re.search(r'#define DIFFUSION_VERSION_STRING "([^"]+)"', text)[1]
    count = sum(item.kind == "function" for item in items)
    lines = [f"<!-- Written by {COMMAND} from include/diffusion.h. Do not edit. -->"]
    lines += [f"# diffusion.h {version}: reference", ""]
    lines += [f"The {count} functions of [`include/diffusion.h`](../include/diffusion.h) with their comments, by the object that"]
    lines += ["they are for. How they go together is in [the guide](c-api.md).", ""]
    lines += ["## Rules for all of them", "", conventions(text, markdown), ""]
    others = [item for item in items if item.kind in ("enum", "struct", "callback")]
    lines += index(groups, others, markdown)
    lines += ["", "## Numbers"]
    for item in others:
        if item.kind == "enum":
            lines += table_section(item, markdown, r"(\w+ = -?\w+),", "| value | number | |")
    lines += ["", "## Structs and callbacks"]
    for item in others:
        if item.kind == "struct":
            lines += table_section(item, markdown, r"([^;]+);", "| field | |")
        elif item.kind == "callback":
            lines += function_section(item, markdown)
    lines += ["", "## Macros", "", "| macro | value | |", "|---|---|---|"]
    for macro in macros:
        value = f"`{macro.value}`" if macro.value else ""
        lines.append(f"| `{macro.name}` | {value} | {markdown.cell(macro.doc, macro.name)} |")
    for title, functions in groups.items():
        is_handle = title in by_name
        lines += ["", f"## `{title}`" if is_handle else f"## {title}"]
        if is_handle:
            lines += [markdown.text(by_name[title].doc, title)]
        if len(functions) > 1:
            lines += ["", "| | |", "|---|---|"]
            lines += [f"| {markdown.link(item.name)} | {markdown.cell(summary(item.doc), item.name)} |" for item in functions]
        for item in functions:
            lines += function_section(item, markdown)
    return "\n".join(lines).rstrip() + "\n"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    arguments.add_argument("--check", action="store_true", help="write nothing, fail when the file is stale")
    check = arguments.parse_args().check
    made = reference(HEADER.read_text(encoding="utf-8"))
    there = REFERENCE.read_text(encoding="utf-8") if REFERENCE.exists() else ""
    if check and there != made:
        sys.exit(f"{REFERENCE.relative_to(ROOT)} is not what {HEADER.name} says: run {COMMAND}")
    if not check and there != made:
        REFERENCE.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
