"""What compare.py makes of reports, without running anything: figures, ratios, tables, plot, command lines, logs.

Run by `make test`; only the standard library.
"""

import argparse
import os
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

import figures  # noqa: E402
import launch  # noqa: E402
import plot  # noqa: E402
import sdcpp  # noqa: E402
import sides  # noqa: E402
import tables  # noqa: E402


def report(open_ms, steps, decode=10.0, inside=None, peak=None):
    made = {"timings": {"open": open_ms, "text": 1.0, "denoise": steps, "decode": decode,
                        "total": open_ms + sum(steps) + decode + 1.0}}
    if inside is not None:
        made["generation"] = {"denoise_in_graphs": inside}
    if peak is not None:
        made["peak_memory_bytes"] = peak
    return made


def settings(**changes):
    made = dict(
        tool=Path("tool"), model=Path("/m"), torch_model=Path("/t"), prompt="a b", steps=4, guidance=7.5, seed=1,
        threads=2, width=None, height=64, scheduler=None, ours=None, ours_env=[], peers="optimum", python="py",
        torch_device="cpu", compile_mode="default", sdcpp=None, sdcpp_model=None)
    return argparse.Namespace(**{**made, **changes})


def result():
    ours = figures.of_side([report(200, [30, 10, 12, 11], inside=60, peak=100e6), report(50, [20, 9, 11, 13]),
                            report(70, [40, 8, 30, 9])])
    theirs = figures.of_side([report(400, [40, 20, 22, 24], peak=400e6)] * 3)
    return {
        "settings": {"model": "m<1>", "width": 64, "height": 64, "steps": 4, "guidance": 7.5, "seed": 1, "threads": 2,
                     "rounds": 3},
        "machine": {"date": "2026-01-02", "commit": "abc", "cpu": "A & B", "cores": 2, "memory_gb": 8.0, "system": "S",
                    "gpu": None, "versions": {"torch": "1", "Python": "3"}},
        "sides": {
            "ours": {"ours": True, "figures": ours, "picture": {"max": 1, "within_one": 99.999, "psnr": None},
                     "import_ms": None, "note": ""},
            "optimum": {"ours": False, "figures": theirs, "picture": None, "import_ms": 2500.0, "note": ""},
            "gone": {"ours": False, "figures": {}, "picture": None, "import_ms": None, "note": "failed and left out"},
        },
        "reference": "optimum",
        "ratios": {"ours": {"optimum": figures.ratios(ours, theirs)}},
    }


class Figures(unittest.TestCase):
    def test_one_run(self):
        cold = figures.of_run(report(100, [30, 10, 14], inside=27, peak=5e6), cold=True)
        self.assertEqual((cold["open (cold)"], cold["first step"], cold["step"]), (100, 30, 12))
        self.assertNotIn("open", cold)
        self.assertAlmostEqual(cold["generate"], 65)
        self.assertAlmostEqual(cold["outside graphs"], 50)
        self.assertEqual(cold["peak memory"], 5)
        self.assertEqual(figures.of_run(report(1, [7]), cold=False)["step"], 7)

    def test_what_is_not_reported_is_left_out(self):
        self.assertEqual(figures.of_run({"timings": {"decode": 3}}, cold=True), {"decode": 3})
        self.assertNotIn("outside graphs", figures.of_run(report(1, [1]), cold=True))

    def test_the_first_round_opens_cold_and_only_it(self):
        side = figures.of_side([report(900, [1]), report(10, [1]), report(30, [1]), report(20, [1])])
        self.assertEqual(side["open (cold)"]["values"], [900])
        self.assertEqual((side["open"]["median"], side["open"]["min"], side["open"]["max"]), (20, 10, 30))
        self.assertNotIn("open", figures.of_side([report(900, [1])]))

    def test_ratios_are_of_medians_and_never_of_nothing(self):
        ours = {"step": {"median": 5}, "text": {"median": 1}, "decode": {"median": 1}}
        theirs = {"step": {"median": 20}, "text": {"median": 0}}
        self.assertEqual(figures.ratios(ours, theirs), {"step": 0.25})


