#!/usr/bin/env python3
"""Makes the folders of ../models that systems/<name>.py describe: tiny networks with random weights.

Usage: python make_system_models.py [NAME ...]     (default: every module in systems/)
"""

import importlib
import sys
from pathlib import Path

from make_family_models import quiet  # first: it hides ftfy from transformers

from family_tools import MODELS


def modules(wanted):
    """systems/*.py in the order of their names, as modules."""
    names = sorted(path.stem for path in (Path(__file__).parent / "systems").glob("[a-z]*.py"))
    assert set(wanted) <= set(names), f"systems are {names}"
    return [importlib.import_module(f"systems.{name}") for name in names if not wanted or name in wanted]


def main():
    quiet()
    for module in modules(sys.argv[1:]):
        before = {path: path.stat().st_mtime_ns for path in MODELS.iterdir()}
        module.make_models(MODELS)
        for folder in sorted(MODELS.iterdir()):
            if before.get(folder) != folder.stat().st_mtime_ns:
                size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
                print(f"{folder.name:22} {size / 1000:8.0f} kB", flush=True)


if __name__ == "__main__":
    main()
