#!/usr/bin/env python3
"""Fetch the ONNX Runtime library that libdiffusion is built and tested with.

The library comes out of the official wheel on PyPI, by `pip download`, checked against a pinned sha256; only the
shared libraries and the licences are kept. The path of the library is the only thing printed on standard output.
A second run finds it there and downloads nothing. `--build openvino` fetches the one with Intel's OpenVINO instead.

Needs Python 3.8 or later with pip, nothing else; the Python's own version and whether it is "externally managed"
do not matter, since nothing is installed.
"""

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# The last release whose Linux and macOS libraries do not report usage to their maker.
CPU_VERSION = "1.28.0"
# The newest on PyPI with OpenVINO inside.
OPENVINO_VERSION = "1.24.1"


def linux(version):
    """The library of that version, and the names that it is also looked for by."""
    return f"libonnxruntime.so.{version}", ["libonnxruntime.so.1", "libonnxruntime.so"]


WINDOWS = ("onnxruntime.dll", [])

# build -> (package, version, {(system, machine): (pip's platform tags, sha256 of the wheel, the library, other names)})
BUILDS = {
    "cpu": (
        "onnxruntime",
        CPU_VERSION,
        {
            ("Linux", "x86_64"): (
                ["manylinux_2_28_x86_64", "manylinux_2_27_x86_64"],
                "0a83bdb70d143cede762b677789bf2a7acca54b3fb82565601d5c30695aa933c",
                *linux(CPU_VERSION),
            ),
            ("Linux", "aarch64"): (
                ["manylinux_2_28_aarch64", "manylinux_2_27_aarch64"],
                "4e81a23df16e7acb9d51b06d30cc098e49315ef9180f97bc2221d167b4b04d9c",
                *linux(CPU_VERSION),
            ),
            ("Darwin", "arm64"): (
                ["macosx_14_0_arm64"],
                "26ff0fdd06efb6c155bae95387a09db1a2be89c7a03e4d0bffd5a171cc2826da",
                f"libonnxruntime.{CPU_VERSION}.dylib",
                ["libonnxruntime.1.dylib", "libonnxruntime.dylib"],
            ),
            ("Windows", "x86_64"): (
                ["win_amd64"],
                "c35064f9b3c43c81c5d5d282091401d0f1ff22796d93ccade4ea2ece5e137ab8",
                *WINDOWS,
            ),
            ("Windows", "aarch64"): (
                ["win_arm64"],
                "e02feeb0165c5f13b4cc954738078d59b90128516ac12b671ee24a530242bf02",
                *WINDOWS,
            ),
        },
    ),
    # The wheel for Windows has the provider but not OpenVINO's own libraries, so it is not enough alone.
    "openvino": (
        "onnxruntime-openvino",
        OPENVINO_VERSION,
        {
            ("Linux", "x86_64"): (
                ["manylinux_2_28_x86_64"],
                "d617fac2f59a6ab5ea59a788c3e1592240a129642519aaeaa774761dfe35150e",
                *linux(OPENVINO_VERSION),
            ),
        },
    ),
}

STAMP = "stamp.txt"


class Failure(Exception):
    """One clear sentence for the user."""


def this_machine():
    """The system and the machine, with the machine's name spelled as in BUILDS."""
    machine = platform.machine()
    machine = {"AMD64": "x86_64", "ARM64": "aarch64", "amd64": "x86_64"}.get(machine, machine)
    system = platform.system()
    if system == "Darwin" and machine == "aarch64":
        machine = "arm64"
    return system, machine


def pinned(build):
    """Package, version and what BUILDS has for this machine."""
    package, version, wheels = BUILDS[build]
    system, machine = this_machine()
    if (system, machine) not in wheels:
        known = ", ".join(" ".join(key) for key in wheels)
        raise Failure(
            f"there is no pinned {package} for {system} {machine} (only for {known}): install {package} {version} by "
            "other means and set ORT_DYLIB_PATH to its library"
        )
    if system == "Linux" and platform.libc_ver()[0] != "glibc":
        raise Failure(
            "ONNX Runtime's wheels need glibc, which this system does not have: install onnxruntime from your "
            "distribution and set ORT_DYLIB_PATH to its library"
        )
    return (package, version, *wheels[system, machine])


def stamp_text(package, version, sha256):
    return f"{package} {version} wheel sha256 {sha256}\n"


def is_complete(folder, library, stamp):
    """Whether an earlier run has finished in this folder, with the same pin."""
    try:
        return (folder / library).is_file() and (folder / STAMP).read_text(encoding="utf-8") == stamp
    except OSError:
        return False


