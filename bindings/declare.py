#!/usr/bin/env python3
"""Writes the declarations of the Python, C# and Kotlin bindings from include/diffusion.h, so that they cannot drift from it.

Usage: python3 bindings/declare.py            writes the files
       python3 bindings/declare.py --check    fails when one of them is not what it would write

Needs only the Python standard library. `make header` runs it, `make test-bindings` checks it.
"""

import argparse
import re
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

import declare_kotlin

ROOT = Path(__file__).resolve().parent.parent
HEADER = ROOT / "include/diffusion.h"
PYTHON = ROOT / "bindings/python/libdiffusion"
CSHARP = ROOT / "bindings/csharp/Runtime"
KOTLIN = ROOT / "bindings/kotlin/src/main/c"
COMMAND = "python3 bindings/declare.py"
# Files that name the version, which must be the header's.
VERSIONED = {
    ROOT / "bindings/python/pyproject.toml": 'version = "{}"',
    ROOT / "bindings/csharp/LibDiffusion.csproj": "<Version>{}</Version>",
    ROOT / "bindings/csharp/package.json": '"version": "{}"',
    ROOT / "bindings/kotlin/pom.xml": "<version>{}</version>",
}

# What the header's signatures cannot say: what a host may leave out at the end, by function and parameter.
LEFT_OUT = {
    ("diffusion_request_set_previews", "interval"): 1,
    ("diffusion_request_add_condition_picture", "scale"): 1.0,
    ("diffusion_request_add_condition_picture", "start"): 0.0,
    ("diffusion_request_add_condition_picture", "end"): 1.0,
    ("diffusion_pipeline_options_add_embedding", "token"): None,
}
# Handles that hosts have a class for, so that a setter may take one. Python's way to pass it is in _arguments.py.
CLASSES = {
    "diffusion_image": "ImageLike",
    "diffusion_embedding": "EmbeddingLike",
    "diffusion_result": "Result",
    "diffusion_conditioning": "Conditioning",
}
# Setters of one thing by its name: a mapping in Python. All others with a text and more take what they take at once.
KEYED = re.compile(r"_set_(embedding|edit|picture|graph_provider|provider_option|stage_\w+)$")
# Numbers that mean yes and no.
FLAGS = {"guess_mode", "paste_back", "preparation"}
# Keyword arguments that would be no Python, or that would not say that they take several.
KEYWORDS = {
    "class": "class_label",
    "embedding": "embeddings",
    "edit": "edits",
    "picture": "pictures",
    "graph_provider": "graph_providers",
    "provider_option": "provider_options",
    "box": "boxes",
    "condition_picture": "condition_pictures",
    "condition_graph": "condition_graphs",
}


@dataclass
class Parameter:
    type: str  # as in C, one space between words, without "struct"
    name: str


@dataclass
class Function:
    name: str
    returns: str
    parameters: list
    doc: str


@dataclass
class Header:
    version: str
    enums: dict = field(default_factory=dict)  # name -> (doc, [(name, value, doc)])
    handles: dict = field(default_factory=dict)  # name -> doc
    structs: dict = field(default_factory=dict)  # name -> (doc, [Parameter])
    callbacks: dict = field(default_factory=dict)  # name -> Function
    functions: list = field(default_factory=list)


# ----------------------------------------------------------------------------------------------------- the header

DOC = r"(?:/\*\*((?:(?!\*/).)*)\*/\s*)?"


def doc_text(comment):
    """The paragraphs of a comment, without its stars."""
    lines = [re.sub(r"^\s*\* ?", "", line).rstrip() for line in (comment or "").strip().splitlines()]
    return "\n".join(lines).strip()


def c_type(text):
    """One spelling for a type: "const diffusion_image *"."""
    text = re.sub(r"\b(struct|enum)\s+", "", text)
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"\s*(\*+)$", r" \1", re.sub(r"\*\s+(?=\*)", "*", text))


def parameters(text):
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S).strip()
    if text in ("", "void"):
        return []
    found = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(.*?[\s*])(\w+)\s*", part, flags=re.S)
        if not match:
            sys.exit(f"declare: this parameter is not understood: {part.strip()!r}")
        found.append(Parameter(c_type(match[1]), match[2]))
    return found


