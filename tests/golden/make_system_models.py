#!/usr/bin/env python3
"""Makes the folders of ../models that systems/<name>.py describe: tiny networks with random weights.

Usage: python make_system_models.py [NAME ...]     (default: every module in systems/)

In the end every manifest in the repository is checked against ../../models/cascade.schema.json.
"""

import importlib
import json
import sys
from pathlib import Path

from make_family_models import quiet  # first: it hides ftfy from transformers

from family_tools import HERE, MODELS
from jsonschema import Draft202012Validator


def modules(wanted):
    """systems/*.py in the order of their names, as modules."""
    names = sorted(path.stem for path in (Path(__file__).parent / "systems").glob("[a-z]*.py"))
    assert set(wanted) <= set(names), f"systems are {names}"
    return [importlib.import_module(f"systems.{name}") for name in names if not wanted or name in wanted]


def check_manifests():
    root, checked = HERE.parents[1], 0
    schema = json.loads((root / "models" / "cascade.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for path in sorted([*MODELS.rglob("*.json"), *(root / "src/model/cascade/classes").glob("*.json")]):
        text = path.read_text()
        for word, number in {"FACTOR": "8", "SQUARE": "64", "MULTIPLE": "16"}.items():
            text = text.replace(word, number)  # as src/model/cascade/classes/mod.rs fills them in
        content = json.loads(text)
        if isinstance(content, dict) and content.get("_class_name") == "CascadePipeline":
            errors = [f"{path.relative_to(root)}: {error.json_path}: {error.message}"
                      for error in validator.iter_errors(content)]
            assert not errors, "\n".join(errors)
            checked += 1
    print(f"{checked} manifests fit the schema")
    assert checked > 12


def main():
    quiet()
    for module in modules(sys.argv[1:]):
        before = {path: path.stat().st_mtime_ns for path in MODELS.iterdir()}
        module.make_models(MODELS)
        for folder in sorted(MODELS.iterdir()):
            if before.get(folder) != folder.stat().st_mtime_ns:
                size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
                print(f"{folder.name:22} {size / 1000:8.0f} kB", flush=True)
    check_manifests()


if __name__ == "__main__":
    main()
