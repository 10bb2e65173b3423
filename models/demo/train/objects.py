"""The main objects, each a function of (brush, x of its middle, y of its foot, size, colour).

Sizes are pixels of a 128-pixel picture.  The named colour lies on one large flat area of
each object, so that 16x16 latents carry it and the judge can read it.
"""

from __future__ import annotations

import math
import random

from brush import RGB, Brush, mix, scale

BODY: dict[str, RGB] = {
    "red": (214, 40, 44),
    "blue": (36, 88, 214),
    "yellow": (250, 208, 24),
    "white": (246, 246, 248),
    "green": (22, 146, 74),
    "purple": (142, 56, 176),
}
ROOF: RGB = (92, 66, 58)
WOOD: RGB = (110, 74, 48)
STONE: RGB = (122, 118, 120)
CREAM: RGB = (240, 228, 204)
PANE: RGB = (70, 84, 104)
LAMP: RGB = (255, 224, 130)


def _shadow(b: Brush, x: float, y: float, w: float) -> None:
    b.oval(x + w * 0.12, y, w * 0.62, 3.4, (20, 24, 36), 0.28)


def _window(b: Brush, x: float, y: float, w: float, h: float, night: bool) -> None:
    # A lamp shines by itself: at night the pane is drawn without the scene's dim light.
    (b.lit((1.0, 1.0, 1.0)) if night else b).rect(x, y, w, h, LAMP if night else PANE)


def house(b: Brush, x: float, y: float, s: float, c: RGB, night: bool, rng: random.Random) -> None:
    """A cottage: coloured walls, a brown gable roof, door and two windows."""
    w, wall, roof = s * 0.92, s * 0.62, s * 0.4
    _shadow(b, x, y, w)
    l, r, t = x - w / 2, x + w / 2, y - wall
    b.rect(x + w * 0.22, t - roof * 0.95, s * 0.11, roof * 0.7, STONE)
    b.poly_across([(l, y), (r, y), (r, t), (l, t)], c, scale(c, 0.78), l, r)
    b.poly_down([(l - 3.5, t + 1), (r + 3.5, t + 1), (r - w * 0.2, t - roof), (l + w * 0.2, t - roof)],
                scale(ROOF, 1.1), scale(ROOF, 0.8), t - roof, t)
    b.rect(x - s * 0.075, y - s * 0.3, s * 0.15, s * 0.3, WOOD)
    for side in (-1, 1):
        _window(b, x + side * w * 0.3 - s * 0.075, y - s * 0.4, s * 0.15, s * 0.16, night)


def castle(b: Brush, x: float, y: float, s: float, c: RGB, night: bool, rng: random.Random) -> None:
    """Two towers with pointed roofs, a wall with battlements between them, a gate."""
    w = s * 0.98
    _shadow(b, x, y, w)
    l, r = x - w / 2, x + w / 2
    tw, th, wall = w * 0.27, s * 0.72, s * 0.5
    b.rect(l + tw * 0.8, y - wall, w - tw * 1.6, wall, scale(c, 0.88))
    n = 4
    step = (w - tw * 2) / n
    for i in range(n):
        b.rect(l + tw + i * step + step * 0.2, y - wall - s * 0.07, step * 0.6, s * 0.08, scale(c, 0.88))
    for tx in (l, r - tw):
        b.poly_across([(tx, y), (tx + tw, y), (tx + tw, y - th), (tx, y - th)], c, scale(c, 0.74), tx, tx + tw)
        b.poly([(tx - 2.2, y - th), (tx + tw + 2.2, y - th), (tx + tw / 2, y - s)], scale(ROOF, 0.9))
        _window(b, tx + tw * 0.36, y - th + s * 0.12, tw * 0.28, s * 0.13, night)
    b.rect(x - s * 0.09, y - s * 0.2, s * 0.18, s * 0.2, scale(WOOD, 0.7))
    b.oval(x, y - s * 0.2, s * 0.09, s * 0.09, scale(WOOD, 0.7))


def windmill(b: Brush, x: float, y: float, s: float, c: RGB, night: bool, rng: random.Random) -> None:
    """A tapering coloured tower with a dark cap and four cream sails."""
    _shadow(b, x, y, s * 0.5)
    top, bw, tw = y - s * 0.72, s * 0.27, s * 0.17
    b.poly_across([(x - bw, y), (x + bw, y), (x + tw, top), (x - tw, top)], c, scale(c, 0.72), x - bw, x + bw)
    b.oval(x, top, tw * 1.1, s * 0.11, scale(ROOF, 0.9))
    b.rect(x - s * 0.06, y - s * 0.2, s * 0.12, s * 0.2, WOOD)
    _window(b, x - s * 0.045, y - s * 0.42, s * 0.09, s * 0.11, night)
    start = rng.uniform(0.5, 1.1)
    length, half = s * 0.42, s * 0.05
    for k in range(4):
        a = start + k * math.pi / 2
        dx, dy = math.cos(a), math.sin(a)
        px, py = -dy * half, dx * half
        hx, hy = x + dx * length * 0.22, top + dy * length * 0.22
        ex, ey = x + dx * length, top + dy * length
        b.line(x, top, ex, ey, 1.6, WOOD)
        b.poly([(hx, hy), (ex, ey), (ex + px * 2, ey + py * 2), (hx + px * 2, hy + py * 2)], CREAM)
    b.oval(x, top, 2.2, 2.2, scale(WOOD, 0.7))


