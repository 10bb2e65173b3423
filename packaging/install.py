#!/usr/bin/env python3
"""Install what `make` built below a prefix, or take it away again.

The installed folder may be moved: everything in it is found from where it lies. What was installed is written down in
it, so that `uninstall`, and installing another version over it, remove exactly that.
"""

import argparse
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = "share/doc/libdiffusion"
# What was installed, one path below the prefix a line.
LIST = f"{DOCUMENTS}/files.txt"


class Failure(Exception):
    """One clear sentence for the user."""


def version():
    """The version, as Cargo.toml has it."""
    text = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    return re.search(r'^version = "(.+)"$', text, re.MULTILINE).group(1)


def names(is_apple):
    """The shared library's file, the name that programs ask for at run time, and the one that linkers look for."""
    full, major = version(), version().split(".")[0]
    if is_apple:
        return f"libdiffusion.{full}.dylib", f"libdiffusion.{major}.dylib", "libdiffusion.dylib"
    return f"libdiffusion.so.{full}", f"libdiffusion.so.{major}", "libdiffusion.so"


def filled(template, values):
    """A template of this folder with the words between @ signs filled in."""
    text = (Path(__file__).parent / template).read_text(encoding="utf-8")
    return re.sub(r"@([A-Z_]+)@", lambda word: values[word.group(1)], text).encode("utf-8")


def up_from(folder):
    """The way from a folder below the prefix to the prefix."""
    return "/".join(".." for _ in PurePosixPath(folder).parts)


class Plan:
    """What goes where below the prefix."""

    def __init__(self):
        # Each is (path below the prefix, what it is, its mode): a Path is copied, bytes are written, a str is a link.
        self.items = []

    def copy(self, source, path, mode=0o644):
        self.items.append((path, Path(source), mode))

    def write(self, content, path):
        self.items.append((path, content, 0o644))

    def link(self, target, path):
        self.items.append((path, target, None))


def library(plan, arguments):
    """The library in both kinds, and what compilers and build systems need to find it."""
    libdir = arguments.libdir
    full, soname, plain = names(sys.platform == "darwin")
    native = arguments.native_libs.read_text(encoding="utf-8").split()
    plan.copy(arguments.library / plain, f"{libdir}/{full}", 0o755)
    plan.link(full, f"{libdir}/{soname}")
    plan.link(soname, f"{libdir}/{plain}")
    plan.copy(arguments.library / "libdiffusion.a", f"{libdir}/libdiffusion.a")
    for header in sorted((ROOT / "include").glob("diffusion.h*")):
        plan.copy(header, f"include/{header.name}")
    pkgconfig, cmake = f"{libdir}/pkgconfig", f"{libdir}/cmake/Diffusion"
    values = {
        "VERSION": version(),
        "VERSION_MAJOR": version().split(".")[0],
        "LIBDIR": libdir,
        "SHARED_FILE": full,
        "SONAME": f"@rpath/{soname}" if sys.platform == "darwin" else soname,
        "NATIVE_LIBS": " ".join(native),
        "NATIVE_LIBS_LIST": ";".join(native),
        "PC_TO_PREFIX": up_from(pkgconfig),
        "CMAKE_TO_PREFIX": up_from(cmake),
    }
    plan.write(filled("diffusion.pc.in", values), f"{pkgconfig}/diffusion.pc")
    for name in ("DiffusionConfig.cmake", "DiffusionConfigVersion.cmake"):
        plan.write(filled(f"{name}.in", values), f"{cmake}/{name}")


def onnx_runtime(plan, folder, libdir):
    """ONNX Runtime, in a folder of its version where the library looks for it, and its licences among ours."""
    for path in sorted(folder.iterdir()):
        place = f"{libdir}/onnxruntime/{folder.name}/{path.name}"
        if path.is_symlink():
            plan.link(os.readlink(path), place)
        elif path.name in ("LICENSE", "ThirdPartyNotices.txt"):
            plan.copy(path, f"{DOCUMENTS}/onnxruntime/{path.name}")
        elif path.name != "stamp.txt":
            plan.copy(path, place, 0o755)