def read_header(text):
    version = re.search(r'#define DIFFUSION_VERSION_STRING "([^"]+)"', text)[1]
    header = Header(version)
    for doc, name, body in re.findall(DOC + r"enum (diffusion_\w+)\b[^{;]*\{(.*?)\};", text, flags=re.S):
        values = [(value, int(number), doc_text(comment))
                  for comment, value, number in re.findall(DOC + r"(DIFFUSION_\w+) = (-?\d+),", body, flags=re.S)]
        header.enums[name] = (doc_text(doc), values)
    for doc, name in re.findall(DOC + r"typedef struct (diffusion_\w+) \2;", text, flags=re.S):
        header.handles[name] = doc_text(doc)
    for doc, name, body in re.findall(DOC + r"typedef struct (diffusion_\w+) \{(.*?)\} \2;", text, flags=re.S):
        body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
        header.structs[name] = (doc_text(doc), parameters(",".join(body.strip().rstrip(";").split(";"))))
    for doc, returns, name, inner in re.findall(DOC + r"typedef ([\w ]+?) \(\*(diffusion_\w+)\)\(([^;]*?)\);", text, flags=re.S):
        header.callbacks[name] = Function(name, c_type(returns), parameters(inner), doc_text(doc))
    pattern = DOC + r"DIFFUSION_API\s+([\w\s*]+?[\s*]+)(diffusion_\w+)\(([^;]*?)\);"
    for doc, returns, name, inner in re.findall(pattern, text, flags=re.S):
        header.functions.append(Function(name, c_type(returns), parameters(inner), doc_text(doc)))
    declared = text.count("DIFFUSION_API ") + text.count("DIFFUSION_API\n") - len(re.findall(r"#define DIFFUSION_API\s", text))
    if len(header.functions) != declared:
        sys.exit(f"declare: the header has {declared} functions, of which {len(header.functions)} were understood")
    return header


# ------------------------------------------------------------------------------------- what setters take, logically


@dataclass
class Value:
    """A value as a host gives it, of one or several C parameters."""

    kind: str  # text, list of floats or doubles, the handle's name, or the number's type
    name: str


@dataclass
class Setting:
    function: Function
    name: str  # without diffusion_request_set_ and the like
    verb: str  # set, add, use, clear, reset
    values: list

    @property
    def keyed(self):
        return bool(KEYED.search(self.function.name))

    @property
    def keyword(self):
        if self.verb == "use":
            return f"use_{self.name}"
        if self.verb == "add" and self.name not in KEYWORDS:
            return self.name + "s"
        return KEYWORDS.get(self.name, self.name)

    def default(self, value):
        return LEFT_OUT.get((self.function.name, value.name), ...)


def values_of(function):
    """The values of a setter, without its handle; None where a host has nothing to pass for one of them."""
    found = []
    rest = list(function.parameters[1:])
    while rest:
        one = rest.pop(0)
        handle = re.fullmatch(r"const (diffusion_\w+) \*", one.type)
        if one.type == "const char *":
            if not rest or not rest.pop(0).name.endswith("_length"):
                sys.exit(f"declare: {function.name}: the text {one.name} has no length behind it")
            found.append(Value("text", one.name))
        elif one.type in ("const float *", "const double *"):
            found.append(Value({"f": "floats", "d": "doubles"}[one.type[6]], one.name))
        elif one.type == "size_t" and one.name == "count":
            if not found or found[-1].kind not in ("floats", "doubles"):
                return None
        elif handle and handle[1] in CLASSES:
            found.append(Value(handle[1], one.name))
        elif one.type in ("int32_t", "int64_t", "uint64_t", "float", "double"):
            found.append(Value("flag" if one.name in FLAGS else one.type, one.name))
        else:
            return None
    return found


def settings_of(header, handle):
    """The setters that hosts have without a line by hand. The others are only declared; reach.py tells of them."""
    found = []
    for function in header.functions:
        match = re.fullmatch(rf"{handle}_(set|add|use|clear)_(\w+)", function.name)
        if match and not function.name.endswith("_cstr") and function.parameters[0].type == f"{handle} *":
            values = values_of(function)
            if values is not None:
                found.append(Setting(function, match[2], match[1], values))
    return found


