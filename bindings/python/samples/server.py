"""Pictures for many clients without a thread for each: an asyncio program that draws while it does something else.

python server.py MODEL_FOLDER PROMPT...      one picture a prompt, queued on one model, saved as 0.png, 1.png ...
"""

import asyncio
import sys

import libdiffusion


async def draw(pipeline, number, prompt):
    job = pipeline.start(prompt, seed=number, previews="linear")
    result = await job  # where this task is cancelled, so is the job
    result.image.save(f"{number}.png")
    return f"{number}.png: {prompt} ({job.elapsed:.1f} s)"


async def heartbeat():
    while True:
        print(".", end="", file=sys.stderr, flush=True)
        await asyncio.sleep(0.1)


async def main(folder, prompts):
    beating = asyncio.create_task(heartbeat())
    pipeline = await libdiffusion.Pipeline.start_open(folder)
    for line in await asyncio.gather(*(draw(pipeline, number, prompt) for number, prompt in enumerate(prompts))):
        print(line)
    beating.cancel()


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
