"""Text in, picture out: python hello.py MODEL_FOLDER PROMPT FILE.png"""

import sys

import libdiffusion


def show(progress):
    print(f"{progress.phase_name} {progress.step}/{progress.steps}", file=sys.stderr)


if len(sys.argv) != 4:
    sys.exit(__doc__)
folder, prompt, file = sys.argv[1:]
try:
    with libdiffusion.Pipeline(folder) as pipeline:
        result = pipeline.generate(prompt, seed=42, progress=show)
        result.image.save(file)
except libdiffusion.Error as error:
    sys.exit(str(error))
print(f"{file}: {result.image.width} x {result.image.height} pixels")
