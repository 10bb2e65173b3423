"""The renderer of the procedural world: Scene -> 128x128 RGB picture (skia, antialiased)."""

from __future__ import annotations

import math
import random

import numpy as np
import skia

from brush import RGB, Brush, mix, scale
from objects import BODY, DRAW
from scene import Scene

SIZE = 128

# Sky from zenith to horizon, and the light that falls on everything else.
SKY: dict[str, list[RGB]] = {
    "dawn": [(142, 176, 226), (206, 186, 222), (250, 200, 202), (254, 226, 204)],
    "noon": [(64, 142, 230), (118, 184, 244), (178, 218, 250)],
    "sunset": [(88, 52, 118), (178, 66, 98), (242, 112, 54), (255, 186, 78)],
    "night": [(8, 12, 40), (18, 28, 70), (40, 54, 104)],
}
LIGHT: dict[str, RGB] = {
    "dawn": (0.97, 0.9, 0.94),
    "noon": (1.0, 1.0, 1.0),
    "sunset": (0.96, 0.78, 0.68),
    "night": (0.42, 0.45, 0.62),
}
# The main object gets somewhat more light at dusk and night, or its colour could not be told.
OBJECT_LIGHT: dict[str, RGB] = {
    "dawn": (0.98, 0.94, 0.96),
    "noon": (1.0, 1.0, 1.0),
    "sunset": (0.96, 0.88, 0.84),
    "night": (0.8, 0.8, 0.88),
}
GROUND: dict[str, tuple[RGB, RGB]] = {  # near the horizon, at the lower edge
    "meadow": ((142, 196, 84), (88, 158, 56)),
    "snow": ((240, 246, 252), (206, 222, 242)),
    "desert": ((240, 206, 142), (214, 164, 92)),
    "sea": ((72, 148, 196), (22, 86, 150)),
}
HILLS: dict[str, RGB] = {
    "meadow": (104, 160, 92),
    "snow": (198, 214, 236),
    "desert": (214, 172, 118),
    "sea": (110, 140, 160),
}
PLACE_X = {"left": 31.0, "middle": 64.0, "right": 97.0}
TREE_X = {
    "left": (68, 86, 103, 119),
    "middle": (10, 29, 99, 118),
    "right": (9, 25, 42, 60),
    "air": (12, 32, 53, 75, 96, 116),
}


def render(scene: Scene) -> np.ndarray:
    """Draws `scene`; uint8 [128, 128, 3], the same bytes for the same scene."""
    rng = random.Random(scene.seed ^ 0x5CE7E)
    surface = skia.Surface(SIZE, SIZE)
    light = LIGHT[scene.time]
    with surface as canvas:
        b = Brush(canvas)
        horizon = rng.uniform(78, 84)
        x = PLACE_X[scene.place] + rng.uniform(-3, 3)
        b.bands(0, 0, SIZE, horizon + 6, SKY[scene.time])
        if scene.time == "night":
            _stars(b, rng, horizon)
        body_x = _sky_body(b, scene, rng, x)
        if scene.weather == "cloudy":
            _clouds(b, scene, rng, body_x)
        _ground(b.lit(light), scene, rng, horizon)
        _trees(b.lit(light), scene, rng)
        size = rng.uniform(53, 60)
        foot = rng.uniform(66, 72) if scene.object == "balloon" else rng.uniform(101, 107)
        night = scene.time == "night"
        DRAW[scene.object](b.lit(OBJECT_LIGHT[scene.time]), x, foot, size, BODY[scene.colour], night, rng)
    return surface.toarray(colorType=skia.kRGBA_8888_ColorType)[:, :, :3].copy()


def _stars(b: Brush, rng: random.Random, horizon: float) -> None:
    for _ in range(rng.randint(26, 40)):
        r = rng.uniform(0.4, 0.95)
        b.oval(rng.uniform(0, SIZE), rng.uniform(0, horizon - 6), r, r, (255, 250, 232), rng.uniform(0.5, 1.0))


def _sky_body(b: Brush, scene: Scene, rng: random.Random, object_x: float) -> float | None:
    """Draws sun or moon clear of the main object; returns its x."""
    if scene.body == "none":
        return None
    choices = [k for k in (18.0, 40.0, 64.0, 88.0, 110.0) if abs(k - object_x) > 36]
    x = rng.choice(choices) + rng.uniform(-4, 4)
    if scene.body == "moon":
        y, r = rng.uniform(18, 30), rng.uniform(9.0, 10.5)
        b.glow(x, y, r * 2.6, (190, 204, 240), 0.5)
        b.oval(x, y, r, r, (244, 240, 220))
        for dx, dy, k in ((-0.3, -0.2, 0.24), (0.35, 0.25, 0.2), (-0.05, 0.45, 0.15)):
            b.oval(x + dx * r, y + dy * r, k * r, k * r, (216, 210, 192))
        return x
    y, r, c, halo = {
        "noon": (rng.uniform(18, 28), 9.5, (255, 240, 150), (255, 248, 200)),
        "dawn": (rng.uniform(46, 56), 10.0, (255, 246, 214), (255, 232, 190)),
        "sunset": (rng.uniform(48, 58), 11.0, (255, 226, 112), (255, 190, 90)),
    }[scene.time]
    b.glow(x, y, r * 3.2, halo, 0.75)
    b.oval(x, y, r, r, c)
    return x


