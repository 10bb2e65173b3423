"""Guidance rules by diffusers' guiders, on random predictions of three steps: tests/golden/guidance.json.

`shape` is that of one prediction, `[pictures, ...]`. All cases use the same random predictions, `predictions[step] =
{"positive", "negative"}`, flattened; `expected` is the guided prediction of each step. `thresholds` holds
DDIMScheduler._threshold_sample of `sample`, by percentile.
"""

import json
from pathlib import Path

import torch
from diffusers import DDIMScheduler
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
    }
    lines = json.dumps(golden).replace('{"name"', '\n{"name"').replace('{"positive"', '\n{"positive"')
    lines = lines.replace('{"percentile"', '\n{"percentile"')
    Path(__file__).with_name("guidance.json").write_text(lines + "\n")


if __name__ == "__main__":
    main()
