"""Guidance rules by diffusers' guiders, on random predictions of three steps: tests/golden/guidance.json.

`shape` is that of one prediction, `[pictures, ...]`. All cases use the same random predictions, `predictions[step] =
{"positive", "negative"}`, flattened; `expected` is the guided prediction of each step. `thresholds` holds
DDIMScheduler._threshold_sample of `sample`, by percentile. `plus_plus` holds whole loops of CFG++ in sigma space, written
here in float64 from the paper (Chung et al. 2024, arXiv:2406.08070, algorithm 2: Tweedie's x0 of the guided prediction,
renoised by the negative one) and from the ancestral step of Song et al. 2020, arXiv:2010.02502, in sigma space: from
`sample` times the first of `sigmas`, with the noise of torch's generator and the predictions above, `latents` after each
step.
"""

import json
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, EulerAncestralDiscreteScheduler, EulerDiscreteScheduler
from diffusers.guiders import AdaptiveProjectedGuidance, ClassifierFreeGuidance, ClassifierFreeZeroStarGuidance
from diffusers.guiders.adaptive_projected_guidance import MomentumBuffer

SHAPE = [2, 3, 4, 5]
STEPS = 3


def numbers(tensor):
    return [float(f"{value:.9g}") for value in tensor.flatten().tolist()]


def guided(guider, predictions):
    """What the guider makes of each step's predictions."""
    results = []
    for step, (positive, negative) in enumerate(predictions):
        guider.set_state(step=step, num_inference_steps=STEPS, timestep=torch.tensor(999 - step))
        if step == 0 and isinstance(guider, AdaptiveProjectedGuidance):
            # prepare_inputs makes the buffer, and wants a pipeline's state besides.
            momentum = guider.adaptive_projected_guidance_momentum
            guider.momentum_buffer = None if momentum is None else MomentumBuffer(momentum)
        result = guider.forward(positive, negative)
        results.append(numbers(result[0] if isinstance(result, tuple) else result))
    return results


def clean(kind, x, sigma, output):
    """x0 of what the network says of x / sqrt(1 + sigma^2)."""
    if kind == "epsilon":
        return x - sigma * output
    # v = alpha eps - s x0 with alpha = 1 / sqrt(1 + sigma^2), s = sigma alpha, of the sample alpha x = alpha x0 + s eps.
    alpha = 1 / np.sqrt(1 + sigma**2)
    return alpha * (alpha * x) - sigma * alpha * output


def plus_plus(ancestral, kind, weight, predictions, sample, seed):
    """A whole loop of CFG++; only the noise levels are diffusers'."""
    classes = {True: EulerAncestralDiscreteScheduler, False: EulerDiscreteScheduler}
    scheduler = classes[ancestral](prediction_type=kind)
    scheduler.set_timesteps(STEPS)
    sigmas = [float(sigma) for sigma in scheduler.sigmas]
    noises = torch.Generator().manual_seed(seed)
    x = sample.double().numpy() * sigmas[0]
    latents = []
    for (positive, negative), now, then in zip(predictions, sigmas, sigmas[1:]):
        positive, negative = positive.double().numpy(), negative.double().numpy()
        guided = clean(kind, x, now, negative + weight * (positive - negative))
        direction = (x - clean(kind, x, now, negative)) / now
        fresh = np.sqrt(then**2 * (now**2 - then**2) / now**2) if ancestral else 0.0
        x = guided + np.sqrt(then**2 - fresh**2) * direction
        if ancestral:
            x = x + fresh * torch.randn(SHAPE, generator=noises).double().numpy()
        latents.append([float(f"{value:.9g}") for value in x.flatten()])
    name = "euler_ancestral" if ancestral else "euler"
    return {"scheduler": name, "prediction": kind, "lambda": weight, "seed": seed, "sigmas": sigmas, "latents": latents}


def main():
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(7)

    def draw():
        return torch.randn(SHAPE, generator=generator)

    predictions = []
    for _ in range(STEPS):
        negative = draw()
        predictions.append((negative + 0.5 * draw(), negative))
    cases = []

    def case(name, guider, **rules):
        cases.append({"name": name, "scale": guider.guidance_scale, **rules, "expected": guided(guider, predictions)})

    case("plain", ClassifierFreeGuidance(guidance_scale=7.5))
    for phi in (0.3, 0.7, 1.0):
        case(f"rescale_{phi}", ClassifierFreeGuidance(guidance_scale=7.5, guidance_rescale=phi), rescale=phi)
    case("interval", ClassifierFreeGuidance(guidance_scale=5.0, start=0.34, stop=0.67), interval=[0.34, 0.67])
    projections = ((1.0, 0.0, None), (0.0, 0.0, None), (0.5, 2.0, None), (0.0, 3.0, -0.5), (1.0, 15.0, -0.75))
    for eta, threshold, momentum in projections:
        case(
            f"projection_{eta}_{threshold}_{momentum}",
            AdaptiveProjectedGuidance(
                guidance_scale=6.0,
                adaptive_projected_guidance_momentum=momentum,
                adaptive_projected_guidance_rescale=threshold,
                eta=eta,
            ),
            projection=[eta, threshold, momentum or 0.0],
        )
    case(
        "projection_rescaled",
        AdaptiveProjectedGuidance(
            guidance_scale=6.0, adaptive_projected_guidance_rescale=3.0, eta=0.2, guidance_rescale=0.6
        ),
        projection=[0.2, 3.0, 0.0],
        rescale=0.6,
    )
    case("zero_star", ClassifierFreeZeroStarGuidance(guidance_scale=4.0, zero_init_steps=0), zero_star=0)
    case("zero_star_1", ClassifierFreeZeroStarGuidance(guidance_scale=4.0, zero_init_steps=1), zero_star=1)
    case(
        "zero_star_rescaled",
        ClassifierFreeZeroStarGuidance(guidance_scale=4.0, zero_init_steps=0, guidance_rescale=0.5),
        zero_star=0,
        rescale=0.5,
    )

    sample = 3 * draw()
    thresholds = []
    for percentile in (0.9, 0.995, 1.0):
        scheduler = DDIMScheduler(thresholding=True, dynamic_thresholding_ratio=percentile, sample_max_value=1e9)
        thresholds.append({"percentile": percentile, "expected": numbers(scheduler._threshold_sample(sample))})

    golden = {
        "about": "diffusers 0.35.2, torch 2.8.0; see make_guidance.py",
        "shape": SHAPE,
        "predictions": [{"positive": numbers(p), "negative": numbers(n)} for p, n in predictions],
        "cases": cases,
        "sample": numbers(sample),
        "thresholds": thresholds,
        "plus_plus": [
            plus_plus(ancestral, kind, weight, predictions, sample, seed=11)
            for ancestral, kind, weight in [
                (True, "epsilon", 0.6), (True, "v_prediction", 0.3), (True, "epsilon", 0.0), (False, "epsilon", 0.6),
                (False, "v_prediction", 1.0),
            ]
        ],
    }
    lines = json.dumps(golden).replace('{"name"', '\n{"name"').replace('{"positive"', '\n{"positive"')
    lines = lines.replace('{"percentile"', '\n{"percentile"').replace('{"scheduler"', '\n{"scheduler"')
    Path(__file__).with_name("guidance.json").write_text(lines + "\n")


if __name__ == "__main__":
    main()