# --------------------------------------------------------------------------------------------------------- Python

CTYPES = {
    "void": "None",
    "bool": "ctypes.c_bool",
    "int32_t": "ctypes.c_int32",
    "diffusion_status": "ctypes.c_int32",
    "uint32_t": "ctypes.c_uint32",
    "int64_t": "ctypes.c_int64",
    "uint64_t": "ctypes.c_uint64",
    "size_t": "ctypes.c_size_t",
    "float": "ctypes.c_float",
    "double": "ctypes.c_double",
    "const char *": "ctypes.c_char_p",
}
PYTHON_TYPES = {
    "text": "str",
    "floats": "Sequence[float]",
    "doubles": "Sequence[float]",
    "flag": "bool",
    "int32_t": "int",
    "int64_t": "int",
    "uint64_t": "int",
    "float": "float",
    "double": "float",
    **CLASSES,
}


def camel(name):
    return "".join(word.capitalize() for word in re.sub(r"^diffusion_", "", name).split("_"))


def member(enum, name):
    """DIFFUSION_PIXEL_FORMAT_RGB8 of diffusion_pixel_format is RGB8."""
    return name[len(enum) + 1:]


def ctype(header, name):
    if name in CTYPES:
        return CTYPES[name]
    if name in header.callbacks:
        return camel(name)
    if name.endswith("*"):
        return "ctypes.c_void_p"
    sys.exit(f"declare: the C type {name!r} is new; teach declare.py about it")


def paragraphs(text, width, indent):
    """A doc as lines of at most `width`, each indented."""
    lines = []
    for paragraph in text.split("\n\n"):
        lines += [""] if lines else []
        lines += textwrap.wrap(" ".join(paragraph.split()), width - len(indent), break_on_hyphens=False)
    return [(indent + line).rstrip() for line in lines]


def docstring(text, indent):
    if not text:
        return []
    lines = paragraphs(text.replace("\\", "\\\\"), 118, indent)
    lines[0] = indent + '"""' + lines[0].lstrip()
    if len(lines) == 1 and len(lines[0]) <= 115:
        return [lines[0] + '"""']
    return [*lines, indent + '"""']


def python_abi(header):
    out = [
        f'"""What include/diffusion.h declares. Made from it: {COMMAND}"""',
        "",
        "import ctypes",
        "import enum",
        "",
        f'VERSION = "{header.version}"',
    ]
    for name, (doc, values) in header.enums.items():
        out += ["", "", f"class {camel(name)}(enum.IntEnum):", *docstring(doc, "    "), ""]
        for value, number, comment in values:
            out += [f"    {member(name, value)} = {number}"]
            out += docstring(comment, "    ") if comment else []
    for name, (doc, fields) in header.structs.items():
        out += ["", "", f"class {camel(name)}Struct(ctypes.Structure):", *docstring(doc, "    "), ""]
        out += ["    _fields_ = ["]
        out += [f'        ("{one.name}", {ctype(header, one.type)}),' for one in fields]
        out += ["    ]"]
    out += ["", ""]
    for name, callback in header.callbacks.items():
        types = [ctype(header, callback.returns)]
        for one in callback.parameters:
            struct = re.fullmatch(r"const (\w+) \*", one.type)
            is_struct = struct and struct[1] in header.structs
            types += [f"ctypes.POINTER({camel(struct[1])}Struct)" if is_struct else ctype(header, one.type)]
        out += [f"{camel(name)} = ctypes.CFUNCTYPE({', '.join(types)})"]
    out += ["", "# Each function: what it returns, and what it takes.", "FUNCTIONS = {"]
    for function in header.functions:
        types = ", ".join(ctype(header, one.type) for one in function.parameters)
        returned = function.returns
        status = "Status" if returned == "diffusion_status" else ctype(header, returned)
        out += [f'    "{function.name}": ({status}, [{types}]),']
    out += ["}"]
    for title, handle in (("REQUEST_SETTINGS", "diffusion_request"), ("OPTIONS", "diffusion_pipeline_options")):
        out += [
            "",
            "# Each keyword: its function, its values (kind, name, default or ...), and what its argument is:",
            "# `one` value or a tuple of them; a mapping, `keyed` by the first; `many` of these; or a `switch`.",
            f"{title} = {{",
        ]
        for setting in settings_of(header, handle):
            if setting.verb == "clear":
                continue
            shape = {"add": "many", "use": "switch"}.get(setting.verb, "keyed" if setting.keyed else "one")
            values = "".join(
                f"({value.kind!r}, {value.name!r}, {'...' if setting.default(value) is ... else repr(setting.default(value))}), "
                for value in setting.values).replace("'", '"')
            out += [f'    "{setting.keyword}": ("{setting.function.name}", ({values.strip()}), "{shape}"),']
        out += ["}"]
    return "\n".join(out) + "\n"


