"""From the report of a run to figures, from many runs to medians and spread, from two sides to ratios."""

import statistics

# Name, unit, what it is. The order is that of every table.
FIGURES = [
    ("open (cold)", "ms", "opening the folder in the first round, with nothing in a cache of the side's own"),
    ("open", "ms", "opening the folder in every later round"),
    ("text", "ms", "tokenizing and text encoding"),
    ("first step", "ms", "the first denoiser evaluation with everything around it"),
    ("step", "ms", "the median of the others"),
    ("decode", "ms", "latents to pixels"),
    ("generate", "ms", "the whole picture once the model is open"),
    ("total", "ms", "opening and generating"),
    ("outside graphs", "%", "the part of the loop that is not spent inside the runtime"),
    ("peak memory", "MB", "the most memory the process ever had resident, by the system's account of its children"),
    ("device memory", "MB", "the most memory in use on the GPU, less what was in use before"),
]
UNITS = {name: unit for name, unit, _ in FIGURES}


def of_run(report, cold):
    """The figures of one run; what it did not report is left out. `cold`: nothing was in the side's cache yet."""
    timings = report.get("timings", {})
    steps = timings.get("denoise", [])
    made = {}
    if "open" in timings:
        made["open (cold)" if cold else "open"] = timings["open"]
        if "total" in timings:
            made["generate"] = timings["total"] - timings["open"]
    if steps:
        made["first step"] = steps[0]
        made["step"] = statistics.median(steps[1:] or steps)
    inside = report.get("generation", {}).get("denoise_in_graphs")
    if inside and steps:
        made["outside graphs"] = 100 * max(0.0, 1 - inside / sum(steps))
    for name in ("text", "decode", "total"):
        if name in timings:
            made[name] = timings[name]
    for name in ("peak memory", "device memory"):
        value = report.get(name.replace(" ", "_") + "_bytes")
        if value:
            made[name] = value / 1e6
    return made


def of_side(reports):
    """{figure: {"median", "min", "max", "values"}} of a side's runs, in the order of the rounds."""
    runs = [of_run(report, cold=index == 0) for index, report in enumerate(reports)]
    made = {}
    for name in UNITS:
        values = [run[name] for run in runs if name in run]
        if values:
            made[name] = {
                "median": statistics.median(values), "min": min(values), "max": max(values), "values": values}
    return made


def ratios(ours, theirs):
    """{figure: ours / theirs} of medians, where both have the figure and a share of it can be had."""
    return {
        name: ours[name]["median"] / theirs[name]["median"]
        for name in UNITS
        if name in ours and name in theirs and theirs[name]["median"] > 0
    }
