"""Models whose files lie in memory."""

import asyncio
import gc
import mmap
import time
import weakref

import numpy as np
import pytest
from conftest import DEMO
from test_errors import python

import libdiffusion
from libdiffusion import Cancelled, InvalidArgument
from libdiffusion._library import lent

QUICK = {"seed": 2, "steps": 2, "width": 64, "height": 64}


class Kept(bytearray):
    """Bytes of which one can see whether anybody has them."""


def read(kind=Kept):
    files = {file.relative_to(DEMO).as_posix(): file.read_bytes() for file in DEMO.rglob("*") if file.is_file()}
    return {name: kind(data) for name, data in files.items()}


def watched(files):
    """The large ones, which are lent."""
    found = [weakref.ref(data) for data in files.values() if len(data) >= 65536]
    assert len(found) > 2
    return found


def gone(references):
    gc.collect()
    return [one() for one in references if one() is not None] == [] and not lent


def will_be_gone(references):
    # What does not stop within a moment is left, and lets go of them at its end.
    until = time.monotonic() + 60
    while not gone(references) and time.monotonic() < until:
        time.sleep(0.01)
    return gone(references)


@pytest.fixture(scope="module")
def expected(pipeline):
    return pipeline.generate("a red house", **QUICK).image.array


def draws(opened, expected):
    return (opened.generate("a red house", **QUICK).image.array == expected).all()


def test_they_draw_what_the_folder_draws_and_are_let_go_of(expected):
    files = read()
    references, seen = watched(files), []
    with libdiffusion.Pipeline.open_files(files, progress=seen.append, provider="cpu") as opened:
        assert seen and "memory:" in str(opened.info)
        del files
        gc.collect()
        assert all(one() is not None for one in references) and len(lent) == len(references), "lent, not copied"
        assert draws(opened, expected)
    assert gone(references)


def test_buffers_of_every_kind(expected, tmp_path):
    files = read(bytes)
    names = sorted(files, key=lambda name: -len(files[name]))
    file = tmp_path / "weights"
    file.write_bytes(files[names[0]])
    with open(file, "rb") as opened:
        mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    files[names[0]] = mapped
    files[names[1]] = memoryview(b"." + files[names[1]])[1:]
    files[names[2]] = np.frombuffer(files[names[2]], np.uint8)
    files["empty"] = b""
    pipeline = libdiffusion.Pipeline.open_files(files)
    assert draws(pipeline, expected)
    del files
    with pytest.raises(BufferError):
        mapped.close()
    pipeline.close()
    mapped.close()
    assert not lent


def test_as_a_job(expected):
    files = read()
    references = watched(files)
    job = libdiffusion.Pipeline.start_open_files(files, threads=1)
    del files
    with job.result() as opened:
        drawing = opened.start("a red house", **QUICK)
    assert (drawing.result().image.array == expected).all(), "what goes on keeps what it needs"
    del job, opened, drawing
    assert gone(references)

    async def open_it():
        with await libdiffusion.Pipeline.start_open_files(read(bytes)) as opened:
            return draws(opened, expected)

    assert asyncio.run(open_it()) and gone([])


def test_what_is_refused_is_let_go_of():
    for name in ("", "/a", "../a", "unet\\model.onnx", "a\0b", "unet/model.onnx/a"):
        files = {**read(), name: Kept(100000)}
        references = watched(files)
        with pytest.raises(InvalidArgument, match="model file"):
            libdiffusion.Pipeline.open_files(files)
        del files
        assert gone(references), name
    with pytest.raises(libdiffusion.BadModel):
        libdiffusion.Pipeline.open_files({})
    job = libdiffusion.Pipeline.start_open_files({"model_index.json": b"{"})
    with pytest.raises(libdiffusion.BadModel):
        job.result()
    with pytest.raises(TypeError, match="bytes-like"):
        libdiffusion.Pipeline.open_files({"a": "text"})
    with pytest.raises(TypeError, match="a mapping"):
        libdiffusion.Pipeline.open_files([b"a"])
    with pytest.raises(TypeError, match="contiguous"):
        libdiffusion.Pipeline.open_files({"a": memoryview(bytes(200000))[::2]})
    with pytest.raises(TypeError, match="there is no setting"):
        libdiffusion.Pipeline.open_files(read(), thread=1)
    files = read()
    references = watched(files)
    with pytest.raises(Cancelled):
        libdiffusion.Pipeline.open_files(files, progress=lambda _: False)
    del files
    assert will_be_gone(references)


@pytest.mark.parametrize("end", ["", "del pipeline", "job.cancel(); del job, pipeline", "opening = Pipeline.start_open_files(files)"])
def test_a_program_may_end_at_any_time(end):
    code = f"""
import pathlib, libdiffusion
from libdiffusion import Pipeline
libdiffusion.load({libdiffusion.load()!r})
folder = pathlib.Path({str(DEMO)!r})
files = {{file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}}
pipeline = Pipeline.open_files(files)
job = pipeline.start("a house", seed=1, steps=1000)
while job.progress is None:
    job.wait(0.01)
{end}
print("ended")
"""
    done = python(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")
