#!/usr/bin/env python3
"""Golden vectors of seeded normal noise: torch's CPU generator, NumPy's RandomState, Philox.

Usage: python make_rng.py [OUT.json]      (default: rng.json beside this script)

Every value is a bit pattern, so that exactness can be tested:
`bits` is a string of big-endian hexadecimal words, 8 digits a float32 and 16 a float64.
Seeds are decimal strings, because JSON readers lose integers above 2**53.

Oracles
  torch_cpu        torch.randn(n, generator=torch.Generator("cpu").manual_seed(seed)), float32,
                   with torch's vectorised (AVX2) Box-Muller, which is what every x86 user gets.
  torch_cpu_scalar the same under ATEN_CPU_CAPABILITY=default: plain libm. Both are torch; they
                   differ in the last bits, which is the measure of what "equal" can mean.
  numpy            numpy.random.RandomState(seed).randn(n), float64.
  philox           No GPU made these. They come from an independent NumPy implementation below of
                   the published algorithm (Salmon et al. 2011, "Parallel random numbers: as easy as
                   1, 2, 3"; NVIDIA cuRAND's float32 Box-Muller; the counter layout of
                   PyTorch's CUDA `normal_` where one element a thread suffices), checked against
                   Random123's known-answer vectors and against published values of torch-CUDA's
                   randn with seed 0.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

SEEDS = [0, 1, 42, 2**31, 2**32 + 5, 2**53 + 1, 2**63 + 12345, 2**64 - 1]
SIZES = [[1], [2], [15], [16], [17], [31], [33], [100], [1, 4, 8, 8]]
LONG_SEEDS = [0, 42, 2**63 + 12345]
SEQUENCES = [
    [16, 5, 5, 40],
    [5, 5, 16, 3],
    [1, 1, 1, 1, 17, 1],
    [15, 20, 15, 33, 2],
    [7, 64, 7],
    [256, 256, 256],
]
NUMPY_SEEDS = [0, 1, 42, 2**31, 2**32 - 1]
NUMPY_SIZES = [1, 2, 15, 16, 17, 33, 100]
NUMPY_SEQUENCES = [[1, 1, 1, 4], [5, 6, 7], [16, 3, 16], [33, 1, 2]]


def torch_cases():
    import torch

    torch.set_num_threads(1)

    def draw(seed, shapes):
        generator = torch.Generator("cpu").manual_seed(seed)
        calls = []
        for shape in shapes:
            values = torch.randn(shape, generator=generator, dtype=torch.float32)
            calls.append({"shape": list(shape), "bits": values.numpy().astype(">f4").tobytes().hex()})
        return {"seed": str(seed), "calls": calls}

    cases = [draw(seed, [shape]) for seed in SEEDS for shape in SIZES]
    cases += [draw(seed, [[1000]]) for seed in LONG_SEEDS]
    cases += [draw(seed, [[n] for n in ns]) for seed in (0, 42, 2**32 + 5) for ns in SEQUENCES]
    return cases


def numpy_cases():
    import numpy as np

    def draw(seed, sizes):
        state = np.random.RandomState(seed)
        calls = [{"shape": [n], "bits": state.randn(n).astype(">f8").tobytes().hex()} for n in sizes]
        return {"seed": str(seed), "calls": calls}

    cases = [draw(seed, [n]) for seed in NUMPY_SEEDS for n in NUMPY_SIZES]
    cases += [draw(seed, ns) for seed in (0, 42) for ns in NUMPY_SEQUENCES]
    return cases


def philox4x32_10(counter, key):
    """Ten rounds of Philox-4x32 on uint64 arrays that hold 32-bit words. counter: 4 x n, key: 2."""
    import numpy as np

    mask = np.uint64(0xFFFFFFFF)
    c0, c1, c2, c3 = (np.asarray(c, dtype=np.uint64) for c in counter)
    k0, k1 = (int(k) for k in key)
    for _ in range(10):
        p0 = c0 * np.uint64(0xD2511F53)
        p1 = c2 * np.uint64(0xCD9E8D57)
        shift = np.uint64(32)
        c0, c1, c2, c3 = (
            (p1 >> shift) ^ c1 ^ np.uint64(k0),
            p1 & mask,
            (p0 >> shift) ^ c3 ^ np.uint64(k1),
            p0 & mask,
        )
        k0 = (k0 + 0x9E3779B9) & 0xFFFFFFFF
        k1 = (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def philox_normal(seed, call, n):
    """The `call`-th randn(n) of torch's CUDA generator, for n within one element a thread."""
    import numpy as np

    index = np.arange(n, dtype=np.uint64)
    zero = np.zeros(n, dtype=np.uint64)
    x, y, _, _ = philox4x32_10(
        (zero + np.uint64(call), zero, index, zero), (seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF)
    )
    # cuRAND: arguments in float32 (one fused multiply-add each, so a single rounding of
    # the float64 result below), then logf, sqrtf, sincosf, each within 1-2 ulp of the exact value.
    inverse = np.float64(np.float32(2.0**-32))
    inverse_2pi = np.float64(np.float32(2.0**-32 * 2.0 * np.pi))
    xf = x.astype(np.float32).astype(np.float64)
    yf = y.astype(np.float32).astype(np.float64)
    u = (xf * inverse + inverse / 2).astype(np.float32)
    v = (yf * inverse_2pi + inverse_2pi / 2).astype(np.float32)
    radius = np.sqrt(-2.0 * np.log(u.astype(np.float64)))
    return (radius * np.sin(v.astype(np.float64))).astype(np.float32)


