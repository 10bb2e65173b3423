"""The init pictures and masks of the family goldens, drawn by formulas: inputs/*.png.

  house.png           64x64 RGB: flat areas with hard edges over a gradient
  house_wide.png      96x64 RGB       house_tall.png  64x80 RGB
  house_odd.png       85x53 RGB, which no autoencoder takes as it is (80x48 fits)
  house_alpha.png     64x64 RGBA: a transparent disc to be painted, a soft rim
  low.png             16x16 RGB for the upscaler       low_wide.png  24x16 RGB       low_32.png  32x32 RGB
  low_mask.png        32x32 L         tiny_mask.png   16x16 L
  labels.png          64x64 L: a semantic map, the numbers 0 to 4 as grey levels
  labels_flipped.png  64x64 L: upside down, with other numbers
  mask.png            64x64 L: white = paint, a hard rectangle off the grid of eight
  mask_soft.png       64x64 L: a ramp from black to white
  mask_small.png      64x64 L: a small rectangle, for padding_mask_crop
  mask_wide.png       96x64 L         mask_odd.png    85x53 L
"""

import numpy as np
from PIL import Image


def scene(width, height):
    """House, moon and hill over a sky; coordinates in 0..1, so that every size shows the same."""
    y, x = np.mgrid[0:height, 0:width]
    x, y = (x + 0.5) / width, (y + 0.5) / height
    out = np.stack([40 + 120 * y, 60 + 90 * x, 170 - 90 * y], axis=-1)

    def paint(where, colour):
        out[where] = colour

    paint((x - 0.78) ** 2 + (y - 0.2) ** 2 < 0.012, (240, 235, 190))
    paint(y > 0.72 + 0.08 * np.sin(7 * x), (70, 120, 60))
    paint((abs(x - 0.38) < 0.2) & (y > 0.45) & (y < 0.8), (190, 50, 40))
    paint((y < 0.45) & (y > 0.25 + 0.9 * abs(x - 0.38)), (90, 60, 50))
    paint((abs(x - 0.45) < 0.05) & (abs(y - 0.6) < 0.06), (250, 220, 120))
    return out


def rectangle(width, height, left, top, right, bottom):
    out = np.zeros((height, width))
    out[top:bottom, left:right] = 255
    return out


def write(folder):
    folder.mkdir(parents=True, exist_ok=True)

    def save(name, values):
        Image.fromarray(np.clip(np.round(values), 0, 255).astype(np.uint8)).save(folder / name, optimize=True)

    for name, size in {"house": (64, 64), "house_wide": (96, 64), "house_tall": (64, 80), "house_odd": (85, 53),
                       "low": (16, 16), "low_wide": (24, 16), "low_32": (32, 32)}.items():
        save(f"{name}.png", scene(*size))
    y, x = np.mgrid[0:64, 0:64]
    distance = np.hypot(x - 31.5, y - 35.5)
    save("house_alpha.png", np.dstack([scene(64, 64), np.clip((distance - 14) * 32, 0, 255)]))
    save("mask.png", rectangle(64, 64, 13, 18, 46, 51))
    save("mask_soft.png", np.clip((x + y - 32) * 4.5, 0, 255))
    save("mask_small.png", rectangle(64, 64, 20, 30, 34, 44))
    save("low_mask.png", rectangle(32, 32, 7, 9, 23, 26))
    save("tiny_mask.png", rectangle(16, 16, 4, 5, 12, 13))
    labels = sum(scene(64, 64)[:, :, 0] > level for level in (50, 80, 120, 200))
    save("labels.png", labels)
    save("labels_flipped.png", 4 - labels[::-1])
    save("mask_wide.png", rectangle(96, 64, 41, 10, 83, 47))
    save("mask_odd.png", rectangle(85, 53, 20, 11, 58, 41))
