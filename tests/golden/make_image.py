#!/usr/bin/env python3
"""Golden pixels: files of every kind as PIL reads them, pictures as PIL and diffusers resize them, tensors as torch does.

Usage: python make_image.py [OUTDIR]      (default: this folder)

Writes image/* (small files of every kind) and image.json:
  files      each file of image/: what its pixels are, and by how many levels a decoder may differ (JPEG only)
  pictures   sources, RGB bytes in hexadecimal
  resized    a picture in another size (`mode` as in diffusers' VaeImageProcessor.resize), RGB bytes
  tensor     a picture as the autoencoder wants it (VaeImageProcessor.preprocess), float32
  planes     torch.nn.functional.interpolate of `source` [channels, height, width], float32
"""

import json
import shutil
import struct
import sys
import warnings
import zlib
from pathlib import Path

import diffusers
import numpy as np
import PIL
import torch
from diffusers.image_processor import VaeImageProcessor
from PIL import Image, ImageOps

HERE = Path(__file__).resolve().parent
torch.set_num_threads(1)
# Deprecated in diffusers' own calls of PIL; the result is the same.
warnings.simplefilter("ignore")


def scene(width, height, seed):
    """Smooth colours, some hard edges and some noise."""
    random = np.random.RandomState(seed)
    y, x = np.mgrid[0:height, 0:width]
    picture = np.stack([x * 255 / max(width - 1, 1), y * 255 / max(height - 1, 1), 128 + 100 * np.sin((x + 2 * y) / 5)], -1)
    picture[(x // 5 + y // 4) % 5 == 0] = [255, 250, 3]
    picture += random.normal(0, 12, picture.shape)
    return picture.round().clip(0, 255).astype(np.uint8)


def smooth(width, height):
    """What JPEG keeps within a few levels."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([40 + 8 * x, 220 - 7 * y, 60 + 3 * x + 4 * y], -1).clip(0, 255).astype(np.uint8)


def png(samples, color):
    """A PNG of 16 bits a sample, which PIL cannot write; `samples` is [height, width, channels]."""
    height, width, _ = samples.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, color, 0, 0, 0)), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    parts = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def files(out):
    colours, alpha = scene(13, 9, 1), scene(13, 9, 2)[..., 2]
    plain = Image.fromarray(colours)
    grey = plain.convert("L")
    clear = Image.fromarray(np.dstack([colours, alpha]))
    grey_clear = grey.copy()
    grey_clear.putalpha(Image.fromarray(alpha))
    palette = plain.quantize(16)
    cases = []

    def add(name, picture, tolerance=0, **options):
        path = out / "image" / name
        if isinstance(picture, bytes):
            path.write_bytes(picture)
        else:
            picture.save(path, **options)
        read = ImageOps.exif_transpose(Image.open(path))
        clear = "transparency" in read.info or read.mode in ("RGBA", "LA", "PA")
        pixels = np.array(read.convert("RGBA" if clear else "RGB"))
        case(name, pixels, tolerance)

    def case(name, pixels, tolerance=0):
        height, width, channels = pixels.shape
        cases.append({
            "file": name, "width": width, "height": height, "alpha": channels == 4, "tolerance": tolerance,
            "pixels": pixels.astype(np.uint8).tobytes().hex(),
        })

    add("grey.png", grey)
    add("bits.png", grey.point(lambda v: 255 * (v > 128)).convert("1"))
    add("grey_alpha.png", grey_clear)
    add("rgb.png", plain)
    add("rgba.png", clear)
    add("palette.png", palette)
    add("palette_alpha.png", palette, transparency=bytes([0, 100, 255, 30] * 4))
    add("rgb_key.png", Image.fromarray(np.where(colours[..., :1] > 128, colours, 7).astype(np.uint8)), transparency=(7, 7, 7))
    add("one.png", plain.crop((0, 0, 1, 1)))
    # 16 bits: PIL has no such colours, so the samples' own levels are what is right.
    random = np.random.RandomState(3)
    for name, color, channels in [("grey16", 0, 1), ("rgb16", 2, 3), ("grey_alpha16", 4, 2), ("rgba16", 6, 4)]:
        samples = random.randint(0, 65536, (5, 6, channels))
        (out / "image" / f"{name}.png").write_bytes(png(samples, color))
        levels = (samples + 128) // 257
        case(f"{name}.png", levels[..., [0, 0, 0, 1]] if channels == 2 else levels[..., [0, 0, 0]] if channels == 1 else levels)
    # JPEG: a decoder's arithmetic is free within a level or two.
    plain, options = Image.fromarray(smooth(19, 13)), {"quality": 97, "subsampling": 0}
    add("grey.jpg", plain.convert("L"), 2, **options)
    add("rgb.jpg", plain, 3, **options)
    add("cmyk.jpg", plain.convert("CMYK"), 3, **options)
    # libjpeg writes CMYK with transform 0 in Adobe's marker; with 2 the same samples mean YCCK.
    data = (out / "image" / "cmyk.jpg").read_bytes()
    at = data.index(b"Adobe") + 11
    assert data[at] == 0
    add("ycck.jpg", data[:at] + b"\x02" + data[at + 1:], 4)
    add("progressive.jpg", plain, 3, progressive=True, **options)
    for turn in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = turn
        add(f"turn{turn}.jpg", plain.crop((0, 0, 9, 5)), 3, exif=exif, **options)
    add("lossless.webp", clear, lossless=True, exact=True)
    add("rgb.webp", plain, 6, quality=100)
    return cases


PICTURES = {"scene": (37, 23, 4), "square": (16, 16, 5), "dot": (1, 1, 6), "line": (41, 1, 7)}
RESIZED = [
    ("scene", "default", (64, 40)), ("scene", "default", (16, 8)), ("scene", "default", (5, 31)),
    ("scene", "default", (37, 11)), ("scene", "default", (13, 23)), ("scene", "default", (1, 1)), ("scene", "default", (3, 2)),
    ("dot", "default", (8, 5)), ("line", "default", (7, 4)), ("square", "default", (33, 47)),
    ("scene", "fill", (40, 40)), ("scene", "fill", (64, 16)), ("scene", "fill", (37, 23)), ("square", "fill", (31, 9)),
    ("square", "fill", (8, 24)), ("dot", "fill", (16, 8)),
    ("scene", "crop", (40, 40)), ("scene", "crop", (64, 16)), ("square", "crop", (31, 9)), ("square", "crop", (8, 25)),
    ("dot", "crop", (16, 8)),
]
MODES = [("nearest", False), ("nearest-exact", False), ("bilinear", False), ("bilinear", True), ("bicubic", False), ("bicubic", True)]


def resized(pictures):
    processor = VaeImageProcessor(vae_scale_factor=1)
    cases = []
    for name, mode, (width, height) in RESIZED:
        try:
            picture = processor.resize(Image.fromarray(pictures[name]), height, width, resize_mode=mode)
        except Exception as error:
            print(f"{name} {mode} {width} x {height}: {type(error).__name__}: {error}")
            continue
        assert picture.size == (width, height)
        cases.append({"picture": name, "mode": mode, "width": width, "height": height, "pixels": picture.tobytes().hex()})
    return cases


def planes():
    source = torch.from_numpy(np.random.RandomState(8).normal(0, 1, (1, 2, 7, 9)).astype(np.float32))
    cases = []
    for mode, antialias in MODES:
        for height, width in [(14, 18), (11, 13), (3, 4), (7, 5), (1, 1), (16, 9)]:
            align = {} if mode.startswith("nearest") else {"align_corners": False, "antialias": antialias}
            result = torch.nn.functional.interpolate(source, size=(height, width), mode=mode, **align)
            cases.append({"mode": mode, "antialias": antialias, "width": width, "height": height, "values": floats(result[0])})
    return {"width": 9, "height": 7, "source": floats(source[0]), "cases": cases}


def floats(values):
    return [float(str(v)) for v in np.asarray(values, dtype=np.float32).ravel()]


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    shutil.rmtree(out / "image", ignore_errors=True)
    (out / "image").mkdir(parents=True)
    pictures = {name: scene(*arguments) for name, arguments in PICTURES.items()}
    tensor = VaeImageProcessor().preprocess(Image.fromarray(pictures["scene"]), height=16, width=24)
    golden = {
        "about": f"PIL {PIL.__version__}, diffusers {diffusers.__version__}, torch {torch.__version__.split('+')[0]}; see make_image.py",
        "files": files(out),
        "pictures": {
            name: {"width": p.shape[1], "height": p.shape[0], "pixels": p.tobytes().hex()} for name, p in pictures.items()
        },
        "resized": resized(pictures),
        "tensor": {"picture": "scene", "width": 24, "height": 16, "values": floats(tensor)},
        "planes": planes(),
    }
    lines = ",\n".join(f'"{key}": {one_a_line(value)}' for key, value in golden.items())
    (out / "image.json").write_text("{\n" + lines + "\n}\n")


def one_a_line(value):
    if isinstance(value, list):
        return "[\n" + ",\n".join(json.dumps(item) for item in value) + "\n]"
    return json.dumps(value)


if __name__ == "__main__":
    main()
