"""The layout map of a scene: which pixel is sky, ground, object ...; uint8 RGB 128x128.

The renderer's own functions draw it, with a brush that fills every shape with the colour of
the part that is being drawn (no antialiasing, no light, no shadows, no glow), and with the same
random numbers, so map and picture lie exactly on each other.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np
import skia

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "train"))
import graphs  # noqa: E402,F401  (makes the demo's scripts importable)
import render as world  # noqa: E402
from brush import Brush, _path  # noqa: E402
from objects import BODY, DRAW  # noqa: E402
from scene import Scene  # noqa: E402

PARTS = {  # name -> colour in the map, in the order of the label indices
    "sky": (90, 160, 255),
    "sun or moon": (255, 255, 0),
    "cloud": (255, 255, 255),
    "hills": (120, 70, 160),
    "ground": (150, 100, 40),
    "tree": (0, 140, 0),
    "object": (255, 0, 0),
}
COLOURS = np.array(list(PARTS.values()), np.uint8)
SHADE = 0.6  # shapes more transparent than this are shadows and ripples, not parts


class LabelBrush(Brush):
    """Fills whatever it is told to draw with one colour."""

    def __init__(self, canvas: skia.Canvas, part: str | None) -> None:
        super().__init__(canvas)
        self.part = part

    def lit(self, light) -> "LabelBrush":
        return self

    def _paint(self, c, alpha: float = 1.0) -> skia.Paint:
        seen = self.part is not None and alpha >= SHADE
        return skia.Paint(AntiAlias=False, Color=skia.Color(*PARTS[self.part], 255) if seen else 0)

    def poly_down(self, points, top, bottom, y0, y1) -> None:
        self.canvas.drawPath(_path(points), self._paint(top))

    poly_across = poly_down

    def bands(self, x, y, w, h, stops) -> None:
        self.rect(x, y, w, h, stops[0])

    def ball(self, cx, cy, r, lightest, darkest) -> None:
        self.oval(cx, cy, r, r, lightest)

    def glow(self, cx, cy, r, c, alpha) -> None:
        return


class GroundBrush(LabelBrush):
    """On land the first hill line is the distance, the second the ground."""

    def __init__(self, canvas: skia.Canvas, sea: bool) -> None:
        super().__init__(canvas, "ground" if sea else "hills")

    def poly_down(self, points, top, bottom, y0, y1) -> None:
        super().poly_down(points, top, bottom, y0, y1)
        self.part = "ground"


def draw(scene: Scene) -> np.ndarray:
    """The map of `scene`; the order of the random numbers is `render.render`'s."""
    rng = random.Random(scene.seed ^ 0x5CE7E)
    surface = skia.Surface(world.SIZE, world.SIZE)
    with surface as canvas:
        horizon = rng.uniform(78, 84)
        x = world.PLACE_X[scene.place] + rng.uniform(-3, 3)
        LabelBrush(canvas, "sky").rect(0, 0, world.SIZE, world.SIZE, (0, 0, 0))
        if scene.time == "night":
            world._stars(LabelBrush(canvas, None), rng, horizon)
        body_x = world._sky_body(LabelBrush(canvas, "sun or moon"), scene, rng, x)
        if scene.weather == "cloudy":
            world._clouds(LabelBrush(canvas, "cloud"), scene, rng, body_x)
        world._ground(GroundBrush(canvas, scene.ground == "sea"), scene, rng, horizon)
        world._trees(LabelBrush(canvas, "tree"), scene, rng)
        size = rng.uniform(53, 60)
        foot = rng.uniform(66, 72) if scene.object == "balloon" else rng.uniform(101, 107)
        DRAW[scene.object](LabelBrush(canvas, "object"), x, foot, size, BODY[scene.colour], scene.time == "night", rng)
    return surface.toarray(colorType=skia.kRGBA_8888_ColorType)[:, :, :3].copy()


def labels(pictures: np.ndarray) -> np.ndarray:
    """Index of the nearest part's colour at every pixel; uint8 [..., H, W]."""
    far = (pictures[..., None, :].astype(np.int32) - COLOURS.astype(np.int32)) ** 2
    return far.sum(-1).argmin(-1).astype(np.uint8)
