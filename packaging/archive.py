#!/usr/bin/env python3
"""Pack an installed folder as the tarball of a release, the same bytes for the same files."""

import argparse
import gzip
import os
import platform
import tarfile
from pathlib import Path

from install import version


def name():
    """What the tarball and the folder in it are called."""
    machine = {"AMD64": "x86_64", "ARM64": "aarch64"}.get(platform.machine(), platform.machine())
    return f"libdiffusion-{version()}-{platform.system().lower()}-{machine}"


def pack(folder, tarball):
    """Nobody's name and no times but that of SOURCE_DATE_EPOCH go into it."""
    time = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))

    def anonymous(member):
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mtime = time
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        return member

    fresh = tarball.with_suffix(".part")
    # Level 6: 9 takes three times as long for one percent.
    with fresh.open("wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=time) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for path in sorted(folder.rglob("*")):
                inside = f"{name()}/{path.relative_to(folder).as_posix()}"
                archive.add(path, inside, recursive=False, filter=anonymous)
    os.replace(fresh, tarball)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where it was installed; the tarball is written beside it")
    folder = parser.parse_args().folder
    tarball = folder.parent / f"{name()}.tar.gz"
    pack(folder, tarball)
    print(tarball)


if __name__ == "__main__":
    main()
