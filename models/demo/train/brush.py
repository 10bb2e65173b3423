"""A thin layer over skia: shapes in pixels, colours as (r, g, b) in 0..255, light applied."""

from __future__ import annotations

import skia

RGB = tuple[float, float, float]


def mix(a: RGB, b: RGB, t: float) -> RGB:
    """`a` at t=0, `b` at t=1."""
    return tuple(x + (y - x) * t for x, y in zip(a, b))


def scale(c: RGB, k: float) -> RGB:
    """`c` made darker (k < 1) or brighter (k > 1)."""
    return tuple(min(255.0, x * k) for x in c)


class Brush:
    """Draws on one canvas; every colour is first multiplied by `light` (0..1 a channel)."""

    def __init__(self, canvas: skia.Canvas, light: RGB = (1.0, 1.0, 1.0)) -> None:
        self.canvas = canvas
        self.light = light

    def lit(self, light: RGB) -> "Brush":
        """The same canvas under another light."""
        return Brush(self.canvas, light)

    def _color(self, c: RGB, alpha: float = 1.0) -> int:
        r, g, b = (int(max(0.0, min(255.0, x * k))) for x, k in zip(c, self.light))
        return skia.Color(r, g, b, int(255 * alpha))

    def _paint(self, c: RGB, alpha: float = 1.0) -> skia.Paint:
        return skia.Paint(AntiAlias=True, Color=self._color(c, alpha))

    def _blend(self, a, b, stops: list[RGB], alphas=None) -> skia.Paint:
        alphas = alphas or [1.0] * len(stops)
        shader = skia.GradientShader.MakeLinear(
            [skia.Point(*a), skia.Point(*b)], [self._color(c, k) for c, k in zip(stops, alphas)]
        )
        return skia.Paint(AntiAlias=True, Shader=shader)

    def poly(self, points, c: RGB, alpha: float = 1.0) -> None:
        """A filled polygon."""
        self.canvas.drawPath(_path(points), self._paint(c, alpha))

    def poly_down(self, points, top: RGB, bottom: RGB, y0: float, y1: float) -> None:
        """A polygon shaded from `top` at y0 to `bottom` at y1."""
        self.canvas.drawPath(_path(points), self._blend((0, y0), (0, y1), [top, bottom]))

    def poly_across(self, points, left: RGB, right: RGB, x0: float, x1: float) -> None:
        """A polygon shaded from `left` at x0 to `right` at x1: reads as something round."""
        self.canvas.drawPath(_path(points), self._blend((x0, 0), (x1, 0), [left, right]))

    def rect(self, x: float, y: float, w: float, h: float, c: RGB, alpha: float = 1.0) -> None:
        """A filled rectangle."""
        self.canvas.drawRect(skia.Rect.MakeXYWH(x, y, w, h), self._paint(c, alpha))

    def bands(self, x: float, y: float, w: float, h: float, stops: list[RGB]) -> None:
        """A rectangle with a vertical gradient through `stops`."""
        paint = self._blend((0, y), (0, y + h), stops)
        self.canvas.drawRect(skia.Rect.MakeXYWH(x, y, w, h), paint)

    def oval(self, cx: float, cy: float, rx: float, ry: float, c: RGB, alpha: float = 1.0) -> None:
        """A filled ellipse."""
        self.canvas.drawOval(skia.Rect.MakeLTRB(cx - rx, cy - ry, cx + rx, cy + ry), self._paint(c, alpha))

    def ball(self, cx: float, cy: float, r: float, lightest: RGB, darkest: RGB) -> None:
        """A disc lit from the upper left."""
        shader = skia.GradientShader.MakeRadial(
            skia.Point(cx - r * 0.4, cy - r * 0.4), r * 1.6, [self._color(lightest), self._color(darkest)]
        )
        self.canvas.drawCircle(cx, cy, r, skia.Paint(AntiAlias=True, Shader=shader))

    def glow(self, cx: float, cy: float, r: float, c: RGB, alpha: float) -> None:
        """A soft halo that fades to nothing at radius r."""
        shader = skia.GradientShader.MakeRadial(
            skia.Point(cx, cy), r, [self._color(c, alpha), self._color(c, 0.0)]
        )
        self.canvas.drawCircle(cx, cy, r, skia.Paint(AntiAlias=True, Shader=shader))

    def line(self, x0: float, y0: float, x1: float, y1: float, width: float, c: RGB, alpha: float = 1.0) -> None:
        """A straight stroke with round ends."""
        paint = self._paint(c, alpha)
        paint.setStyle(skia.Paint.kStroke_Style)
        paint.setStrokeWidth(width)
        paint.setStrokeCap(skia.Paint.kRound_Cap)
        self.canvas.drawLine(x0, y0, x1, y1, paint)


def _path(points) -> skia.Path:
    builder = skia.PathBuilder() if hasattr(skia, "PathBuilder") else skia.Path()
    builder.moveTo(*points[0])
    for p in points[1:]:
        builder.lineTo(*p)
    builder.close()
    return builder.detach() if hasattr(builder, "detach") else builder
