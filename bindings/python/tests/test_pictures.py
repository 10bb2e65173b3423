"""Drawing, and the pictures as arrays."""

import gc
import io

import numpy as np
import pytest
from conftest import DEMO

import libdiffusion
from libdiffusion import Image, InvalidArgument, Phase, PixelFormat, Request

QUICK = {"seed": 2, "steps": 2, "width": 64, "height": 64}


def test_a_picture_is_an_array_that_needs_nobody(pipeline):
    result = pipeline.generate("a red house", seed=2, steps=2)
    array = result.image.array
    assert array.shape == (128, 128, 3) and array.dtype == np.uint8
    assert array.ctypes.data == libdiffusion._library.library().image_pixels(result.image), "there is no copy"
    assert not array.flags.writeable
    kept = array.copy()
    result.close()
    del result
    gc.collect()
    assert (array == kept).all(), "the array holds its pixels"
    assert array.std() > 10, "there is something on it"


def test_the_same_seed_is_the_same_picture(pipeline, house):
    again = pipeline.generate(Request("a red house", seed=2, steps=3))
    assert (again.image.array == house.image.array).all()
    other = pipeline.generate(Request("a red house", seed=2, steps=3), seed=3)
    assert (other.image.array != house.image.array).any()
    assert house.seed == 2 and house.settings["steps"] == 3 and house.image.settings["prompt"] == "a red house"
    assert house.timings["total"] > 0 and len(house.timings["denoise"]) == 3
    assert house.flagged() is None and house.warnings == ()


def test_formats(pipeline, house):
    rgb = house.image.array
    floats = pipeline.generate("a red house", seed=2, steps=3, format="rgba_f32").image
    assert floats.format is PixelFormat.RGBA_F32 and floats.array.dtype == np.float32
    assert np.abs(floats.array[:, :, :3] * 255 - rgb).max() <= 0.51
    bgra = house.image.convert("bgra8")
    assert (bgra[:, :, 2::-1] == rgb).all() and (bgra[:, :, 3] == 255).all()
    with pytest.raises(InvalidArgument, match="must be one of rgb8, rgba8"):
        house.image.convert("cmyk")


def test_several_pictures(pipeline):
    result = pipeline.generate("a boat", count=2, seed_mode="one-per-picture", **QUICK)
    assert len(result) == 2 and [image.width for image in result] == [64, 64]
    assert result.seed_of(1) == 3
    alone = pipeline.generate("a boat", **{**QUICK, "seed": 3})
    # Kernels may add up in another order where there are two.
    assert np.abs(alone.image.array.astype(int) - result[1].array).max() <= 1
    assert (result[-1].array == result[1].array).all()
    assert len(result[0:2]) == 2
    with pytest.raises(IndexError):
        result[2]


def test_image_to_image_from_whatever_is_a_picture(pipeline, house, tmp_path):
    file = tmp_path / "Häuschen 🏠.png"
    house.image.save(file)
    settings = {"strength": 0.5, "seed": 1, "steps": 4}
    wanted = pipeline.generate("a blue house", init_image=house.image, **settings).image.array
    for start in (file, str(file), house.image.array, Image.decode(house.image.encode("png"))):
        assert (pipeline.generate("a blue house", init_image=start, **settings).image.array == wanted).all()
    mask = np.zeros((128, 128), np.uint8)
    mask[:, 64:] = 255
    part = pipeline.generate("a tree", init_image=file, mask_image=mask, paste_back=True, **settings).image.array
    assert (part[:, :60] == house.image.array[:, :60]).all() and (part != house.image.array).any()


def test_arrays_become_pictures_and_come_back(house):
    rgb = house.image.array
    assert (Image.from_array(rgb).array == rgb).all()
    assert (Image.from_array(rgb[10:50:2, 20:60]).array == rgb[10:50:2, 20:60]).all(), "rows that lie apart"
    assert (Image.from_array(rgb[::-1, ::-1]).array == rgb[::-1, ::-1]).all(), "backwards"
    assert (np.asarray(Image.from_array(rgb[:, :, 0]))[:, :, 2] == rgb[:, :, 0]).all(), "grey"
    floats = (rgb / 255).astype(np.float32)
    assert (Image.from_array(floats).convert(PixelFormat.RGB8) == rgb).all()
    assert (Image.from_array(house.image.convert("bgra8"), "bgra8").convert("rgb8") == rgb).all()
    for wrong in (np.zeros((4, 4, 2), np.uint8), np.zeros((4, 4), np.int32), np.zeros(3, np.uint8)):
        with pytest.raises(InvalidArgument, match="must be"):
            Image.from_array(wrong)
    with pytest.raises(InvalidArgument):
        Image.from_array(np.zeros((0, 4, 3), np.uint8))
    picture, mask = house.image.extend(left=32)
    assert picture.width == mask.width == 160 and picture.height == 128