class Words(unittest.TestCase):
    def test_markdown(self):
        text = tables.markdown(result())
        grid = [line for line in text.splitlines() if line.startswith("|")]
        heads = {line.count("|") for line in grid if line.startswith("|  | open (cold), ms")}
        self.assertTrue({line.count("|") for line in grid if line.startswith(("| ours |", "| gone |"))} >= heads)
        row = next(line for line in grid if line.startswith("| ours | 200.0"))
        self.assertIn("11.0 (9.0..11.0)", row)  # medians of the rounds' own medians: 11, 11, 9
        self.assertIn("| ours / optimum | 0.500 | 0.150 |", text)
        self.assertIn("| ours | 1 | 100.00 | ∞ |", text)
        self.assertIn("64x64, 4 steps", text)
        self.assertIn("Versions: Python 3, torch 1.", text)
        self.assertIn("optimum 2.5 s", text)
        self.assertIn("gone: failed and left out", text)

    def test_numbers_are_as_long_as_they_mean_something(self):
        said = [tables.number(*pair) for pair in ((1234.5, "ms"), (12.34, "ms"), (0.0123, "%"), (12.34, "%"))]
        self.assertEqual(said, ["1234", "12.3", "0.012", "12.3"])

    def test_plot(self):
        chart = xml.etree.ElementTree.fromstring(plot.svg(result(), "optimum"))
        space = "{http://www.w3.org/2000/svg}"
        bars = [r for r in chart.iter(f"{space}rect") if r.get("height") == str(plot.BAR)]
        widths = [float(bar.get("width")) for bar in bars]
        self.assertEqual(len(widths), 4)  # two sides, time and memory
        self.assertAlmostEqual(widths[0] / widths[1], 11 / 22, places=2)
        self.assertAlmostEqual(widths[2] / widths[3], 0.25, places=2)
        self.assertEqual([bar.get("fill") for bar in bars[:2]], [plot.OURS, plot.THEIRS])
        self.assertIn("0.50  (11 ms)", [t.text for t in chart.iter(f"{space}text")])
        self.assertIsNone(plot.svg(result(), "gone"))


class Sides(unittest.TestCase):
    def words(self, side):
        return [str(w) for w in side.command("out.png", "cache")]

    def test_ours_takes_flags_and_a_cache_where_it_can(self):
        chosen = settings(ours=["low=--memory low", "own=--cache-dir mine"], ours_env=["A=b=c"], scheduler="euler")
        low, own, optimum = sides.make(chosen, has_cache=True)
        self.assertEqual(self.words(low)[-4:], ["--cache-dir", "cache", "--memory", "low"])
        self.assertEqual(self.words(own).count("--cache-dir"), 1)
        self.assertEqual(low.environment, {"A": "b=c"})
        self.assertEqual((optimum.name, optimum.ours, optimum.environment), ("optimum", False, {}))
        self.assertIn("EulerDiscreteScheduler", self.words(optimum))
        self.assertNotIn("--cache-dir", self.words(sides.make(settings(), has_cache=False)[0]))

    def test_all_sides_draw_the_same(self):
        chosen = settings(peers=",".join(p for p in sides.PEERS if p != "sdcpp"))
        for side in sides.make(chosen, has_cache=False):
            words = self.words(side)
            model = words[words.index("-m") + 1]
            self.assertEqual(model, "/t" if side.name in sides.TORCH else "/m", side.name)
            shared = ["-p", "a b", "--steps", "4", "-g", "7.5", "-s", "1", "--threads", "2", "--height", "64"]
            at = words.index("-p")
            self.assertEqual(words[at:at + len(shared)], shared, side.name)

    def test_what_cannot_be_compared_is_one_sentence(self):
        for changes, word in (
            ({"peers": "torch"}, "optimum"), ({"peers": "diffusers-bf16", "torch_model": None}, "--torch-model"),
            ({"peers": "sdcpp"}, "--sdcpp-model"), ({"ours": ["x"]}, "NAME=VALUE"),
            ({"ours": ["optimum="]}, "same name"),
        ):
            with self.assertRaises(ValueError) as caught:
                sides.make(settings(**changes), has_cache=False)
            self.assertIn(word, str(caught.exception))

    def test_turns(self):
        orders = [sides.order(["a", "b", "c"], index) for index in range(6)]
        self.assertEqual(orders[0], ["a", "b", "c"])
        self.assertTrue(all(sorted(o) == ["a", "b", "c"] for o in orders))
        self.assertEqual({o[0] for o in orders}, {"a", "b", "c"})
        self.assertEqual({o[-1] for o in orders}, {"a", "b", "c"})

    def test_reference(self):
        self.assertEqual(sides.reference(["ours", "openvino-bf16", "diffusers-fp32"]), "diffusers-fp32")
        self.assertEqual(sides.reference(["ours", "low"]), "ours")


