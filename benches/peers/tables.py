"""The comparison as Markdown. Takes the object that compare.py writes as JSON."""

from figures import UNITS


def number(value, unit):
    if unit == "%":
        return f"{value:.3f}" if value < 1 else f"{value:.1f}"
    return f"{value:.0f}" if value >= 1000 else f"{value:.1f}"


def row(cells):
    return "| " + " | ".join(cells) + " |"


def grid(head, rows):
    return "\n".join([row(head), row(["---"] * len(head)), *map(row, rows)])


def used_figures(sides):
    return [name for name in UNITS if any(name in side["figures"] for side in sides.values())]


def medians(sides):
    """One row a side: median, and the smallest and the largest where there was more than one run."""
    names = used_figures(sides)
    rows = []
    for side, data in sides.items():
        cells = [side]
        for name in names:
            figure = data["figures"].get(name)
            if figure is None:
                cells.append("–")
                continue
            low, middle, high = (number(figure[key], UNITS[name]) for key in ("min", "median", "max"))
            cells.append(middle if len(figure["values"]) == 1 else f"{middle} ({low}..{high})")
        rows.append(cells)
    return grid(["", *(f"{name}, {UNITS[name]}" for name in names)], rows)


def ratio_rows(result):
    names = [name for name in used_figures(result["sides"]) if name != "outside graphs"]
    rows = [
        [f"{ours} / {theirs}", *(f"{given[name]:.3f}" if name in given else "–" for name in names)]
        for ours, peers in result["ratios"].items()
        for theirs, given in peers.items()
    ]
    return names, rows


def pictures(sides):
    rows = []
    for side, data in sides.items():
        picture = data.get("picture")
        if picture is None:
            continue
        if "note" in picture:
            rows.append([side, picture["note"], "", ""])
            continue
        psnr = "∞" if picture["psnr"] is None else f"{picture['psnr']:.1f}"
        rows.append([side, str(picture["max"]), f"{picture['within_one']:.2f}", psnr])
    return grid(["", "most grey levels apart", "% within one", "PSNR, dB"], rows)


def header(result):
    settings, machine = result["settings"], result["machine"]
    size = f"{settings['width']}x{settings['height']}, " if settings.get("width") else ""
    lines = [
        f"{settings['model']}: {size}{settings['steps']} steps, guidance {settings['guidance']}, seed "
        f"{settings['seed']}, {settings['threads'] or 'all'} thread(s), {settings['rounds']} round(s) in turns.",
        f"{machine['date']}, commit {machine['commit']}; {machine['cpu']}, {machine['cores']} core(s) used, "
        f"{machine['memory_gb']:.0f} GB, {machine['system']}"
        + (f"; {machine['gpu']}" if machine.get("gpu") else "") + ".",
        "Versions: " + ", ".join(f"{name} {version}" for name, version in sorted(machine["versions"].items())) + ".",
    ]
    return "\n".join(lines)


def markdown(result):
    parts = [header(result), "Medians (smallest..largest):", medians(result["sides"])]
    names, rows = ratio_rows(result)
    if rows:
        parts += ["Ratios of medians, smaller is better for the first:", grid(["", *names], rows)]
    if result.get("reference") and len(result["sides"]) > 1:
        parts += [f"Pictures of the first round beside that of {result['reference']}:", pictures(result["sides"])]
    imports = {s: d["import_ms"] for s, d in result["sides"].items() if d.get("import_ms")}
    if imports:
        said = ", ".join(f"{side} {value / 1e3:.1f} s" for side, value in imports.items())
        parts.append(f"Python's imports are in no figure but memory: {said}.")
    parts += [f"{side}: {data['note']}" for side, data in result["sides"].items() if data.get("note")]
    return "\n\n".join(parts) + "\n"
