"""Plots the JSON object of `cargo bench --bench reuse -- --json`: what is left out against distance, one line a group.

What is left out is counted, not timed: a whole call is one evaluation for each guidance branch, a negative one is half of it.

    python benches/plot_reuse.py measured.json benches/results/reuse-demo.svg
"""

import json
import sys
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, TOP = 420, 260, 60, 30
INK, FAINT = "#222222", "#888888"
COLOURS = ["#2f6fb0", "#c2622d", "#3c8d40", "#8a4fa8"]


def left_out(row, settings):
    """The share of the denoiser's evaluations that a setting left out."""
    branches = 2 if settings["guidance"] > 1 else 1
    return (branches * row["skipped_calls"] + row["skipped_negatives"]) / (branches * row["calls"])


def svg(measured):
    """The plot as text."""
    rows = [row for row in measured["rows"] if row["group"] != "off"]
    groups = list(dict.fromkeys(row["group"] for row in rows))
    shares = [left_out(row, measured["settings"]) for row in rows]
    widest = max(0.5, *shares)
    farthest = max(0.5, *(row["mean_levels"] for row in rows)) * 1.05
    shapes = []

    def place(share, levels):
        return LEFT + share / widest * WIDTH, TOP + HEIGHT - levels / farthest * HEIGHT

    def text(x, y, words, anchor="start", colour=INK, weight="normal"):
        shapes.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
                      f'font-weight="{weight}">{escape(words)}</text>')

    shapes.append(f'<rect x="{LEFT}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="{FAINT}"/>')
    title = "mean difference from the full result, grey levels, against evaluations left out"
    text(LEFT, TOP - 12, title, weight="bold")
    for tick in range(5):
        share, levels = widest * tick / 4, farthest * tick / 4
        text(place(share, 0)[0], TOP + HEIGHT + 16, f"{share:.0%}", anchor="middle", colour=FAINT)
        text(LEFT - 6, place(0, levels)[1] + 4, f"{levels:.1f}", anchor="end", colour=FAINT)
    for group, colour in zip(groups, COLOURS):
        own = [(row, share) for row, share in zip(rows, shares) if row["group"] == group]
        points = [(row, *place(share, row["mean_levels"])) for row, share in own]
        line = " ".join(f"{x:.1f},{y:.1f}" for _, x, y in points)
        shapes.append(f'<polyline points="{line}" fill="none" stroke="{colour}"/>')
        for row, x, y in points:
            shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>')
            text(x + 6, y - 5, row["name"].removeprefix(group + " "), colour=colour)
    for index, (group, colour) in enumerate(zip(groups, COLOURS)):
        text(LEFT + WIDTH + 70, TOP + 14 + 18 * index, group, colour=colour, weight="bold")
    settings = measured["settings"]
    size = f"{settings['width']}x{settings['height']}"
    words = [settings["model"], size, f"{settings['steps']} steps", settings["scheduler"]]
    text(LEFT, TOP + HEIGHT + 38, ", ".join([*words, f"{measured['rounds']} seed(s)"]), colour=FAINT)
    width, height = LEFT + WIDTH + 210, TOP + HEIGHT + 50
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            f'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n'
            + "\n".join(shapes) + "\n</svg>\n")


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        plot = svg(json.load(file))
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(plot)