def philox_cases():
    import numpy as np

    known = [  # Random123, kat_vectors, "philox4x32 10"
        ([0, 0, 0, 0], [0, 0], "6627e8d5e169c58dbc57ac4c9b00dbd8"),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, "408f276d41c83b0ea20bc7c66d5451fd"),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            "d16cfe0994fdcceb5001e42024126ea1",
        ),
    ]
    blocks = []
    for counter, key, expected in known:
        words = [int(w[0]) for w in philox4x32_10([[c] for c in counter], key)]
        got = "".join(f"{w:08x}" for w in words)
        assert got == expected, (got, expected)
        blocks.append({"counter": counter, "key": key, "out": words})
    published = np.array([-0.92466259, -0.42534415, -2.6438457, 0.14518388])
    assert np.abs(philox_normal(0, 0, 4) - published).max() < 1e-6

    cases = []
    for seed in SEEDS:
        for sizes in ([1], [4], [16, 5, 40], [256, 256]):
            calls = []
            for call, n in enumerate(sizes):
                bits = philox_normal(seed, call, n).astype(">f4").tobytes().hex()
                calls.append({"shape": [n], "bits": bits})
            cases.append({"seed": str(seed), "calls": calls})
    return {
        "blocks": blocks,
        "published_seed_0": published.tolist(),
        "tolerance_abs": 2e-6,
        "tolerance_why": "a GPU's logf/sincosf are approximations; float32 angles near 2*pi carry 4e-7",
        "normal": cases,
    }


def main():
    if sys.argv[1:] == ["--torch-cases"]:
        json.dump(torch_cases(), sys.stdout)
        return
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("rng.json")

    def under(capability):
        env = dict(os.environ, ATEN_CPU_CAPABILITY=capability, OMP_NUM_THREADS="1")
        command = [sys.executable, __file__, "--torch-cases"]
        return json.loads(subprocess.run(command, env=env, check=True, capture_output=True).stdout)

    golden = {
        "about": "made by tests/golden/make_rng.py; bits: big-endian hex words; seeds: decimal strings",
        "torch_cpu": under("avx2"),
        "torch_cpu_scalar": under("default"),
        "numpy": numpy_cases(),
        "philox": philox_cases(),
    }
    # One case a line: diffs stay readable.
    lines = ["{"]
    for key, value in golden.items():
        if isinstance(value, list):
            body = "[\n" + ",\n".join(json.dumps(v, separators=(",", ":")) for v in value) + "\n]"
        else:
            body = json.dumps(value, separators=(",", ":"))
        lines.append(f'"{key}": {body},')
    lines[-1] = lines[-1].rstrip(",")
    out.write_text("\n".join(lines + ["}"]) + "\n")


if __name__ == "__main__":
    main()
