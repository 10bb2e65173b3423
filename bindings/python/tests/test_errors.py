"""What goes wrong, and stopping."""

import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from conftest import DEMO

import libdiffusion
from libdiffusion import Cancelled, CancelToken, InvalidArgument, Request, Status
from libdiffusion._abi import OPTIONS, REQUEST_SETTINGS

LONG = {"seed": 1, "steps": 1000}


def test_the_librarys_sentence_and_status(pipeline):
    with pytest.raises(InvalidArgument) as caught:
        pipeline.generate("a house", steps=5000)
    assert caught.value.status is Status.INVALID_ARGUMENT
    assert "steps" in str(caught.value) and "1000" in str(caught.value)
    with pytest.raises(ValueError, match="multiple"):
        pipeline.generate("a house", width=100)
    with pytest.raises(libdiffusion.Error) as caught:
        libdiffusion.Pipeline("no such 📁")
    assert caught.value.status is Status.IO and "no such 📁" in str(caught.value)
    with pytest.raises(InvalidArgument) as caught:
        Request("half a pair: \ud83c")
    assert caught.value.status is Status.INVALID_UTF8


def test_numbers_are_not_cut_off():
    for settings in ({"seed": -1}, {"seed": 2**64}, {"steps": 2**63}, {"steps": 0}, {"guidance": float("nan")}):
        with pytest.raises(InvalidArgument, match=next(iter(settings))):
            Request(**settings)
    Request(seed=np.uint64(2**64 - 1), steps=np.int32(4), guidance=np.float32(2))
    for settings in ({"steps": 2.5}, {"steps": "many"}, {"guidance": "much"}, {"prompt": 3}, {"hires_size": 5}):
        with pytest.raises((TypeError, ValueError)):
            Request(**settings)


def test_a_setting_that_is_none():
    with pytest.raises(TypeError, match="there is no setting 'stepps'"):
        Request("a house", stepps=3)
    Request("a house", steps=None, init_image=None)


EXAMPLES = {
    "class_name": "red house",
    "embeddings": {"x_T": np.zeros((1, 4), np.float32), "other": None},
    "edits": {"night": 0.5},
    "stage_steps": {"prior": 5},
    "stage_guidance": {"prior": 2},
    "stage_scheduler": {"prior": "ddim"},
    "stage_guide_scale": {"prior": 1.5},
    "stage_candidates": {"prior": 2},
    "condition_pictures": [("controlnet", np.zeros((8, 8), np.uint8)), ("adapter", np.zeros((8, 8), np.uint8), 0.5, 0, 0.5)],
    "pictures": {"like": np.zeros((8, 8), np.uint8)},
    "boxes": [("a cat", 0, 0, 0.5, 0.5)],
    "guidance_interval": (0, 0.5),
    "guidance_scales": [7, 6.5, 6],
    "guidance_points": ([0, 1], [7, 3]),
    "guidance_projection": (0, 15, -0.5),
    "guidance_threshold": (0.995, 1),
    "guidance_mimic_scale": (0.995, 1),
    "reuse": (0.1, 3, 1),
    "negative_schedule": (2, 0.5),
    "hires_size": (256, 256),
    "hires_upscale": "lanczos",
    "previews": ("linear", 2),
    "syntax": "webui",
    "safety": "flag",
    "scheduler": "DDIMScheduler",
    "sigmas": "karras",
    "custom_sigmas": [14.6, 7.0, 0.0],
    "custom_timesteps": [999, 500, 1],
    "seamless": "x",
    "rng": "numpy",
    "seed_mode": "one-per-picture",
    "variation": (3, 0.5),
    "format": "rgba8",
    "init_image": np.zeros((8, 8, 3), np.uint8),
    "mask_image": np.zeros((8, 8), np.uint8),
    "tiling": "auto",
    "provider": "cpu",
    "graph_providers": {"unet": "cpu"},
    "precision": "default",
    "fallback": "warn",
    "provider_options": {"openvino.device_type": "CPU"},
    "memory": "low",
    "condition_graphs": ["controlnet/model.onnx"],
    "use_user_cache": True,
    "ort_library": "/opt/onnxruntime",
    "cache_dir": "/tmp/cache",
}


def example(kinds):
    """A value for settings of one number or text, which all allow it."""
    (kind, name, _), *_ = kinds
    if len(kinds) == 2:
        return (64, 64)
    return {"text": "a text", "flag": True}.get(kind, 1)


@pytest.mark.parametrize("keyword", [k for k in REQUEST_SETTINGS if k not in ("init_result", "conditioning")])
def test_every_setting_reaches_its_setter(keyword):
    kinds = REQUEST_SETTINGS[keyword][1]
    value = EXAMPLES[keyword] if keyword in EXAMPLES and keyword != "embeddings" else None
    value = EXAMPLES["embeddings"] if keyword == "embeddings" else value
    Request(**{keyword: example(kinds) if value is None else value})


@pytest.mark.parametrize("keyword", list(OPTIONS))
def test_every_option_reaches_its_setter(keyword, tmp_path):
    special = {"embeddings": [("word.safetensors", "<word>"), "other.safetensors"], "cache_dir": tmp_path}
    value = special.get(keyword, EXAMPLES.get(keyword, None))
    libdiffusion.pipeline._options({keyword: example(OPTIONS[keyword][1]) if value is None else value})