def whole(arguments):
    """Everything that is installed."""
    plan = Plan()
    library(plan, arguments)
    onnx_runtime(plan, arguments.onnxruntime, arguments.libdir)
    plan.copy(arguments.tool, "bin/diffusion", 0o755)
    for name in ("LICENSE", "README.md", "CHANGELOG.md", "examples/hello.c", "examples/hello.cpp"):
        plan.copy(ROOT / name, f"{DOCUMENTS}/{Path(name).name}")
    plan.copy(arguments.notices, f"{DOCUMENTS}/NOTICES.txt")
    listed = "".join(f"{path}\n" for path in sorted([*(path for path, _, _ in plan.items), LIST]))
    plan.write(listed.encode("utf-8"), LIST)
    return plan


def place(item, mode, path):
    """Puts one thing at a path in a single step: what runs from an older file there goes on with that."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".install-", dir=path.parent) as scratch:
        fresh = Path(scratch) / path.name
        if isinstance(item, str):
            fresh.symlink_to(item)
        else:
            if isinstance(item, Path):
                shutil.copyfile(item, fresh)
            else:
                fresh.write_bytes(item)
            fresh.chmod(mode)
        os.replace(fresh, path)


def installed(base):
    """The paths that an earlier run has installed; none where there was none."""
    try:
        lines = (base / LIST).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    # The list is a file that others may write too: nothing outside of the prefix is ours.
    return [line for line in lines if line and not PurePosixPath(line).is_absolute() and ".." not in line.split("/")]


def remove(base, paths):
    """Removes files, and the folders that are empty without them."""
    for path in paths:
        (base / path).unlink(missing_ok=True)
    for folder in sorted({parent for path in paths for parent in PurePosixPath(path).parents}, reverse=True):
        if folder.parts:
            try:
                (base / folder).rmdir()
            except OSError:
                pass  # others have files there


def install(arguments, base):
    plan = whole(arguments)
    before = installed(base)
    for path, item, mode in plan.items:
        place(item, mode, base / path)
    now = {path for path, _, _ in plan.items}
    remove(base, [path for path in before if path not in now])


def uninstall(base):
    paths = installed(base)
    if not paths:
        raise Failure(f'nothing was installed by this below "{base}": there is no {LIST}')
    remove(base, paths)


def below(destdir, prefix):
    """The folder to write to: the prefix as it will be, below the folder that packagers gather files in."""
    if not prefix.is_absolute():
        raise Failure(f'PREFIX is "{prefix}": it must be an absolute path')
    return Path(destdir) / prefix.relative_to(prefix.anchor) if destdir else prefix


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--prefix", type=Path, required=True, help="where it will be: bin, include, lib and share go there")
    parser.add_argument("--destdir", default="", help="a folder that stands for / while files are gathered")
    parser.add_argument("--libdir", default="lib", help="the libraries' folder, below the prefix (default: lib)")
    commands = parser.add_subparsers(dest="command", required=True)
    what = commands.add_parser("install")
    what.add_argument("--library", type=Path, required=True, help="the folder with the built libraries")
    what.add_argument("--tool", type=Path, required=True, help="the command-line tool")
    what.add_argument("--notices", type=Path, required=True, help="the licence notices, as notices.py writes them")
    what.add_argument("--native-libs", type=Path, required=True, help="a file with the linker's options for the static library")
    what.add_argument("--onnxruntime", type=Path, required=True, help="the folder with ONNX Runtime")
    commands.add_parser("uninstall")
    arguments = parser.parse_args()
    try:
        base = below(arguments.destdir, arguments.prefix)
        if PurePosixPath(arguments.libdir).is_absolute() or ".." in PurePosixPath(arguments.libdir).parts:
            raise Failure(f'LIBDIR is "{arguments.libdir}": it must be a path below PREFIX')
        if arguments.command == "install":
            install(arguments, base)
        else:
            uninstall(base)
    except Failure as failure:
        sys.exit(f"install.py: {failure}.")
    except OSError as error:
        sys.exit(f'install.py: "{error.filename2 or error.filename}": {error.strerror or error}.')


if __name__ == "__main__":
    main()