def _clouds(b: Brush, scene: Scene, rng: random.Random, body_x: float | None) -> None:
    c, alpha = {
        "dawn": ((255, 240, 244), 0.95),
        "noon": ((255, 255, 255), 0.96),
        "sunset": ((255, 196, 160), 0.9),
        "night": ((96, 108, 150), 0.92),
    }[scene.time]
    slots = [k for k in (14, 48, 82, 116) if body_x is None or abs(k - body_x) > 22]
    for k in rng.sample(slots, min(len(slots), rng.choice((2, 3)))):
        x, y, s = k + rng.uniform(-5, 5), rng.uniform(12, 36), rng.uniform(0.85, 1.2)
        under = scale(c, 0.86)
        b.oval(x, y + 3.2 * s, 15 * s, 4.6 * s, under, alpha)
        for dx, dy, r in ((-8, 0.6, 5.5), (0, -2.4, 7.2), (8, 0.4, 5.8)):
            b.oval(x + dx * s, y + dy * s, r * s, r * s * 0.86, c, alpha)
        b.oval(x, y + 2.2 * s, 14 * s, 3.8 * s, c, alpha)


def _wave(rng: random.Random, y: float, height: float) -> list[tuple[float, float]]:
    """A soft hill line across the picture, closed at its lower edge."""
    p, q, f = rng.uniform(0, 6.3), rng.uniform(0, 6.3), rng.uniform(0.03, 0.05)
    line = [(x, y - height * (math.sin(f * x + p) + 0.5 * math.sin(2.1 * f * x + q)) / 1.5)
            for x in range(-2, SIZE + 5, 4)]
    return line + [(SIZE + 4, SIZE + 4), (-4, SIZE + 4)]


def _ground(b: Brush, scene: Scene, rng: random.Random, horizon: float) -> None:
    far, near = GROUND[scene.ground]
    if scene.ground == "sea":
        b.bands(0, horizon, SIZE, SIZE - horizon, [far, near])
        for _ in range(14):
            t = rng.random()
            y = horizon + 3 + t * (SIZE - horizon - 5)
            x, w = rng.uniform(0, SIZE), 4 + 9 * t
            b.line(x - w, y, x + w, y, 0.8 + 0.9 * t, mix(far, (255, 255, 255), 0.45), 0.5)
        return
    haze = mix(HILLS[scene.ground], SKY[scene.time][-1], 0.25)
    b.poly_down(_wave(rng, horizon - 3, 7), mix(haze, (255, 255, 255), 0.1), haze, horizon - 10, horizon + 12)
    b.poly_down(_wave(rng, horizon + 6, 3.5), far, near, horizon + 2, SIZE)
    if scene.ground == "meadow":
        for _ in range(16):
            flower = rng.choice(((255, 244, 170), (255, 255, 255), (250, 180, 190)))
            b.oval(rng.uniform(0, SIZE), rng.uniform(horizon + 18, SIZE), 0.9, 0.9, flower)
    elif scene.ground == "desert":
        for k in range(3):
            y = horizon + 16 + 10 * k + rng.uniform(-2, 2)
            x, w = rng.uniform(10, 118), rng.uniform(18, 34)
            b.line(x - w, y, x + w, y + rng.uniform(-1, 1), 1.6, scale(near, 0.88), 0.6)


def _trees(b: Brush, scene: Scene, rng: random.Random) -> None:
    slots = TREE_X["air" if scene.object == "balloon" else scene.place]
    for x in sorted(rng.sample(slots, scene.trees)):
        h, y = rng.uniform(30, 36), rng.uniform(97, 101)
        x += rng.uniform(-1.5, 1.5)
        b.oval(x + 1.5, y, 8, 2.2, (20, 24, 36), 0.26)
        if scene.ground == "meadow":
            b.rect(x - 1.4, y - h * 0.42, 2.8, h * 0.42, (104, 72, 48))
            b.ball(x, y - h * 0.64, h * 0.26, (92, 158, 66), (38, 98, 46))
        elif scene.ground == "snow":
            b.rect(x - 1.3, y - h * 0.2, 2.6, h * 0.2, (96, 70, 52))
            for k, w in ((0.12, 8.2), (0.4, 6.2), (0.66, 4.2)):
                foot, top = y - h * k, y - h * (k + 0.36)
                b.poly([(x - w, foot), (x + w, foot), (x, top)], (36, 92, 80))
                b.poly([(x - w * 0.5, foot - h * 0.18), (x + w * 0.5, foot - h * 0.18), (x, top)], (232, 240, 248))
        else:
            lean = rng.uniform(-2, 2)
            tx, ty = x + lean, y - h * 0.86
            b.line(x, y, tx, ty, 2.4, (138, 98, 60))
            for k in range(6):
                a = math.pi * (0.02 + 0.192 * k)
                ex, ey = tx + math.cos(a) * 9.2, ty - math.sin(a) * 5 + 2.6
                b.line(tx, ty, ex, ey, 2.6, (52, 128, 62))
