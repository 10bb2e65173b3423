"""Renders the training pictures once: WORK/pictures.npy, uint8 [N, 128, 128, 3].

    python dataset.py --count 24000

Picture i is `render(sample_scene(FIRST_SEED + i))`, so attributes need not be stored.
Held-out pictures (VAE's PSNR, classifier, judge) use seeds below FIRST_SEED.
"""

from __future__ import annotations

from multiprocessing import Pool

import numpy as np

import common
from render import SIZE, render
from scene import sample_scene

FIRST_SEED = 1_000_000


def pictures(first: int, count: int) -> np.ndarray:
    """Renders of the seeds first, first + 1, ...; uint8 [count, 128, 128, 3]."""
    return np.stack([render(sample_scene(first + i)) for i in range(count)])


def _chunk(job: tuple[str, int, int, int]) -> None:
    path, start, count, total = job
    out = np.lib.format.open_memmap(path, mode="r+", shape=(total, SIZE, SIZE, 3))
    out[start:start + count] = pictures(FIRST_SEED + start, count)


def main() -> None:
    """Renders with one process a core."""
    p = common.parser(__doc__)
    p.add_argument("--count", type=int, default=24000)
    args = p.parse_args()
    args.work_dir.mkdir(parents=True, exist_ok=True)
    path = args.work_dir / "pictures.npy"
    partial = args.work_dir / "pictures.partial.npy"
    np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=(args.count, SIZE, SIZE, 3)).flush()
    step = 500
    jobs = [(str(partial), s, min(step, args.count - s), args.count) for s in range(0, args.count, step)]
    with Pool(common.THREADS) as pool:
        for _ in pool.imap_unordered(_chunk, jobs):
            pass
    partial.rename(path)
    print(f"{args.count} pictures in {path}")


if __name__ == "__main__":
    main()
