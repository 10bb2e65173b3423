"""How far pictures are from a reference: agreement.py REFERENCE.png PICTURE.png ... prints a JSON list.

Runs in the peers' Python. Each entry has "max" (grey levels), "within_one" (% of all values), "psnr" (dB, null for
equal pictures), or "note" where the two cannot be compared.
"""

import json
import sys

import numpy
from PIL import Image


def compare(reference, picture):
    if reference.shape != picture.shape:
        return {"note": "another size"}
    apart = numpy.abs(reference - picture)
    squared = float((apart ** 2).mean())
    return {
        "max": int(apart.max()),
        "within_one": 100 * float((apart <= 1).mean()),
        "psnr": 10 * float(numpy.log10(255 ** 2 / squared)) if squared else None,
    }


def main():
    pictures = [numpy.asarray(Image.open(path).convert("RGB")).astype(float) for path in sys.argv[1:]]
    print(json.dumps([compare(pictures[0], picture) for picture in pictures[1:]]))


if __name__ == "__main__":
    main()
