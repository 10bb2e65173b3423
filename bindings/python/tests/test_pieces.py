"""The pieces of a generation: prompts that are read once, latents in and out, a loop of one's own, an estimate."""

import gc
import threading
import weakref

import numpy as np
import pytest
from conftest import DEMO
from test_errors import python

import libdiffusion
from libdiffusion import Busy, Cancelled, CancelToken, Embedding, InvalidArgument, PixelFormat, Request, Unsupported

QUICK = {"seed": 2, "steps": 3, "width": 64, "height": 64}
HOUSE = Request("a red house", negative_prompt="blurry", guidance=4, **QUICK)
UNREAD = {"prompt": None, "negative_prompt": None}  # a conditioning stands for both


@pytest.fixture(scope="module")
def whole(pipeline):
    """What generate() makes of HOUSE."""
    return pipeline.generate(HOUSE)


def same(one, other):
    return (one.image.array == other.image.array).all()


def test_a_prompt_is_read_once_for_many_pictures(pipeline, whole):
    seen = []
    with pipeline.encode_prompt(HOUSE, progress=seen.append) as conditioning:
        request = HOUSE.replace(conditioning=conditioning, **UNREAD)
        assert not same(pipeline.generate(request, seed=3), whole), "for any number of pictures"
        assert seen and all(one.phase is libdiffusion.Phase.ENCODING_TEXT for one in seen)
        texts = conditioning.texts
        assert {(one.text, one.negative) for one in texts} == {("a red house", False), ("blurry", True)}
        assert texts[0].encoder == "text_encoder" and repr(conditioning) == "<Conditioning of 2 texts>"
    assert repr(conditioning) == "<Conditioning, closed>"
    with pytest.raises(ValueError, match="the conditioning is closed"):
        conditioning.states(0)
    with pytest.raises(ValueError, match="the conditioning is closed"):
        HOUSE.replace(conditioning=conditioning, **UNREAD)
    del conditioning
    gc.collect()
    assert same(pipeline.generate(request), whole), "the request keeps what it needs"


def test_states_are_changed_and_mixed(pipeline, whole):
    conditioning = pipeline.encode_prompt(HOUSE)
    positive = [one.negative for one in conditioning.texts].index(False)
    states = conditioning.states(positive)
    assert states.dtype == np.float32 and states.ndim == 2 and states.flags.writeable
    unchanged = conditioning.with_states(positive, states)
    request = HOUSE.replace(conditioning=unchanged, **UNREAD)
    assert same(pipeline.generate(request), whole)
    snow = pipeline.encode_prompt(HOUSE.replace(prompt="a tree in the snow"))
    mixed = conditioning.with_states(positive, (states + snow.states(positive)) / 2)
    assert not same(pipeline.generate(request, conditioning=mixed), whole)
    with pytest.raises(InvalidArgument, match="no text 9"):
        conditioning.states(9)
    with pytest.raises(InvalidArgument, match="shape"):
        conditioning.with_states(positive, states[:, 1:])
    with pytest.raises(libdiffusion.Error, match="NaN") as caught:
        conditioning.with_states(positive, states * np.nan)
    assert caught.value.status is libdiffusion.Status.NUMERIC
    try:
        assert conditioning.pooled(positive).shape[0] == 1
    except Unsupported as error:  # not every encoder gives one
        assert error.status is libdiffusion.Status.UNSUPPORTED


def test_a_conditioning_is_its_pipelines(pipeline):
    conditioning = pipeline.encode_prompt("a house")
    with pytest.raises(InvalidArgument, match="leave one"):
        Request("a house", conditioning=conditioning).validate()
    with pytest.raises(TypeError, match="conditioning must be a Conditioning, not str"):
        Request(conditioning="a house")
    with pytest.raises(Cancelled):
        pipeline.encode_prompt("a house", progress=lambda _: False)
    with libdiffusion.Pipeline(DEMO) as other:
        with pytest.raises(InvalidArgument, match="another pipeline"):
            other.generate(conditioning=conditioning, **QUICK)
        left = other.encode_prompt("a house")
    assert left.texts[0].encoder == "text_encoder", "it does not need the pipeline"


def test_latents_come_out_and_go_in(pipeline, whole):
    latents = whole.latents
    assert latents.dtype == np.float32 and latents.shape[0] == 1 and latents.flags.writeable
    assert (pipeline.decode_latents(latents).array == whole.image.array).all()
    again = pipeline.decode_latents(Embedding.from_array(latents), 0, format="rgba_f32")
    assert again.format is PixelFormat.RGBA_F32 and again.settings == {}
    with pytest.raises(InvalidArgument, match="there are 1"):
        pipeline.decode_latents(latents, 1)
    with pytest.raises(InvalidArgument, match="shape"):
        pipeline.decode_latents(latents[0])
    encoded = pipeline.encode_image(whole.image)
    assert encoded.shape == latents.shape and np.corrcoef(encoded.ravel(), latents.ravel())[0, 1] > 0.5
    assert (pipeline.encode_image(whole.image.array) == encoded).all()
    with pytest.raises(InvalidArgument, match="width is 33"):
        pipeline.encode_image(np.zeros((64, 33, 3), np.uint8))
    token = CancelToken()
    token.cancel()
    for work in (lambda: pipeline.encode_image(whole.image, cancel=token), lambda: pipeline.decode_latents(latents, cancel=token)):
        with pytest.raises(Cancelled):
            work()


