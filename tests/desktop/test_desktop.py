"""The desktop example, typed into and clicked at by xdotool on a virtual display. `make test-desktop` starts it there.

The program says on its standard output what it has done, a line each, and that is what is waited for: no test here
depends on how fast the machine is.
"""

import os
import queue
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DESKTOP = ROOT / "target/desktop"
TOOL = ROOT / "target/diffusion"
MODEL = ROOT / "models/demo"
PATIENCE = 60
# Where the button lies in the window at its first size.
CANCEL = (654, 286)


def picture(file):
    """What a PNG says and shows: the settings in its texts, its size and format, its pixels."""
    data = Path(file).read_bytes()
    at, kept = 8, {b"IHDR": b"", b"IDAT": b"", b"tEXt": b"", b"iTXt": b""}
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kind = data[at + 4 : at + 8]
        if kind in kept:
            kept[kind] += data[at + 8 : at + 8 + size]
        at += 12 + size
    return kept[b"tEXt"] + kept[b"iTXt"], kept[b"IHDR"], zlib.decompress(kept[b"IDAT"])


def xdotool(*arguments):
    done = subprocess.run(["xdotool", *arguments], check=True, stdout=subprocess.PIPE, universal_newlines=True)
    return done.stdout.split()


class Window:
    """The program, and its keys and lines."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [DESKTOP, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.window = self._find()
        xdotool("windowfocus", "--sync", self.window)
        time.sleep(0.5)  # keys that come before the program has heard of its focus are lost

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.strip())

    def _find(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            found = subprocess.run(
                ["xdotool", "search", "--onlyvisible", "--pid", str(self.process.pid), "--name", "libdiffusion"],
                stdout=subprocess.PIPE,
                universal_newlines=True,
                check=False,
            ).stdout.split()
            if found:
                return found[0]
            time.sleep(0.05)
        raise AssertionError(f"no window: {list(self.lines.queue)}")

    def line(self, start):
        """Waits for the next line that the program says, which must begin like this."""
        said = self.lines.get(timeout=PATIENCE)
        if not said.startswith(start):
            raise AssertionError(f'"{said}" instead of "{start}..."')
        return said

    def type(self, text):
        xdotool("type", "--delay", "15", text)

    def keys(self, *names):
        xdotool("key", "--delay", "15", *names)

    def click(self, at):
        xdotool("mousemove", "--window", self.window, str(at[0]), str(at[1]), "click", "1")

    def close(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


class Desktop(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="a scratch folder ")
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def window(self, *arguments):
        window = Window(*arguments, "--save-to", self.folder)
        self.addCleanup(window.close)
        return window

    def tool(self, prompt, seed, steps):
        """What the command-line tool draws."""
        file = self.folder / "tool.png"
        subprocess.run(
            [TOOL, "generate", "-m", MODEL, "-p", prompt, "-s", str(seed), "--steps", str(steps), "-o", file],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return picture(file)

    def test_cancels(self):
        window = self.window(MODEL, "--prompt", "", "--steps", "1000", "--seed", "6")
        window.line("the model is open")
        window.keys("Return", "Escape")
        window.line("cancelled")
        window.keys("Return")
        window.click(CANCEL)
        window.line("cancelled")
        window.keys("ctrl+s")
        window.line("There is no finished picture yet.")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_draws_and_saves_what_the_tool_draws(self):
        # é is one character of two bytes. It is not typed, because xdotool changes the keyboard for that, too late at times.
        window = self.window(MODEL, "--prompt", "é", "--steps", "6", "--seed", "6")
        window.line("the model is open")
        window.keys("BackSpace")
        window.type("a green boat on the sea at sunset")
        window.keys("Up", "Return")
        window.line("drawn")
        window.keys("ctrl+s")
        self.assertEqual(window.line("saved"), f"saved {self.folder}/picture-7.png")
        self.assertEqual(picture(self.folder / "picture-7.png"), self.tool("a green boat on the sea at sunset", 7, 6))

        # A seed of 64 bits, typed; and a second picture of the same seed leaves the first one where it is.
        window.keys("Tab", "ctrl+u")
        window.type("18446744073709551615")
        window.keys("Return")
        window.line("drawn")
        window.keys("ctrl+s", "ctrl+s")
        largest = self.folder / "picture-18446744073709551615.png"
        self.assertEqual(window.line("saved"), f"saved {largest}")
        self.assertEqual(window.line("saved"), f"saved {str(largest)[:-4]}-2.png")
        self.assertEqual(picture(largest), self.tool("a green boat on the sea at sunset", 2**64 - 1, 6))

    def test_shows_the_librarys_sentence(self):
        window = self.window("/no/such/folder")
        self.assertIn("/no/such/folder", window.line(""))
        self.assertIsNone(window.process.poll(), "the window stays open")

        window = self.window(MODEL, "--steps", "5000")
        window.line("the model is open")
        window.keys("Return")
        self.assertIn("5000", window.line(""))


if __name__ == "__main__":
    unittest.main()
