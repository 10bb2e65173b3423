"""stable-diffusion.cpp as a side: its command line, and its log as a report.

It has its own noise and its own samplers, so its picture is another one; a step costs the same whatever the sampler.
"""

import re

SAMPLERS = {
    "euler": "euler", "euler_ancestral": "euler_a", "heun": "heun", "dpm2": "dpm2", "dpmpp_2m": "dpm++2m", "lms": "lms",
}
TAKES = {  # figure: the log lines that say it, the first that is there
    "open": [r"loading tensors completed, taking", r"loading model from .* completed, taking"],
    "text": [r"get_learned_condition completed, taking"],
    "decode": [r"decode_first_stage completed, taking"],
    "generate": [r"generate_image completed in", r"txt2img completed in"],
}
NUMBER = r"\s*([0-9.]+)\s*(ms|s)\b"
STEP = re.compile(r"(\d+)/(\d+) - ([0-9.]+)(s/it|it/s)")


def command(binary, model, settings, output):
    made = [binary, "-m", model, "-p", settings.prompt, "-o", output, "--steps", settings.steps,
            "--cfg-scale", settings.guidance, "-s", settings.seed,
            "--sampling-method", SAMPLERS.get(settings.scheduler, "euler")]
    if settings.threads:
        made += ["-t", settings.threads]
    for flag, value in (("-W", settings.width), ("-H", settings.height)):
        if value:
            made += [flag, value]
    return made


def milliseconds(value, unit):
    return float(value) * (1 if unit == "ms" else 1e3)


def report(text):
    """The log as a report of the shape of `diffusion generate --json`. Raises ValueError where it says no steps."""
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text).replace("\r", "\n")
    found = {}
    for name, patterns in TAKES.items():
        for pattern in patterns:
            matches = re.findall(pattern + NUMBER, text)
            if matches:
                found[name] = milliseconds(*matches[-1])
                break
    # Loading and tiled decoding print the same kind of bar; only the one between these two lines is the loop.
    loop = text.partition("generating image")[2].partition("sampling completed")[0]
    steps = {}
    for index, _, value, unit in STEP.findall(loop):
        seconds = float(value) if unit == "s/it" else 1 / float(value)
        steps[int(index)] = seconds * 1e3
    if not steps:
        raise ValueError("its log tells of no step")
    timings = {"denoise": [steps[i] for i in sorted(steps)]}
    timings.update((k, found[k]) for k in ("open", "text", "decode") if k in found)
    if "open" in found and "generate" in found:
        timings["total"] = found["open"] + found["generate"]
    return {"timings": timings}