def test_latents_to_start_from(pipeline, whole):
    wanted = pipeline.generate(HOUSE, init_result=whole, strength=0.5)
    latents = whole.latents
    for start in (latents, Embedding.from_array(latents), latents.tolist()):
        assert same(pipeline.generate(HOUSE, init_latents=start, strength=0.5), wanted)
    with pytest.raises(InvalidArgument, match="latents"):
        pipeline.generate(HOUSE, init_latents=latents[:, :, 1:], strength=0.5)


def test_a_loop_of_ones_own_draws_the_same(pipeline, whole):
    begun, reports = [], []
    with pipeline.begin(HOUSE, progress=begun.append) as stepper:
        assert begun and stepper.step == 0 and stepper.clean_latents is None
        timesteps = []
        while stepper.timestep is not None:
            timesteps.append(stepper.timestep)
            stepper.advance(progress=reports.append)
            if stepper.step < stepper.step_count:
                assert stepper.clean_latents.shape == stepper.latents.shape
                assert pipeline.decode_latents(stepper.clean_latents).width == 64
        assert stepper.step == stepper.step_count == len(timesteps) == len(reports) >= 3
        assert timesteps == sorted(timesteps, reverse=True)
        with pytest.raises(InvalidArgument, match="all"):
            stepper.advance()
        assert list(stepper) == [], "a loop goes on from where it is"
        assert same(stepper.finish(), whole) and same(stepper.finish(), whole)
    assert repr(stepper) == "<Stepper, closed>"
    with pytest.raises(ValueError, match="the stepper is closed"):
        stepper.advance()


def test_steppers_run_side_by_side_and_outlive_their_pipeline(whole):
    pipeline = libdiffusion.Pipeline(DEMO, provider="cpu")
    one, other = pipeline.begin(HOUSE), pipeline.begin(HOUSE, seed=3)
    pipeline.close()
    assert list(zip(one, other)) == [(number, number) for number in range(1, one.step_count + 1)]
    result = one.finish()
    one.close()
    assert same(result, whole) and not same(other.finish(), whole)


def test_latents_may_be_set_on_the_way(pipeline, whole):
    stepper = pipeline.begin(HOUSE)
    for _ in stepper:
        stepper.latents = stepper.latents  # the host's hands change nothing
    assert same(stepper.finish(), whole)
    stepper = pipeline.begin(HOUSE)
    stepper.latents *= 0.5
    kept = stepper.latents
    for wrong, sentence in ((kept[:, 1:], "shape"), (kept * np.inf, "infinite|finite|NaN")):
        with pytest.raises(libdiffusion.Error, match=sentence):
            stepper.latents = wrong
    assert (stepper.latents == kept).all(), "it is as it was"
    assert not same(stepper.finish(), whole), "noisy pictures may be looked at, too"


def test_a_step_is_stopped(pipeline, whole):
    stepper, token = pipeline.begin(HOUSE), CancelToken()
    token.cancel()
    for work in (stepper.advance, stepper.finish):
        with pytest.raises(Cancelled):
            work(cancel=token)
    assert stepper.step == 0, "it can be made again"

    def fail(_progress):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        stepper.advance(progress=fail)
    assert stepper.step == 1, "the callback has seen it made"
    assert list(stepper) == list(range(2, stepper.step_count + 1)) and same(stepper.finish(), whole)
    with pytest.raises(Cancelled):
        pipeline.begin(HOUSE, progress=lambda _: False)
    with pytest.raises(Unsupported, match="second pass"):
        pipeline.begin(HOUSE, hires_scale=2)


def test_one_thread_at_a_time(pipeline):
    stepper = pipeline.begin(HOUSE)
    with pytest.raises(Busy, match="the stepper is in use"):
        stepper.advance(progress=lambda _: stepper.step)
    found = []

    def look(_progress):
        thread = threading.Thread(target=lambda: found.append(pytest.raises(Busy, stepper.finish)))
        thread.start()
        thread.join()
        stepper.close()  # is safe: the call has what it needs

    stepper.advance(progress=look)
    assert len(found) == 1
    del stepper
    gc.collect()


def test_an_estimate_and_a_runtime_of_ones_own(pipeline):
    estimate = libdiffusion.estimate_memory(DEMO)
    assert estimate.opening > estimate.open > 1_000_000
    assert libdiffusion.estimate_memory(str(DEMO), memory="low").open < estimate.open
    with pytest.raises(libdiffusion.Error, match="no such") as caught:
        libdiffusion.estimate_memory("no such")
    assert caught.value.status is libdiffusion.Status.IO
    with pytest.raises(libdiffusion.Error) as caught:
        libdiffusion.use_api_base(0)
    assert caught.value.status is libdiffusion.Status.NULL_POINTER

    runtime = libdiffusion.runtime_info()["library"]
    begin = (
        f"import ctypes, libdiffusion; libdiffusion.load({libdiffusion.load()!r}); mine = ctypes.CDLL({runtime!r}); "
        "mine.OrtGetApiBase.restype = ctypes.c_void_p; ")
    # Where it is given, no other one is looked for.
    used = python(
        begin + "libdiffusion.use_api_base(mine.OrtGetApiBase()); "
        f"print(libdiffusion.Pipeline({str(DEMO)!r}).generate('a house', seed=1, steps=1).image.width)",
        ORT_DYLIB_PATH="/no/such/library")
    assert used.stdout == "128\n", used.stderr


def test_conditionings_and_steppers_need_no_closing(pipeline):
    for _ in range(5):
        cycle: list = [pipeline.begin(HOUSE), pipeline.encode_prompt(HOUSE)]
        handles = [weakref.ref(one._handle) for one in cycle]
        cycle.append(cycle)
    del cycle
    collecting = threading.Thread(target=gc.collect)
    collecting.start()
    collecting.join()
    assert [handle() for handle in handles] == [None, None]
