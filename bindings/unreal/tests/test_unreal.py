"""The plugin for Unreal, compiled and run without Unreal: against stubs/, with what Unreal's header tool would write."""

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PLUGIN = ROOT / "bindings/unreal/Diffusion"
MODULE = PLUGIN / "Source/DiffusionRuntime"
TESTS = ROOT / "bindings/unreal/tests"
MODEL = ROOT / "models/demo"
CXX = os.environ.get("CXX", "c++")
# Unreal's own warnings for a plugin are about these. Neither exceptions nor run-time types are there by default.
FLAGS = "-std=c++20 -Wall -Wextra -Wshadow -Werror -fno-exceptions -fno-rtti".split()


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{command} failed with {done.returncode}:\n{done.stdout}")
    return done.stdout


def write_generated(header, folder):
    """What Unreal's header tool writes for a header, as much as is needed: the name of the base class."""
    found = re.search(r"^(class|struct) \w+ (\w+)(?: : public (\w+))?$", header.read_text(encoding="utf-8"), re.MULTILINE)
    what, name, base = found.groups()
    body = f"public: using Super = {base}; private:" if what == "class" else ""
    text = f"#pragma once\n#undef GENERATED_BODY\n#define GENERATED_BODY() {body}\n"
    (folder / f"{header.stem}.generated.h").write_text(text, encoding="utf-8")


class Unreal(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="a scratch folder ")
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        for header in (MODULE / "Public").glob("*.h"):
            write_generated(header, self.folder)

    def compile(self, *more):
        includes = [TESTS / "stubs", MODULE / "Public", MODULE / "Private", ROOT / "include", self.folder]
        run([CXX, *FLAGS, *(f"-I{folder}" for folder in includes), *more])

    def test_every_header_stands_alone(self):
        for header in sorted((MODULE / "Public").glob("*.h")):
            with self.subTest(header.name):
                source = self.folder / "alone.cpp"
                source.write_text(f'#include "{header.name}"\n', encoding="utf-8")
                self.compile("-fsyntax-only", source)

    def test_opens_draws_and_cancels(self):
        library = ROOT / "target/release"
        program, picture = self.folder / "plugin_test", self.folder / "picture.png"
        sources = [TESTS / "plugin_test.cpp", *sorted((MODULE / "Private").glob("*.cpp"))]
        self.compile(*sources, f"-L{library}", "-ldiffusion", f"-Wl,-rpath,{library}", "-o", program)
        run(
            [ROOT / "target/diffusion", "generate", "-m", MODEL, "-p", "a green boat on the sea at sunset", "-s", "7"]
            + ["--steps", "4", "-o", picture]
        )
        print(run([program, MODEL, picture]).strip())

    def test_the_files_that_only_unreal_reads(self):
        plugin = json.loads((PLUGIN / "Diffusion.uplugin").read_text(encoding="utf-8"))
        rules = {path.name.split(".")[0]: path.read_text(encoding="utf-8") for path in PLUGIN.rglob("*.Build.cs")}
        for module in plugin["Modules"]:
            self.assertTrue((PLUGIN / "Source" / module["Name"]).is_dir())
            self.assertIn(module["Name"], rules)
        version = re.search(r'DIFFUSION_VERSION_STRING "(.*)"', (ROOT / "include/diffusion.h").read_text(encoding="utf-8"))
        self.assertEqual(plugin["VersionName"], version.group(1))
        for name, text in rules.items():
            self.assertIn(f"public class {name} : ModuleRules", text)
            for used in re.findall(r'PrivateDependencyModuleNames.Add\("(\w+)"\)', text):
                self.assertIn(used, rules)


if __name__ == "__main__":
    unittest.main()