def test_files(house, tmp_path):
    file = tmp_path / "a 🏠.png"
    house.image.save(file)
    assert file.read_bytes() == house.image.encode("png") == house.image._repr_png_()
    assert (Image.open(file).array == house.image.array).all()
    assert house.image.encode("jpg")[:2] == b"\xff\xd8"
    with pytest.raises(InvalidArgument, match="png"):
        house.image.save(tmp_path / "house.bmp")
    with pytest.raises(libdiffusion.Error) as caught:
        Image.open(tmp_path / "none.png")
    assert caught.value.status is libdiffusion.Status.IO


def test_emoji_survive(pipeline, tmp_path):
    folder = tmp_path / "modèle 🏠"
    folder.symlink_to(DEMO, target_is_directory=True)
    with libdiffusion.Pipeline(folder) as opened:
        result = opened.generate("🏠 赤い家", negative_prompt="🌙", **QUICK)
    assert result.settings["prompt"] == "🏠 赤い家" and result.settings["negative_prompt"] == "🌙"
    assert (result.image.array == pipeline.generate("🏠 赤い家", negative_prompt="🌙", **QUICK).image.array).all()


def test_progress_and_previews(pipeline):
    seen = []
    pipeline.generate("a red house", progress=seen.append, previews="linear", **QUICK)
    assert [p.phase for p in seen if p.step == 0] == [Phase.ENCODING_TEXT, Phase.DENOISING, Phase.DECODING]
    previews = [p for p in seen if p.preview is not None]
    assert previews and previews[0].preview.array.shape[2] == 3, "a preview may be kept"
    assert previews[0].phase_name == "denoising"


def test_info(pipeline):
    assert pipeline.family == "stable-diffusion-1" and pipeline.info["family"] == pipeline.family
    assert pipeline.default_size == (128, 128) and pipeline.default_steps > 0 and pipeline.size_multiple > 0
    assert pipeline.default_scheduler in libdiffusion.names("scheduler")
    assert pipeline.default_guidance > 1 and pipeline.notes and pipeline.stage_names == ()
    assert repr(pipeline) == "<Pipeline stable-diffusion-1>"
    assert libdiffusion.version() == libdiffusion.__version__
    assert libdiffusion.runtime_info()["version"]
    with pytest.raises(ValueError, match="sigma_schedule"):
        libdiffusion.names("colour")


def test_embeddings():
    one = libdiffusion.Embedding.from_array([[1.0, 0.0], [0.0, 2.0]])
    other = libdiffusion.Embedding.from_array([[0.0, 1.0], [2.0, 0.0]])
    assert one.shape == (2, 2) and one.array.base is not None
    assert np.allclose(one.lerp(other, 0.25).array, [[0.75, 0.25], [0.5, 1.5]])
    assert np.allclose(one.slerp(other, 0.5).array[0], [np.sqrt(0.5)] * 2)
    assert np.allclose(one.mixed(2, other, 1).array, [[2, 1], [2, 4]])
    assert np.allclose(np.linalg.norm(one.turned(one.difference(other), 0.5).array, axis=1), [1, 2])
    with pytest.raises(libdiffusion.Error, match="NaN") as caught:
        libdiffusion.Embedding.from_array([np.nan])
    assert caught.value.status is libdiffusion.Status.NUMERIC


def test_classes():
    with libdiffusion.Pipeline(DEMO.parent / "classes") as classes:
        name = classes.class_names[3]
        assert classes.class_count == len(classes.class_names)
        by_name = classes.generate(class_name=name, seed=1, steps=2)
        by_number = classes.generate(class_label=3, seed=1, steps=2)
    assert (by_name.image.array == by_number.image.array).all()


def test_pil_if_it_is_there(house):
    pil = pytest.importorskip("PIL.Image")
    opened = pil.open(io.BytesIO(house.image.encode("png")))
    assert (Image.of(opened).array == house.image.array).all()
    assert (np.asarray(pil.fromarray(house.image.array)) == house.image.array).all()