def python_hint(setting):
    hints = []
    for value in setting.values:
        hint = "PixelFormat | str" if setting.name == "format" else PYTHON_TYPES[value.kind]
        hints += ["str | os.PathLike[str]" if value.name in ("file", "folder", "library", "graph") else hint]
    if setting.verb == "use":
        return "bool"
    if setting.keyed:
        inner = hints[1] if len(hints) == 2 else f"tuple[{', '.join(hints[1:])}]"
        return f"Mapping[str, {inner} | None]"
    optional = [i for i, value in enumerate(setting.values) if setting.default(value) is not ...]
    if len(hints) > 1:
        hint = f"tuple[{', '.join(hints)}]"
        for count in optional:
            hint = f"{hint} | {hints[0] if count == 1 else 'tuple[' + ', '.join(hints[:count]) + ']'}"
    else:
        hint = hints[0]
    return f"Sequence[{hint}]" if setting.verb == "add" else f"{hint} | None"


def python_settings(header):
    out = [
        f'"""The keyword arguments there are, for editors and type checkers. Made from include/diffusion.h: {COMMAND}',
        "",
        "None, like leaving it out, is the default. The texts are the C header's.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "import os",
        "from collections.abc import Mapping, Sequence",
        "from typing import TYPE_CHECKING, TypedDict",
        "",
        "if TYPE_CHECKING:",
        "    from ._abi import PixelFormat",
        "    from .conditioning import Conditioning",
        "    from .embedding import EmbeddingLike",
        "    from .image import ImageLike",
        "    from .result import Result",
    ]
    for title, handle, what in (
        ("Settings", "diffusion_request", "What to draw: of Pipeline.generate(), Pipeline.start() and Request."),
        ("Options", "diffusion_pipeline_options", "How to open a model: of Pipeline."),
    ):
        out += ["", "", f"class {title}(TypedDict, total=False):", f'    """{what}"""']
        for setting in settings_of(header, handle):
            if setting.verb != "clear":
                out += ["", f"    {setting.keyword}: {python_hint(setting)}"]
                out += docstring(setting.function.doc, "    ")
    return "\n".join(out) + "\n"


# ------------------------------------------------------------------------------------------------------------- C#

CSHARP_TYPES = {
    "void": "void",
    "bool": "bool",
    "int32_t": "int",
    "diffusion_status": "Status",
    "uint32_t": "uint",
    "int64_t": "long",
    "uint64_t": "ulong",
    "size_t": "UIntPtr",
    "float": "float",
    "double": "double",
    "const char *": "byte[]",
    "const char **": "out IntPtr",
    "const float *": "float[]",
    "const double *": "double[]",
    "const int64_t *": "long[]",
    "void *": "IntPtr",
    "const void *": "IntPtr",
    "const uint8_t *": "IntPtr",
    "int32_t *": "out int",
    "uint32_t *": "out uint",
    "uint64_t *": "out ulong",
    "int64_t *": "out long",
    "size_t *": "out UIntPtr",
    "bool *": "out bool",
    "float *": "out float",
    "double *": "out double",
}
CSHARP_VALUES = {
    "text": "string",
    "floats": "float[]",
    "doubles": "double[]",
    "flag": "bool",
    "int32_t": "int",
    "int64_t": "long",
    "uint64_t": "ulong",
    "float": "float",
    "double": "double",
    **{handle: handle.removeprefix("diffusion_").capitalize() for handle in CLASSES},
}
# Words of C# that the header uses as names.
RESERVED = {"params", "in", "out", "ref", "lock", "string", "object", "base", "class"}


