"""What the peer_*.py scripts share: their command line, clocks, and the report that compare.py reads.

Import this first: Python's own start is not counted, the imports after this line are ("import" in the report).
"""

import argparse
import importlib.metadata
import json
import time

STARTED = time.perf_counter()


def parser(description):
    """The options that every peer takes, spelled as those of `diffusion generate`."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--model", "-m", required=True)
    made.add_argument("--prompt", "-p", required=True)
    made.add_argument("--width", "-W", type=int)
    made.add_argument("--height", "-H", type=int)
    made.add_argument("--steps", type=int, default=20)
    made.add_argument("--guidance", "-g", type=float, default=7.5)
    made.add_argument("--scheduler", help="a diffusers class name; default: the folder's own")
    made.add_argument("--seed", "-s", type=int, default=0)
    made.add_argument("--threads", type=int, default=0, help="0: the peer's own choice")
    made.add_argument("--output", "-o")
    return made


class Clock:
    """Wraps a callable and keeps when each call began and ended."""

    def __init__(self, function):
        self.function, self.spans = function, []

    def __call__(self, *args, **kwargs):
        begin = time.perf_counter()
        result = self.function(*args, **kwargs)
        self.spans.append((begin, time.perf_counter()))
        return result

    def milliseconds(self):
        return [(end - begin) * 1e3 for begin, end in self.spans]


def between(marks):
    """Milliseconds from each mark, in seconds, to the next."""
    return [(b - a) * 1e3 for a, b in zip(marks, marks[1:])]


def versions(*packages):
    return {name: importlib.metadata.version(name) for name in packages}


def report(arguments, image, *, imported, opened, generated, text, denoise, decode, in_graph=None, **more):
    """Prints the keys of `diffusion generate --json`, and what only peers have.

    `imported` and `opened` are times of time.perf_counter, `generated` is seconds, `text` and `decode` are
    milliseconds, `denoise` and `in_graph` (the time inside the runtime, where it can be told) milliseconds a step.
    """
    open_ms = (opened - imported) * 1e3
    if arguments.output:
        image.save(arguments.output)
    made = {
        "images": [{"path": arguments.output, "seed": arguments.seed, "width": image.width, "height": image.height}],
        "timings": {
            "open": open_ms, "text": text, "encode": 0, "denoise": denoise, "decode": decode,
            "total": open_ms + generated * 1e3,
        },
        "import": (imported - STARTED) * 1e3,
    }
    if in_graph is not None:
        made["generation"] = {"denoise_in_graphs": sum(in_graph)}
    print(json.dumps({**made, **more}))
