"""Draws the cases of bindings/conformance.json; see bindings/conformance.py."""

import hashlib
import sys

import libdiffusion

with libdiffusion.Pipeline(sys.argv[1]) as pipeline, open(sys.argv[2], encoding="utf-8") as cases:
    for line in cases:
        name, prompt, negative, seed, steps, width, height, guidance, scheduler = line.rstrip("\n").split("\t")
        image = pipeline.generate(
            prompt, negative_prompt=negative, seed=int(seed), steps=int(steps), width=int(width), height=int(height),
            guidance=float(guidance), scheduler=scheduler).image
        print(name, hashlib.sha256(image.array.tobytes()).hexdigest())
