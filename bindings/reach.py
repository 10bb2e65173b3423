#!/usr/bin/env python3
"""Which functions of include/diffusion.h a binding's users cannot reach, and whether unreached.json says so and why.

Usage: reach.py            fails where a function is neither used by a binding's sources nor in unreached.json, or in both
       reach.py --list     prints what each binding does not reach

A function counts as reached when the sources name it: what only declares it does not count. unreached.json has, for each
binding and for all of them, the reasons, each with functions or patterns of them.
"""

import fnmatch
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import declare

HERE = Path(__file__).resolve().parent
UNREACHED = HERE / "unreached.json"
sys.path.insert(0, str(HERE / "swift"))

import check_header  # noqa: E402


def read(folder, pattern, *without):
    return [file.read_text(encoding="utf-8") for file in sorted((HERE / folder).glob(pattern)) if file.name not in without]


def destroyers(header):
    """Python and C# give every handle back by a class for all of them."""
    return {f"{handle}_destroy" for handle in header.handles}


def python(header):
    """library().request_create() is diffusion_request_create(); settings go through a table; X_name() by their kind."""
    text = "\n".join(read("python/libdiffusion", "*.py", "_abi.py", "_settings.py"))
    tabled = {setting.function.name for handle in ("diffusion_request", "diffusion_pipeline_options")
              for setting in declare.settings_of(header, handle) if setting.verb != "clear"}
    listed = {function.name for function in header.functions if function.name.endswith("_name")
              and [one.type for one in function.parameters] == ["int64_t"]}
    return destroyers(header) | tabled | listed | {"diffusion_" + word for word in re.findall(r"\w+", text)}


def csharp(header):
    text = "\n".join(read("csharp/Runtime", "*.cs", "Native.cs") + read("csharp/Unity", "*.cs"))
    return destroyers(header) | set(re.findall(r"\bNative\.(diffusion_\w+)", text))


def kotlin(_header):
    """What the preprocessor makes of the C files: most calls are made by macros. System headers are left out."""
    folder = "kotlin/src/main/c"
    heads = read(folder, "bridge.h") + read(folder, "settings.h") + read(folder, "setters.h")
    found = set()
    for text in read(folder, "*.c"):
        whole = re.sub(r"^\s*#\s*include.*$", "", "\n".join([*heads, text]), flags=re.M)
        done = subprocess.run([os.environ.get("CC") or "cc", "-E", "-P", "-x", "c", "-"], input=whole, stdout=subprocess.PIPE,
                              encoding="utf-8", check=True)
        found |= set(re.findall(r"\bdiffusion_\w+", done.stdout))
    return found


def swift(_header):
    return set(re.findall(r"\bdiffusion_\w+", check_header.strip("\n".join(read("swift/Sources/Diffusion", "*.swift")))))


BINDINGS = {"Python": python, "C#": csharp, "Kotlin": kotlin, "Swift": swift}


def functions_of(header):
    return [function.name for function in header.functions if not function.name.endswith("_cstr")]


def judge(name, functions, reached, reasons):
    """What is wrong with what a binding reaches, a sentence each."""
    known = set()
    for where in ("all", name):
        for reason, patterns in reasons[where].items():
            for pattern in patterns:
                matched = set(fnmatch.filter(functions, f"diffusion_{pattern}"))
                known |= matched
                if not matched:
                    yield f'{UNREACHED.name}: {where}, "{reason}": {pattern} is not in the header'
                elif where == name and matched <= reached:
                    yield f'{UNREACHED.name}: {where}, "{reason}": {pattern} is reached now'
    for function in functions:
        if function not in reached | known:
            yield f"{name} does not reach {function}, and {UNREACHED.name} does not say why"


def main():
    header = declare.read_header(declare.HEADER.read_text(encoding="utf-8"))
    functions = functions_of(header)
    reached = {name: sources(header) & set(functions) for name, sources in BINDINGS.items()}
    if "--list" in sys.argv:
        for name, found in reached.items():
            print(f"{name}: {', '.join(function for function in functions if function not in found)}")
        return
    reasons = json.loads(UNREACHED.read_text(encoding="utf-8"))
    wrong = [sentence for name, found in reached.items() for sentence in judge(name, functions, found, reasons)]
    if wrong:
        sys.exit("\n".join(wrong))
    counts = ", ".join(f"{name} {len(found)}" for name, found in reached.items())
    print(f"of the header's {len(functions)} functions the bindings reach: {counts}; unreached.json says why not the others")


if __name__ == "__main__":
    main()
