"""A bar chart of the comparison as SVG: time a step and peak memory of each side, as shares of one of them."""

from xml.sax.saxutils import escape

BAR, GAP, LABEL, WIDTH, VALUE = 18, 8, 190, 300, 130
OURS, THEIRS, INK, FAINT = "#2f6fb0", "#b8b8b8", "#222222", "#888888"


def amount(name, value):
    if "memory" in name:
        return f"{value / 1e3:.2f} GB"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.2f} ms"


def panels(sides, baseline):
    """[(title, [(side, share, text)])] of the figures that the baseline has."""
    made = []
    for name, title in (("step", "time a step"), ("peak memory", "peak memory"), ("device memory", "GPU memory")):
        base = sides[baseline]["figures"].get(name)
        if not base or not base["median"]:
            continue
        bars = []
        for side, data in sides.items():
            figure = data["figures"].get(name)
            if figure:
                value = figure["median"]
                bars.append((side, value / base["median"], amount(name, value)))
        made.append((f"{title}, {baseline} = 1", bars))
    return made


def svg(result, baseline):
    """The chart as text, or None where the baseline has neither figure."""
    drawn = panels(result["sides"], baseline)
    if not drawn:
        return None
    total, y, shapes = LABEL + WIDTH + VALUE, 14, []

    def text(x, y, words, anchor="start", colour=INK, weight="normal"):
        shapes.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
                      f'font-weight="{weight}">{escape(words)}</text>')

    for title, bars in drawn:
        text(LABEL, y + 4, title, weight="bold")
        y += 16
        top, scale = y, WIDTH / max(1.0, *(share for _, share, _ in bars))
        for side, share, value in bars:
            colour = OURS if result["sides"][side]["ours"] else THEIRS
            text(LABEL - 8, y + BAR - 5, side, anchor="end")
            shapes.append(f'<rect x="{LABEL}" y="{y}" width="{share * scale:.1f}" height="{BAR}" fill="{colour}"/>')
            text(LABEL + share * scale + 6, y + BAR - 5, f"{share:.2f}  ({value})")
            y += BAR + GAP
        line = LABEL + scale
        shapes.append(f'<line x1="{line:.1f}" y1="{top - 3}" x2="{line:.1f}" y2="{y - GAP + 3}" stroke="{FAINT}" '
                      'stroke-dasharray="3 3"/>')
        y += 18
    settings, machine = result["settings"], result["machine"]
    size = f", {settings['width']}x{settings['height']}" if settings.get("width") else ""
    text(8, y, f"{settings['model']}{size}, {settings['threads'] or 'all'} thread(s), median of {settings['rounds']} "
               f"round(s), {machine['date']}", colour=FAINT)
    y += 16
    text(8, y, machine.get("gpu") or machine["cpu"], colour=FAINT)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="{y + 10}" '
            f'viewBox="0 0 {total} {y + 10}" font-family="sans-serif" font-size="12">\n'
            f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(shapes) + "\n</svg>\n")
