#!/usr/bin/env python3
"""Makes the folders of ../models that families/<name>.py describe: tiny networks with random weights.

Usage: python make_family_models.py [NAME ...]     (default: every module in families/)

The torch networks go to target/golden/ (not committed): make_family_pictures.py draws with them.
"""

import importlib
import sys
import warnings
from pathlib import Path

sys.modules["ftfy"] = None  # as in make_pictures.py: transformers looks at import

import diffusers
import torch
import transformers
from family_tools import MODELS


def modules(wanted):
    """families/*.py in the order of their names, as modules."""
    names = sorted(path.stem for path in (Path(__file__).parent / "families").glob("[a-z]*.py"))
    assert set(wanted) <= set(names), f"families are {names}"
    return [importlib.import_module(f"families.{name}") for name in names if not wanted or name in wanted]


def quiet():
    warnings.simplefilter("ignore")
    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    torch.set_num_threads(1)


def main():
    quiet()
    for module in modules(sys.argv[1:]):
        if hasattr(module, "make_models"):
            module.make_models(MODELS)
    for folder in sorted(MODELS.glob("tiny-*")):
        size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
        print(f"{folder.name:18} {size / 1000:8.0f} kB")


if __name__ == "__main__":
    main()
