"""What run.sh would do, by its dry run: every command is well-formed, and compare.py takes what it is given.

Run by `make test`; needs bash, no GPU and no network.
"""

import shlex
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "peers"))

import sides  # noqa: E402


def dry(*options):
    """(exit status, the commands as lists of words)"""
    result = subprocess.run(["bash", HERE / "run.sh", "--dry-run", "--work", "/a work", *options],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = result.stderr.splitlines()
    return result.returncode, [shlex.split(line[2:]) for line in lines if line.startswith("+ ")]


def values(words, option):
    return [words[at + 1] for at, word in enumerate(words) if word == option]


class DryRun(unittest.TestCase):
    def test_everything(self):
        status, commands = dry("--size", "256", "--rounds", "2")
        self.assertEqual(status, 0)
        compares = [words for words in commands if "benches/peers/compare.py" in words]
        self.assertEqual([values(words, "--model") for words in compares], [["/a work/sd15"], ["/a work/sdxl"]])
        self.assertEqual([values(words, "--width") for words in compares], [["256"], ["512"]])
        for words in compares:
            names = [sides.key_value(v, "--ours") for v in values(words, "--ours")]
            self.assertEqual([name for name, _ in names], ["cuda", "cuda-graph", "tensorrt", "webgpu"])
            for name, flags in names:
                given = shlex.split(flags)
                self.assertEqual(values(given, "--provider"), [name.partition("-")[0]])
                self.assertTrue(values(given, "--ort-library")[0].startswith("/a work/"), flags)
            self.assertTrue(set(values(words, "--peers")[0].split(",")) <= set(sides.PEERS))
        for maker in ("make_sd15_random.py", "make_sdxl_random.py"):
            self.assertTrue(any(f"models/tools/{maker}" in words and "fp16" in words for words in commands), maker)

    def test_without(self):
        status, commands = dry("--no-tensorrt", "--no-webgpu", "--no-sdxl", "--tiny")
        self.assertEqual(status, 0)
        said = "\n".join(" ".join(words) for words in commands)
        self.assertNotIn("tensorrt", said)
        self.assertNotIn("webgpu", said)
        self.assertNotIn("sdxl", said)
        self.assertIn("--tiny", said)

    def test_bad_options(self):
        self.assertEqual(dry("--sizes", "1")[0], 2)
        self.assertEqual(dry("--size")[0], 2)


if __name__ == "__main__":
    unittest.main()
