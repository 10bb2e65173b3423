#!/usr/bin/env python3
"""Golden increments of the Brownian trees that diffusers' DPMSolverSDEScheduler draws its noise from.

Usage: python make_brownian.py [FILE]      (default: brownian.json beside this script)

File: {"oracle", "cases": [{"seeds", "shape", "t0", "t1", "queries": [{"from", "to", "bits"}]}]}
  seeds    decimal strings: one for the whole array, or one for each row ("batched")
  bits     float32 of the increment, row-major, 8 hexadecimal digits each; the queries are asked in this order of one
           BatchedBrownianTree (torchsde 0.2.6 BrownianInterval with halfway_tree), which keeps what it has split
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
import torchsde
from diffusers.schedulers.scheduling_dpmsolver_sde import BatchedBrownianTree

SIGMAS = [14.614641, 7.3, 4.86164, 3.5, 2.0, 0.999999, 0.4, 0.029167]
CASES = [
    ([0], (1, 4, 2, 4), SIGMAS),
    ([1], (2, 4, 2, 4), SIGMAS),
    ([2**31 - 1], (1, 3, 3, 3), [80.0, 17.528, 5.838, 1.922, 0.661, 0.226, 0.081, 0.024, 0.002]),
    ([2**63 - 2], (5,), [700.0, 54.5, 15.886, 7.977, 4.248, 0.002]),
    ([7, 8, 2**40], (3, 4, 2, 2), SIGMAS),
    # Outside of the interval, the same times again, across earlier splits, closer than the rounding.
    ([42], (1, 4, 2, 2), [20.0, 14.0, 3.0, 9.0, 0.0, 14.0, 3.0, 3.000002, 14.614641]),
]


def main():
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    cases = []
    for seeds, shape, times in CASES:
        t0, t1 = (14.614641, 0.029167) if times[0] == 20.0 else (times[0], times[-1])
        t0, t1 = min(t0, t1), max(t0, t1)
        tree = BatchedBrownianTree(torch.zeros(shape), t0, t1, seeds if len(seeds) > 1 else seeds[0])
        queries = []
        for a, b in [*zip(times, times[1:]), (times[0], times[-1]), (times[1], times[-2])]:
            values = tree(a, b).numpy().astype(">f4")
            queries.append({"from": a, "to": b, "bits": values.tobytes().hex()})
        seeds = [str(seed) for seed in seeds]
        cases.append({"seeds": seeds, "shape": shape, "t0": t0, "t1": t1, "queries": queries})
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("brownian.json")
    oracle = f"torchsde {torchsde.__version__}, torch {torch.__version__.split('+')[0]}, NumPy {np.__version__}"
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    path.write_text(f'{{"oracle":{json.dumps(oracle)},"cases":[\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