def test_a_result_to_go_on_from(pipeline, house):
    again = pipeline.generate("a blue house", init_result=house, strength=0.5, seed=1, steps=2)
    assert again.image.width == 128


def test_requests_change_by_replacing():
    request = Request("a house", boxes=[("a cat", 0, 0, 1, 1)], steps=3)
    assert request.replace(steps=None, seed=4).settings == {"prompt": "a house", "boxes": [("a cat", 0, 0, 1, 1)],
                                                           "steps": None, "seed": 4}
    with pytest.raises(InvalidArgument, match="strength"):
        request.replace(strength=0.5).validate()
    assert "steps=3" in repr(request)


def test_false_stops_and_exceptions_come_out(pipeline):
    with pytest.raises(Cancelled) as caught:
        pipeline.generate("a house", progress=lambda p: p.step < 2, **LONG)
    assert caught.value.status is Status.CANCELLED

    def fail(_progress):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        pipeline.generate("a house", progress=fail, **LONG)
    with pytest.raises(Cancelled):
        libdiffusion.Pipeline(DEMO, progress=lambda _: False)
    assert pipeline.generate("a house", seed=1, steps=1).image.width == 128, "it stays usable"


def test_a_token_cancels_from_another_thread_and_before(pipeline):
    token = CancelToken()
    started = threading.Event()
    threading.Thread(target=lambda: (started.wait(), token.cancel())).start()
    with pytest.raises(Cancelled):
        pipeline.generate("a house", cancel=token, progress=lambda _: started.set(), **LONG)
    with pytest.raises(Cancelled):
        pipeline.generate("a house", cancel=token, **LONG)
    assert token.cancelled
    token.reset()
    pipeline.generate("a house", cancel=token, seed=1, steps=1)


def test_generating_in_a_callback_is_busy(pipeline):
    def again(_progress):
        pipeline.generate("a boat", seed=1, steps=1)

    with pytest.raises(libdiffusion.Busy):
        pipeline.generate("a house", progress=again, **LONG)


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_stops_between_steps(pipeline):
    timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        pipeline.generate("a house", **LONG)


def test_what_is_closed_says_so(house):
    pipeline = libdiffusion.Pipeline(DEMO)
    pipeline.close()
    pipeline.close()
    with pytest.raises(ValueError, match="closed"):
        pipeline.generate("a house")
    assert repr(pipeline) == "<Pipeline, closed>"


def test_other_threads_run_meanwhile_and_closing_is_safe():
    pipeline = libdiffusion.Pipeline(DEMO)
    begun = threading.Event()
    found = []
    thread = threading.Thread(
        target=lambda: found.append(pipeline.generate("a house", seed=1, steps=5, progress=lambda _: begun.set())))
    thread.start()
    assert begun.wait(60)
    pipeline.close()
    thread.join()
    assert found[0].image.array.std() > 10


def test_the_log(pipeline):
    records = []

    class Keep(logging.Handler):
        def emit(self, record):
            records.append(record)

    logger = logging.getLogger("test")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(Keep())
    libdiffusion.log_to(logger, libdiffusion.LogLevel.INFO)
    libdiffusion.Pipeline(DEMO).close()
    libdiffusion.log_to(None)
    count = len(records)
    assert count and all(record.levelno in (logging.INFO, logging.WARNING) for record in records)
    libdiffusion.Pipeline(DEMO).close()
    assert len(records) == count


def python(code, **environment):
    kept = {name: value for name, value in os.environ.items() if name not in ("LIBDIFFUSION_LIBRARY", "LD_LIBRARY_PATH")}
    return subprocess.run([sys.executable, "-c", code], env={**kept, **environment}, capture_output=True, text=True)


def test_finding_the_library(tmp_path):
    path = libdiffusion.load()
    assert libdiffusion.load(path) == path, "the same again is no error"
    with pytest.raises(libdiffusion.LibraryError, match="is loaded already"):
        libdiffusion.load(tmp_path)
    show = "import libdiffusion; print(libdiffusion.load(), libdiffusion.version())"
    assert libdiffusion.version() in python(show, LIBDIFFUSION_LIBRARY=path).stdout
    assert path in python(show, LIBDIFFUSION_LIBRARY=os.path.dirname(path)).stdout
    assert path in python(f"import libdiffusion; print(libdiffusion.load({path!r}))").stdout
    missing = python(show).stderr
    assert "libdiffusion was not found" in missing and "LIBDIFFUSION_LIBRARY" in missing
    assert "there is no file" in python(show, LIBDIFFUSION_LIBRARY=str(tmp_path / "none.so")).stderr
    (tmp_path / "libdiffusion.so").write_bytes(b"nonsense")
    assert "cannot be loaded" in python(show, LIBDIFFUSION_LIBRARY=str(tmp_path / "libdiffusion.so")).stderr
    if sys.platform == "linux":
        assert libdiffusion.version() in python(show, LD_LIBRARY_PATH=os.path.dirname(path)).stdout


def test_nothing_is_left_behind(pipeline):
    """Objects that nobody has any more are given back, in any order and on any thread."""
    for _ in range(50):
        request = Request("a house", init_image=np.zeros((64, 64, 3), np.uint8))
        cycle = [request, CancelToken()]
        cycle.append(cycle)
    threading.Thread(target=gc.collect).start()
    time.sleep(0.1)
    gc.collect()