def download(package, version, tags, sha256, folder):
    """The wheel's path in `folder`, fetched by pip and checked."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    command += ["--only-binary=:all:", "--implementation", "cp", "--python-version", "3.12"]
    for tag in tags:
        command += ["--platform", tag]
    command += ["--dest", str(folder), f"{package}=={version}"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except OSError as error:
        raise Failure(f"cannot start {sys.executable}: {error}") from error
    if done.returncode != 0:
        said = done.stdout.decode("utf-8", "replace").strip()
        if "No module named pip" in said:
            raise Failure(
                f"{sys.executable} has no pip: run `{sys.executable} -m ensurepip`, or install it with your system's "
                "packages (Debian, Ubuntu: apt install python3-pip), or run this script with another Python"
            )
        lines = [line for line in said.splitlines() if "ERROR" in line] or said.splitlines() or ["no message"]
        raise Failure(f"pip could not download {package} {version} (is there a network?): {lines[-1]}")
    wheels = sorted(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise Failure(f"pip left {len(wheels)} wheels where one was expected")
    digest = hashlib.sha256()
    with wheels[0].open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    if digest.hexdigest() != sha256:
        raise Failure(
            f"the downloaded {wheels[0].name} has the sha256 {digest.hexdigest()}, but {sha256} is pinned: it is not "
            "the file that libdiffusion was tested with, and was thrown away"
        )
    return wheels[0]


def unpack(wheel, folder):
    """The shared libraries and licences of the wheel, without their folders."""
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            parent, _, name = member.rpartition("/")
            is_library = parent == "onnxruntime/capi" and name.endswith((".dll", ".dylib"))
            is_library = is_library or (parent == "onnxruntime/capi" and name.startswith("lib"))
            if is_library or (parent == "onnxruntime" and name in ("LICENSE", "ThirdPartyNotices.txt")):
                with archive.open(member) as source, (folder / name).open("wb") as target:
                    shutil.copyfileobj(source, target)


def link(folder, library, names):
    """The other names of the library; copies where the file system has no links."""
    for name in names:
        if (folder / name).exists():
            continue
        try:
            os.symlink(library, folder / name)
        except OSError:
            shutil.copyfile(folder / library, folder / name)


def fetch(build, target):
    """Make sure that the library is under `target`; return its path."""
    package, version, tags, sha256, library, names = pinned(build)
    parent = target / "onnxruntime"
    folder = parent / f"{version}-{build}"
    stamp = stamp_text(package, version, sha256)
    if is_complete(folder, library, stamp):
        return folder / library
    print(f"fetching {package} {version} for {tags[0]}", file=sys.stderr)
    parent.mkdir(parents=True, exist_ok=True)
    # On the same file system as the result, so that the last step is a rename: all or nothing.
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=parent) as scratch:
        wheel = download(package, version, tags, sha256, Path(scratch))
        fresh = Path(scratch) / "unpacked"
        fresh.mkdir()
        unpack(wheel, fresh)
        if not (fresh / library).is_file():
            raise Failure(f"the wheel {wheel.name} holds no {library}")
        link(fresh, library, names)
        (fresh / STAMP).write_text(stamp, encoding="utf-8")
        if folder.exists():
            # Incomplete or of another pin. Moved aside first: it may be in use, and removal takes time.
            folder.rename(Path(scratch) / "old")
        try:
            fresh.rename(folder)
        except OSError:
            # Another run of this script was faster.
            if not is_complete(folder, library, stamp):
                raise
    return folder / library


def main():
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--target-dir",
        type=Path,
        default=root / "target",
        help="the library goes to DIR/onnxruntime/ (default: the repository's target/)",
        metavar="DIR",
    )
    parser.add_argument(
        "--build", choices=sorted(BUILDS), default="cpu", help="which of ONNX Runtime's builds (default: cpu)"
    )
    arguments = parser.parse_args()
    try:
        print(fetch(arguments.build, arguments.target_dir.resolve()))
    except Failure as failure:
        sys.exit(f"fetch_onnxruntime.py: {failure}.")
    except zipfile.BadZipFile as error:
        sys.exit(f"fetch_onnxruntime.py: the wheel cannot be unpacked: {error}.")
    except OSError as error:
        where = error.filename2 or error.filename or arguments.target_dir
        sys.exit(f"fetch_onnxruntime.py: cannot write \"{where}\": {error.strerror or error}.")


if __name__ == "__main__":
    main()
