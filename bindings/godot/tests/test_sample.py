"""The sample uses what the extension has, and the extension's files agree with each other. Needs only Python."""

import json
import re
import unittest
from pathlib import Path

GODOT = Path(__file__).resolve().parents[1]
NODE = (GODOT / "src/diffusion_node.cpp").read_text(encoding="utf-8")
SCRIPT = (GODOT / "sample/main.gd").read_text(encoding="utf-8")
SCENE = (GODOT / "sample/main.tscn").read_text(encoding="utf-8")
ADDON = (GODOT / "sample/addons/libdiffusion/libdiffusion.gdextension").read_text(encoding="utf-8")


class Sample(unittest.TestCase):
    def test_methods_signals_and_their_arguments(self):
        methods = dict(re.findall(r'D_METHOD\("(\w+)"((?:, "\w+")*)\)', NODE))
        signals = {name: rest.count("PropertyInfo(") + rest.count(", image")
                   for name, rest in re.findall(r'ADD_SIGNAL\(MethodInfo\("(\w+)"(.*?)\)\);', NODE, re.S)}
        self.assertIn("generate", methods)
        self.assertEqual(signals["finished"], 2)
        handlers = {name: len([one for one in arguments.split(",") if one.strip()])
                    for name, arguments in re.findall(r"^func (\w+)\((.*?)\)", SCRIPT, re.M)}
        connected = re.findall(r"diffusion\.(\w+)\.connect\((\w+)", SCRIPT)
        self.assertGreater(len(connected), 4)
        for signal, handler in connected:
            self.assertIn(signal, signals)
            if handler != "func":
                self.assertEqual(handlers[handler], signals[signal], handler)
        for method in re.findall(r"diffusion\.(\w+)\(", SCRIPT):
            self.assertIn(method, methods)

    def test_settings_that_the_script_names(self):
        known = set(re.findall(r'\{"(\w+)", \[\]', (GODOT / "src/settings.cpp").read_text(encoding="utf-8")))
        used = re.findall(r'[{,] ?"(\w+)":', SCRIPT)
        self.assertGreater(len(used), 2)
        for name in used:
            self.assertIn(name, known)

    def test_nodes_that_the_script_names(self):
        there = set(re.findall(r'\[node name="(\w+)"', SCENE))
        for name in re.findall(r"\$(\w+)", SCRIPT):
            self.assertIn(name, there)

    def test_files_agree(self):
        symbol = re.search(r'entry_symbol = "(\w+)"', ADDON)[1]
        self.assertIn(f" {symbol}(", (GODOT / "src/extension.cpp").read_text(encoding="utf-8"))
        included = set()
        for source in GODOT.glob("src/*.*pp"):
            included |= set(re.findall(r"<godot_cpp/classes/(\w+)\.hpp>", source.read_text(encoding="utf-8")))
        profile = json.loads((GODOT / "build_profile.json").read_text(encoding="utf-8"))["enabled_classes"]
        for header in included:
            self.assertIn(header.replace("_", ""), {name.lower() for name in profile})


if __name__ == "__main__":
    unittest.main()