def csharp_parameter(header, function, one):
    handle = re.fullmatch(r"(const )?(diffusion_\w+) (\*+)", one.type)
    name = "@" + one.name if one.name in RESERVED else one.name
    if one.type in header.callbacks:
        return f"{camel(one.type)} {name}"
    if handle and handle[2] in header.handles:
        if handle[3] == "**":
            return f"out {'IntPtr' if handle[1] else camel(handle[2]) + 'Handle'} {name}"
        return f"{'IntPtr' if function.name.endswith('_destroy') else camel(handle[2]) + 'Handle'} {name}"
    return f"{csharp_type(one.type)} {name}"


def csharp_type(name):
    if name in CSHARP_TYPES:
        return CSHARP_TYPES[name]
    if name.endswith("*"):
        return "IntPtr"
    sys.exit(f"declare: the C type {name!r} is new; teach declare.py about it")


def csharp_enum_member(enum, value):
    return "".join(word.capitalize() for word in member(enum, value).split("_"))


def summary(text, indent):
    return [f"{indent}/// <summary>",
            *[f"{indent}/// {line}".rstrip() for line in paragraphs(escape(text), 112, "")],
            f"{indent}/// </summary>"]


def csharp_native(header):
    out = [
        f"// What include/diffusion.h declares. Made from it: {COMMAND}",
        "using System;",
        "using System.Runtime.InteropServices;",
        "",
        "namespace LibDiffusion",
        "{",
    ]
    for name, (doc, values) in header.enums.items():
        out += [*summary(doc, "    "), f"    public enum {camel(name)}", "    {"]
        for value, number, comment in values:
            out += summary(comment, "        ") if comment else []
            out += [f"        {csharp_enum_member(name, value)} = {number},"]
        out += ["    }", ""]
    for name, (_, fields) in header.structs.items():
        out += ["    [StructLayout(LayoutKind.Sequential)]", f"    internal struct Native{camel(name)}", "    {"]
        for one in fields:
            kind = "IntPtr" if one.type.endswith("*") else csharp_type(one.type)
            out += [f"        internal {kind} {one.name};"]
        out += ["    }", ""]
    for name, callback in header.callbacks.items():
        given = []
        for one in callback.parameters:
            given += [f"{'IntPtr' if one.type.endswith('*') else csharp_type(one.type)} {one.name}"]
        out += ["    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]",
                f"    internal delegate {csharp_type(callback.returns)} {camel(name)}({', '.join(given)});", ""]
    for name in header.handles:
        handle = camel(name) + "Handle"
        out += [
            f"    internal sealed class {handle} : Handle",
            "    {",
            f"        internal static readonly {handle} Null = new {handle}();",
            "",
            f"        public {handle}() {{ }}",
            "",
            f"        protected override void Destroy(IntPtr pointer) => Native.{name}_destroy(pointer);",
            "    }",
            "",
        ]
    out += [
        "    internal static class Native",
        "    {",
        "#if UNITY_IOS && !UNITY_EDITOR",
        '        internal const string Library = "__Internal"; // linked into the app',
        "#else",
        '        internal const string Library = "diffusion"; // libdiffusion.so, libdiffusion.dylib, diffusion.dll',
        "#endif",
        f'        internal const string HeaderVersion = "{header.version}";',
    ]
    for function in header.functions:
        if function.name.endswith("_cstr"):
            continue
        given = ", ".join(csharp_parameter(header, function, one) for one in function.parameters)
        returns = "IntPtr" if function.returns.endswith("*") else csharp_type(function.returns)
        out += ["", "        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]"]
        out += ["        [return: MarshalAs(UnmanagedType.I1)]"] if returns == "bool" else []
        out += [f"        internal static extern {returns} {function.name}({given});"]
    out += ["    }", "}"]
    return "\n".join(out) + "\n"


