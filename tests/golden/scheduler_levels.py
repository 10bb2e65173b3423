"""Schedules that no field of scheduler_config.json names: listed levels, and sgm_uniform, simple and ays.

`level_cases()` is {scheduler: (class, [(config, steps, first step, step kwargs, set_timesteps kwargs)])} as in
scheduler_cases.py's `begun_cases`. Of the latter kwargs "timesteps" and "sigmas" are diffusers' own, in place of the
steps. "schedule" is ours: `set_levels` says what diffusers is given for each name.
"""

import numpy as np
import torch
from diffusers import EulerDiscreteScheduler
from diffusers.schedulers import AysSchedules
from scheduler_cases import KARRAS, LEADING, SD, SD1, TRAILING, V, X0, ZERO_SNR

NAMES = ("sgm_uniform", "simple", "ays", "ays_xl")
AYS = {"ays": "StableDiffusion", "ays_xl": "StableDiffusionXL"}


def sigmas_of(name, table, steps):
    """The levels of a schedule without the end, from the ascending table of trained sigmas."""
    table = np.asarray(table, dtype=np.float64)
    if name == "sgm_uniform":  # ComfyUI's normal_scheduler(sgm=True): log-linear between trained levels
        timesteps = np.linspace(len(table) - 1, 0, steps + 1)[:-1]
        return np.exp(np.interp(timesteps, np.arange(len(table)), np.log(table)))
    if name == "simple":  # ComfyUI's simple_scheduler
        return np.array([table[-(1 + int(x * (len(table) / steps)))] for x in range(steps)])
    # The page of Align Your Steps: log-linear over ten levels and 0.029, whose place the end takes.
    known = [*AysSchedules[f"{AYS[name]}Sigmas"][:-1], 0.029]
    if steps == 10:
        return np.array(known[:-1])
    places = np.linspace(0, 1, steps + 1)[:-1]
    return np.exp(np.interp(places, np.linspace(0, 1, len(known)), np.log(known)))


def timesteps_of(name, scheduler, steps):
    """The same for classes that step from one trained timestep to another."""
    train = scheduler.config.num_train_timesteps
    if name == "sgm_uniform":
        return np.linspace(train - 1, 0, steps + 1)[:-1].round().astype(int).tolist()
    if name == "simple":
        return [train - 1 - int(x * (train / steps)) for x in range(steps)]
    if steps == 10:
        return AysSchedules[f"{AYS[name]}Timesteps"]
    table = (((1 - scheduler.alphas_cumprod) / scheduler.alphas_cumprod) ** 0.5).numpy()
    finder = EulerDiscreteScheduler()
    return [int(finder._sigma_to_t(sigma, np.log(table)).round()) for sigma in sigmas_of(name, table, steps)]


def set_levels(scheduler, name, steps, **kwargs):
    """Gives `scheduler` the levels of a schedule, through its own `set_timesteps` where the class has an argument."""
    cls = type(scheduler).__name__
    if cls.startswith("FlowMatch"):
        train = scheduler.config.num_train_timesteps
        if name == "sgm_uniform":
            levels = np.linspace(scheduler.sigma_max, scheduler.sigma_min, steps + 1)[:-1]
        else:
            levels = np.array([(train - int(x * (train / steps))) / train for x in range(steps)])
        return scheduler.set_timesteps(sigmas=levels.tolist(), **kwargs)
    if cls in ("DDPMScheduler", "LCMScheduler", "TCDScheduler"):
        return scheduler.set_timesteps(timesteps=timesteps_of(name, scheduler, steps), **kwargs)
    table = (((1 - scheduler.alphas_cumprod) / scheduler.alphas_cumprod) ** 0.5).numpy()
    levels = sigmas_of(name, table, steps)
    keep_last = scheduler.config.get("final_sigmas_type") == "sigma_min"
    if cls == "EulerDiscreteScheduler":
        return scheduler.set_timesteps(sigmas=[*levels, table[0] if keep_last else 0.0])
    if cls == "EulerAncestralDiscreteScheduler":  # no argument, and no spread to put levels in place of
        finder = EulerDiscreteScheduler.from_config(scheduler.config)
        finder.set_timesteps(sigmas=[*levels, 0.0])
        scheduler.set_timesteps(steps)
        scheduler.sigmas, scheduler.timesteps = finder.sigmas, finder.timesteps
        return None
    # The class makes of these levels what it makes of Karras ones (whose timesteps the multistep classes round) or of
    # exponential ones (whose timesteps stay fractional).
    multistep = "Multistep" in cls or "Singlestep" in cls or cls == "SASolverScheduler"
    spread = "karras" if multistep else "exponential"
    scheduler.register_to_config(**{f"use_{spread}_sigmas": True})
    setattr(scheduler, f"_convert_to_{spread}", lambda in_sigmas, num_inference_steps=None: levels)
    scheduler.set_timesteps(steps, **kwargs)
    if multistep and name == "sgm_uniform":
        # As they are meant: on the way through sigmas, 499.5 becomes a little less and is rounded to another number.
        scheduler.timesteps = torch.tensor(timesteps_of(name, scheduler, steps))
    if cls in ("DEISMultistepScheduler", "SASolverScheduler") or keep_last:
        # Not the last level once more, which leaves its noise in the picture, but the cleanest trained one.
        scheduler.sigmas[-1] = torch.tensor(table[0])
    return None