class Runs(unittest.TestCase):
    def test_memory_is_that_of_the_run(self):
        grow = "import json; data = b'x' * 200_000_000; print('chatter'); print(json.dumps({'ok': len(data)}))"
        text, peak, device = launch.run([sys.executable, "-c", grow])
        self.assertEqual(launch.report(text), {"ok": 200_000_000})
        self.assertGreater(peak, 200_000_000)
        self.assertIsNone(device)
        _, small, _ = launch.run([sys.executable, "-c", "pass"])
        self.assertLess(small, peak - 150_000_000)

    def test_device_memory_is_what_came_on_top(self):
        with tempfile.TemporaryDirectory() as folder:
            fake = Path(folder) / "nvidia-smi"
            fake.write_text('#!/bin/sh\necho 100\ncase "$*" in *loop*) echo 350; echo 200; exec sleep 20;; esac\n')
            fake.chmod(0o755)
            with mock.patch.dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}"):
                self.assertTrue(launch.watches_device())
                _, _, device = launch.run([sys.executable, "-c", "import time; time.sleep(0.5)"], device_memory=True)
        self.assertEqual(device, 250 * 2**20)

    def test_failures_are_sentences(self):
        for command in ([sys.executable, "-c", "import sys; sys.exit('no such model')"], ["/nowhere/at/all"]):
            with self.assertRaises(launch.Failed) as caught:
                launch.run(command)
            self.assertRegex(str(caught.exception), "no such model|cannot be started")
        with self.assertRaises(launch.Failed):
            launch.report("no object here")


LOG = """[INFO ] model.cpp:999  - loading tensors completed, taking 3.09s (process: 0.00s, read: 0.95s)
  |====| 2513/2513 - 2.07GB/s
[INFO ] stable-diffusion.cpp:3168 - get_learned_condition completed, taking 161 ms
[INFO ] stable-diffusion.cpp:3401 - generating image: 1/1 - seed 42
\r  |=>  | 1/3 - 4.50s/it\r  |==> | 2/3 - 4.00s/it\r\x1b[K  |===>| 3/3 - 2.00it/s
[INFO ] stable-diffusion.cpp:3432 - sampling completed, taking 8.64s
  |====| 9/9 - 1.00s/it
[INFO ] stable-diffusion.cpp:3212 - decode_first_stage completed, taking 9.50s
[INFO ] stable-diffusion.cpp:3591 - generate_image completed in 18.50s
"""


class StableDiffusionCpp(unittest.TestCase):
    def test_log(self):
        timings = sdcpp.report(LOG)["timings"]
        self.assertEqual(timings["denoise"], [4500, 4000, 500])
        self.assertEqual((timings["text"], timings["decode"]), (161, 9500))
        self.assertAlmostEqual(timings["open"], 3090)
        self.assertAlmostEqual(timings["total"], 21590)
        with self.assertRaises(ValueError):
            sdcpp.report("[ERROR] out of memory")

    def test_command(self):
        words = sdcpp.command("sd", "m.gguf", settings(scheduler="euler_ancestral"), "o.png")
        self.assertEqual(words[words.index("--sampling-method") + 1], "euler_a")
        self.assertIn("-H", words)
        self.assertNotIn("-W", words)


if __name__ == "__main__":
    unittest.main()