def lower_camel(name):
    text = camel(name)
    text = text[0].lower() + text[1:]
    return "@" + text if text in RESERVED else text


def csharp_arguments(setting, names):
    """What to do before the call, and its C arguments."""
    before, arguments, lists = [], [], []
    for value, name in zip(setting.values, names):
        bare = name.lstrip("@")
        if value.kind == "text":
            before += [f"var {bare}Bytes = Text.Bytes({name});"]
            arguments += [f"{bare}Bytes", f"Text.Length({bare}Bytes)"]
        elif value.kind in ("floats", "doubles"):
            lists += [name]
            arguments += [name]
        elif value.kind == "flag":
            arguments += [f"{name} ? 1 : 0"]
        elif value.kind == "diffusion_image":
            arguments += [f"{name} == null ? ImageHandle.Null : {name}.Handle"]
        elif value.kind.startswith("diffusion_"):
            arguments += [f"{name} == null ? {camel(value.kind)}Handle.Null : {name}.Handle"]
        elif setting.name == "format":
            arguments += [f"(int){name}"]
        else:
            arguments += [name]
    if lists:
        arguments += [f"Arrays.Count({', '.join(lists)})"]
    return before, arguments


def csharp_value(setting, value):
    return "PixelFormat" if setting.name == "format" else CSHARP_VALUES[value.kind]


def csharp_settings(header, handle, name):
    out = [
        f"// What can be set. Made from include/diffusion.h, whose texts these are: {COMMAND}",
        "namespace LibDiffusion",
        "{",
        f"    public sealed partial class {name}",
        "    {",
    ]
    for setting in settings_of(header, handle):
        native = f"Native.{setting.function.name}"
        out += summary(setting.function.doc, "        ")
        if setting.verb == "set" and len(setting.values) == 1:
            before, arguments = csharp_arguments(setting, ["value"])
            call = f"DiffusionException.Check({native}({', '.join(['Handle', *arguments])}));"
            out += [f"        public {csharp_value(setting, setting.values[0])} {camel(setting.name)}", "        {"]
            out += [f"            set {{ {' '.join([*before, call])} }}", "        }", ""]
            continue
        names = [lower_camel(value.name) for value in setting.values]
        given = []
        for value, one in zip(setting.values, names):
            default = setting.default(value)
            text = f"{csharp_value(setting, value)} {one}"
            if default is not ...:
                literal = "null" if default is None else f"{default:g}f" if isinstance(default, float) else str(default)
                text += f" = {literal}"
            given += [text]
        before, arguments = csharp_arguments(setting, names)
        out += [f"        public void {camel(setting.verb)}{camel(setting.name)}({', '.join(given)})", "        {"]
        out += [f"            {line}" for line in before]
        out += [f"            DiffusionException.Check({native}({', '.join(['Handle', *arguments])}));", "        }", ""]
    return "\n".join(out[:-1]) + "\n    }\n}\n"


# ------------------------------------------------------------------------------------------------------------ main


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is not up to date")
    check = parser.parse_args().check
    header = read_header(HEADER.read_text(encoding="utf-8"))
    files = {
        PYTHON / "_abi.py": python_abi(header),
        PYTHON / "_settings.py": python_settings(header),
        CSHARP / "Native.cs": csharp_native(header),
        CSHARP / "Request.Settings.cs": csharp_settings(header, "diffusion_request", "Request"),
        CSHARP / "PipelineOptions.Settings.cs":
            csharp_settings(header, "diffusion_pipeline_options", "PipelineOptions"),
        KOTLIN / "setters.h": declare_kotlin.setters(settings_of, header, COMMAND),
    }
    for file, line in VERSIONED.items():
        if line.format(header.version) not in file.read_text(encoding="utf-8"):
            sys.exit(f"declare: {file.relative_to(ROOT)} does not say {line.format(header.version)}, the header's version")
    stale = []
    for file, text in files.items():
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            continue
        stale += [file.relative_to(ROOT)]
        if not check:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            print(f"wrote {stale[-1]}")
    if check and stale:
        sys.exit(f"declare: not what include/diffusion.h says: {', '.join(map(str, stale))}; run {COMMAND}")


if __name__ == "__main__":
    main()
