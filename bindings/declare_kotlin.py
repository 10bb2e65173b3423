"""Kotlin's part of declare.py: the setters that take texts or numbers, as macros for the tables of its C files."""

import textwrap

# A number as the table has it (a whole one or any), and how the C call gets the one at a place.
NUMBERS = {
    "int64_t": ("i", "W({})"),
    "uint64_t": ("i", "(uint64_t)W({})"),
    "int32_t": ("i", "narrow(W({}))"),
    "flag": ("i", "narrow(W({}))"),
    "float": ("f", "F({})"),
}
MOST_NUMBERS = 3  # of settings.h


def macro(name, rows):
    lines = textwrap.wrap(" ".join(row.replace(" ", "\0") for row in rows), 112)
    return "\n".join([f"#define {name}(X) \\", *(f"    {line} \\".replace("\0", " ") for line in lines)])[:-2]


def numbers(kinds):
    """What a row says of so many numbers; None where they are no numbers."""
    if not 1 <= len(kinds) <= MOST_NUMBERS or any(kind not in NUMBERS for kind in kinds):
        return None
    given = ", ".join(NUMBERS[kind][1].format(place) for place, kind in enumerate(kinds))
    return f'"{"".join(NUMBERS[kind][0] for kind in kinds)}", {given}'


def setters(settings_of, header, command):
    """The text of setters.h; what has another shape is written by hand in C, or not there."""
    out = [
        "/*",
        " * The setters of the header that take a text or two, numbers, a text and numbers, or a list of numbers.",
        f" * Made from include/diffusion.h: {command}",
        " */",
    ]
    for handle, prefix in (("diffusion_request", "REQUEST"), ("diffusion_pipeline_options", "OPTION")):
        found = {"TEXTS": [], "PAIRS": [], "NUMBERS": [], "KEYED": [], "FLOATS": [], "DOUBLES": []}
        for setting in settings_of(header, handle):
            kinds = [value.kind for value in setting.values]
            if setting.verb != "set":
                continue
            if kinds == ["text"]:
                found["TEXTS"] += [f"X({setting.name})"]
            elif kinds == ["text", "text"]:
                found["PAIRS"] += [f"X({setting.name})"]
            elif kinds in (["floats"], ["doubles"]):
                found[kinds[0].upper()] += [f"X({setting.name})"]
            elif numbers(kinds):
                found["NUMBERS"] += [f"X({setting.name}, {numbers(kinds)})"]
            elif kinds[0] == "text" and numbers(kinds[1:]):
                found["KEYED"] += [f"X({setting.name}, {numbers(kinds[1:])})"]
        for name, rows in found.items():
            if rows:
                out += ["", macro(f"{prefix}_{name}", rows)]
    return "\n".join(out) + "\n"