def level_cases():
    def named(config, *counts, names=NAMES, step_kwargs=None, set_kwargs=None):
        return [
            (config, steps, begin, step_kwargs or {}, {"schedule": name, **(set_kwargs or {})})
            for name in names
            for steps, begin in counts
        ]

    def listed(config, what, values, begin=0, step_kwargs=None, **set_kwargs):
        steps = len(values) - (what == "sigmas" and "shift" not in config and "use_dynamic_shifting" not in config)
        return (config, steps, begin, step_kwargs or {}, {what: values, **set_kwargs})

    spaced = ((10, 0), (7, 0), (20, 8))
    fractional = [999.0, 812.5, 600.25, 431.0, 120.75, 3.5]
    whole = [999, 850, 736, 645, 545, 455, 343, 233, 124, 24]
    few = [999, 759, 499, 259]
    noclip = {**SD1, "clip_sample": False}
    end = {"final_sigmas_type": "sigma_min"}
    seed = {"noise_sampler_seed": 5}
    plus = {"algorithm_type": "sde-dpmsolver++"}
    dynamic = {"use_dynamic_shifting": True}
    flow_levels = [1.0, 0.85, 0.6, 0.31, 0.05]
    flow = [
        *named({"shift": 3.0}, *spaced, names=NAMES[:2]),
        *named({"shift": 3.0, **dynamic}, (8, 0), names=NAMES[:2], set_kwargs={"mu": 1.1}),
        listed({"shift": 3.0}, "sigmas", flow_levels),
        listed({"shift": 1.0}, "sigmas", flow_levels, 2),
        listed({"shift": 3.0}, "timesteps", [1000.0, 760.5, 410.0, 30.25]),
        listed({"shift": 3.0, **KARRAS}, "sigmas", flow_levels),
        listed({**dynamic}, "sigmas", flow_levels, mu=0.9),
        listed({"shift": 2.0, "shift_terminal": 0.1}, "timesteps", [900.0, 500.0, 100.0]),
        listed({"shift": 2.0, "invert_sigmas": True}, "timesteps", [900.0, 500.0, 100.0]),
        listed({"shift": 2.0}, "sigmas", [0.7]),
    ]
    return {
        "euler": (
            "EulerDiscreteScheduler",
            [
                *named(SD, *spaced),
                *named({**SD1, **LEADING, **KARRAS}, (6, 0)),
                *named({**SD, **V, **end}, (6, 0), names=("ays",)),
                listed(SD, "sigmas", AysSchedules["StableDiffusionSigmas"]),
                listed(SD, "sigmas", AysSchedules["StableDiffusionXLSigmas"], 4),
                listed({**SD, **KARRAS}, "sigmas", [20.0, 9.5, 3.25, 0.5, 0.01]),
                listed({**SD, **V, "timestep_type": "continuous"}, "sigmas", [12.0, 3.0, 0.7, 0.0]),
                listed(SD, "sigmas", [5.0, 0.0]),
                listed(SD, "timesteps", whole),
                listed({**SD1, **LEADING}, "timesteps", fractional, 2),
                listed({**SD, "interpolation_type": "log_linear"}, "timesteps", fractional),
                listed({**SD, **V, **TRAILING, **ZERO_SNR}, "timesteps", [900, 500, 100]),
            ],
        ),
        "euler_ancestral": ("EulerAncestralDiscreteScheduler", named(SD, *spaced)),
        "heun": (
            "HeunDiscreteScheduler",
            [*named(SD, *spaced), listed(SD, "timesteps", fractional), listed({**SD1, **X0}, "timesteps", whole, 3)],
        ),
        "lms": ("LMSDiscreteScheduler", named(SD, *spaced)),
        "dpm2": ("KDPM2DiscreteScheduler", named(SD, *spaced)),
        "dpm2_ancestral": ("KDPM2AncestralDiscreteScheduler", named(SD, *spaced)),
        "dpmpp_sde": ("DPMSolverSDEScheduler", named({**SD, **seed}, (10, 0), (7, 3))),
        "dpmpp_2m": (
            "DPMSolverMultistepScheduler",
            [
                *named(SD, *spaced),
                *named({**SD, **end, "solver_order": 3}, (16, 0)),
                listed(SD, "timesteps", whole),
                listed({**SD, "lambda_min_clipped": -1.0}, "timesteps", few, 1),
                listed({**SD, **end}, "timesteps", AysSchedules["StableDiffusionXLTimesteps"]),
            ],
        ),
        "dpmpp_2m_sde": (
            "DPMSolverMultistepScheduler",
            [*named({**SD, **plus}, (10, 0), (7, 0)), listed({**SD, **plus}, "timesteps", whole)],
        ),
        "dpmpp_2s": (
            "DPMSolverSinglestepScheduler",
            [*named(SD, *spaced[:2]), listed(SD, "timesteps", whole), listed({**SD, **end}, "timesteps", few)],
        ),
        "unipc": ("UniPCMultistepScheduler", [*named(SD, *spaced), *named({**SD, **end}, (8, 0))]),
        "deis": ("DEISMultistepScheduler", named(SD, *spaced)),
        "sa_solver": ("SASolverScheduler", named(SD, *spaced)),
        "ddpm": (
            "DDPMScheduler",
            [*named(noclip, *spaced), listed(noclip, "timesteps", whole), listed(noclip, "timesteps", few, 1)],
        ),
        "lcm": (
            "LCMScheduler",
            [*named(SD1, (4, 0), (10, 0), (7, 2)), listed(SD1, "timesteps", few), listed({}, "timesteps", [700])],
        ),
        "tcd": (
            "TCDScheduler",
            [
                *named(SD1, (4, 0), (10, 0), (7, 2), step_kwargs={"eta": 0.3}),
                listed(SD1, "timesteps", few, step_kwargs={"eta": 0.3}),
                listed(SD1, "timesteps", whole, 1, step_kwargs={"eta": 0.0}),
            ],
        ),
        "flow_euler": ("FlowMatchEulerDiscreteScheduler", flow),
        "flow_lcm": ("FlowMatchLCMScheduler", flow),
    }