def tent(b: Brush, x: float, y: float, s: float, c: RGB, night: bool, rng: random.Random) -> None:
    """A ridge tent seen from its open end, with a flag on its top."""
    w, h = s * 1.04, s * 0.78
    _shadow(b, x, y, w)
    top = (x - w * 0.08, y - h)
    b.line(top[0], top[1], top[0], top[1] - s * 0.16, 1.5, WOOD)
    b.poly([(top[0], top[1] - s * 0.17), (top[0] + s * 0.16, top[1] - s * 0.11), (top[0], top[1] - s * 0.05)], c)
    b.poly([(x - w / 2, y), (x + w * 0.28, y), top], c)
    b.poly([(x + w * 0.28, y), (x + w / 2, y - h * 0.1), top], scale(c, 0.66))
    inside = LAMP if night else scale(WOOD, 0.55)
    (b.lit((1.0, 0.9, 0.75)) if night else b).poly(
        [(x - w * 0.22, y), (x + w * 0.04, y), (top[0], y - h * 0.62)], inside)


def lighthouse(b: Brush, x: float, y: float, s: float, c: RGB, night: bool, rng: random.Random) -> None:
    """A tall coloured tower on a rock, a gallery and a lantern."""
    s *= 1.14
    rock = [(x - s * 0.36, y + 4), (x - s * 0.27, y - s * 0.06), (x - s * 0.1, y - s * 0.13),
            (x + s * 0.16, y - s * 0.12), (x + s * 0.28, y - s * 0.04), (x + s * 0.38, y + 4)]
    b.poly_down(rock, (134, 124, 118), (84, 78, 80), y - s * 0.13, y + 4)
    foot, top, bw, tw = y - s * 0.1, y - s * 0.8, s * 0.17, s * 0.115
    b.poly_across([(x - bw, foot), (x + bw, foot), (x + tw, top), (x - tw, top)], c, scale(c, 0.7), x - bw, x + bw)
    b.rect(x - s * 0.045, foot - s * 0.14, s * 0.09, s * 0.14, WOOD)
    b.rect(x - tw * 1.4, top - s * 0.02, tw * 2.8, s * 0.045, (64, 62, 70))
    lamp = b.lit((1.0, 1.0, 1.0)) if night else b
    if night:
        lamp.glow(x, top - s * 0.075, s * 0.26, LAMP, 0.75)
    lamp.rect(x - tw * 0.7, top - s * 0.125, tw * 1.4, s * 0.11, LAMP)
    b.poly([(x - tw * 1.05, top - s * 0.12), (x + tw * 1.05, top - s * 0.12), (x, top - s * 0.22)], (64, 62, 70))


def boat(b: Brush, x: float, y: float, s: float, c: RGB, night: bool, rng: random.Random) -> None:
    """A sailing boat: hull and both sails in its colour, the sails a little lighter."""
    w = s * 0.98
    b.oval(x, y + 2.2, w * 0.52, 3.0, (10, 24, 48), 0.35)
    mast = y - s * 0.98
    deck = y - s * 0.2
    b.line(x, y - 2, x, mast, 1.7, WOOD)
    sail = mix(c, (255, 255, 255), 0.16)
    b.poly_across([(x + 2, mast + 2), (x + 2, deck - 3), (x + w * 0.43, deck - 3)], sail, scale(sail, 0.86), x, x + w * 0.43)
    b.poly([(x - 2, mast + s * 0.1), (x - 2, deck - 3), (x - w * 0.34, deck - 3)], scale(sail, 0.82))
    b.poly_down([(x - w / 2, deck), (x + w / 2, deck), (x + w * 0.34, y + 2), (x - w * 0.36, y + 2)],
                c, scale(c, 0.72), deck, y)
    b.rect(x - w / 2 + 1, deck, w - 2, 2.0, CREAM)


def balloon(b: Brush, x: float, y: float, s: float, c: RGB, night: bool, rng: random.Random) -> None:
    """A hot-air balloon; `y` is the foot of its basket."""
    s *= 1.04
    r = s * 0.39
    cy = y - s * 0.61
    neck = y - s * 0.2
    for side in (-1, 1):
        b.line(x + side * s * 0.1, neck - 2, x + side * s * 0.06, y - s * 0.1, 1.0, WOOD)
    b.poly_across([(x - r * 0.82, cy + r * 0.57), (x + r * 0.82, cy + r * 0.57), (x + s * 0.11, neck), (x - s * 0.11, neck)],
                  scale(c, 0.92), scale(c, 0.64), x - r, x + r)
    b.ball(x, cy, r, mix(c, (255, 255, 255), 0.12), scale(c, 0.7))
    b.oval(x, cy, r * 0.4, r, mix(c, (255, 255, 255), 0.18), 0.55)
    b.rect(x - s * 0.085, y - s * 0.12, s * 0.17, s * 0.12, WOOD)


DRAW = {f.__name__: f for f in (house, castle, windmill, tent, lighthouse, boat, balloon)}
