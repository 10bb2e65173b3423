#!/usr/bin/env python3
"""Golden pixels: files of every kind as PIL reads them, pictures as PIL and diffusers resize them, tensors as torch does.

Usage: python make_image.py [OUTDIR]      (default: this folder)

Writes image/* (small files of every kind) and image.json:
  files      each file of image/: what its pixels are, and by how many levels a decoder may differ (JPEG only)
  pictures   sources, RGB bytes in hexadecimal
  resized    a picture in another size (`mode` as in diffusers' VaeImageProcessor.resize), RGB bytes
  tensor     a picture as the autoencoder wants it (VaeImageProcessor.preprocess), float32
  grey       a picture as PIL's mode L
  masks      sources, a byte a pixel
  prepared   a mask in another size, grey (VaeImageProcessor.resize of mode L) and 0 or 1 (its preprocess, binarized)
  blurred    VaeImageProcessor.blur
  regions    VaeImageProcessor.get_crop_region for pictures drawn as `width` x `height`: x, y, right, bottom
  overlays   VaeImageProcessor.apply_overlay, RGB bytes
  canvases   numpy.pad with mode reflect
  seams      mean absolute differences across the edges and between neighbours inside
  planes     torch.nn.functional.interpolate of `source` [channels, height, width], float32; the mode `bilinear-corners`
             is bilinear with align_corners=True
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
    ("scene", "default", (35, 5)), ("scene", "default", (33, 15)), ("scene", "default", (33, 14)), ("scene", "default", (64, 9)),
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
    for height, width in [(14, 18), (11, 13), (3, 4), (7, 5), (1, 1), (16, 9)]:
        result = torch.nn.functional.interpolate(source, size=(height, width), mode="bilinear", align_corners=True)
        cases.append({"mode": "bilinear-corners", "antialias": False, "width": width, "height": height, "values": floats(result[0])})
    return {"width": 9, "height": 7, "source": floats(source[0]), "cases": cases}


def ellipse(width, height, center, radii, soft):
    y, x = np.mgrid[0:height, 0:width]
    away = ((x - center[0]) / radii[0]) ** 2 + ((y - center[1]) / radii[1]) ** 2
    return ((1.3 - away) / soft * 255).clip(0, 255).astype(np.uint8)


def box(width, height, x, y, right, bottom):
    mask = np.zeros((height, width), np.uint8)
    mask[y:bottom, x:right] = 255
    return mask


MASKS = {
    "ellipse": ellipse(37, 23, (20, 9), (8, 6), 0.8), "box": box(37, 23, 5, 12, 11, 23), "corner": box(37, 23, 0, 0, 1, 1),
    "all": box(37, 23, 0, 0, 37, 23), "dot": box(1, 1, 0, 0, 1, 1), "line": box(41, 1, 30, 0, 40, 1),
    "tall": box(20, 60, 8, 50, 12, 59),
}


def masks():
    size = lambda mask: {"width": mask.shape[1], "height": mask.shape[0]}
    image = {name: Image.fromarray(mask) for name, mask in MASKS.items()}
    plain = VaeImageProcessor(vae_scale_factor=1)
    binary = VaeImageProcessor(vae_scale_factor=1, do_normalize=False, do_binarize=True, do_convert_grayscale=True)
    prepared = []
    for name, mode, (width, height) in [
        ("ellipse", "default", (37, 23)), ("ellipse", "default", (64, 40)), ("ellipse", "default", (8, 8)),
        ("box", "default", (5, 3)), ("corner", "default", (48, 48)), ("ellipse", "fill", (40, 40)), ("ellipse", "crop", (40, 40)),
        ("tall", "crop", (16, 16)), ("tall", "fill", (16, 16)), ("dot", "default", (8, 8)),
    ]:
        grey = plain.resize(image[name], height, width, resize_mode=mode).convert("L")
        bits = binary.preprocess(image[name], height, width, resize_mode=mode).numpy().astype(np.uint8)
        prepared.append({
            "mask": name, "mode": mode, "width": width, "height": height, "grey": grey.tobytes().hex(), "binary": bits.tobytes().hex(),
        })
    blurred = [
        {"mask": name, "radius": radius, "pixels": plain.blur(image[name], radius).tobytes().hex()}
        for name in MASKS for radius in (0, 0.4, 1, 2.5, 4, 33)
    ]
    regions = [
        {"mask": name, "width": width, "height": height, "pad": pad,
         "region": plain.get_crop_region(image[name], width, height, pad)}
        for name in MASKS for width, height in [(512, 512), (768, 512), (64, 200)] for pad in (0, 3, 32)
    ]
    original, alpha, drawn = scene(37, 23, 4), scene(37, 23, 9)[..., 2], scene(37, 23, 10)
    see_through = Image.fromarray(np.dstack([original, alpha]))
    small = Image.fromarray(scene(16, 24, 11))
    overlays = []
    for mask, mode, region in [
        ("ellipse", "RGB", None), ("box", "RGB", None), ("ellipse", "RGBA", None), ("ellipse", "RGB", (3, 2, 30, 20)),
        ("box", "RGB", (0, 9, 16, 23)),
    ]:
        picture = Image.fromarray(drawn) if region is None else small
        first = see_through if mode == "RGBA" else Image.fromarray(original)
        result = plain.apply_overlay(image[mask], first, picture, region)
        overlays.append({"mask": mask, "alpha": mode == "RGBA", "region": region, "pixels": result.tobytes().hex()})
    rgb = lambda p: {"width": p.shape[1], "height": p.shape[0], "pixels": p.tobytes().hex()}
    canvases = []
    for name, (left, right, top, bottom) in [("square", (3, 5, 2, 0)), ("square", (40, 0, 0, 33)), ("line", (2, 2, 4, 1)), ("dot", (1, 2, 3, 0))]:
        result = np.pad(scene(*PICTURES[name]), ((top, bottom), (left, right), (0, 0)), mode="reflect")
        canvases.append({"picture": name, "left": left, "right": right, "top": top, "bottom": bottom, **rgb(result)})
    seams = []
    for name in ("scene", "square"):
        p = scene(*PICTURES[name]).astype(float)
        mean = lambda a, b: float(np.abs(a - b).mean())
        seams.append({
            "picture": name, "x": [mean(p[:, 0], p[:, -1]), mean(p[:, 1:], p[:, :-1])], "y": [mean(p[0], p[-1]), mean(p[1:], p[:-1])],
        })
    return {
        "grey": {"picture": "scene", "pixels": Image.fromarray(original).convert("L").tobytes().hex()},
        "masks": {name: {**size(mask), "pixels": mask.tobytes().hex()} for name, mask in MASKS.items()},
        "prepared": prepared, "blurred": blurred, "regions": regions,
        "overlay_alpha": alpha.tobytes().hex(), "overlay_drawn": rgb(drawn), "overlay_small": rgb(np.array(small)),
        "overlays": overlays, "canvases": canvases, "seams": seams,
    }


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
        **masks(),
    }
    lines = ",\n".join(f'"{key}": {one_a_line(value)}' for key, value in golden.items())
    (out / "image.json").write_text("{\n" + lines + "\n}\n")


def one_a_line(value):
    if isinstance(value, list):
        return "[\n" + ",\n".join(json.dumps(item) for item in value) + "\n]"
    return json.dumps(value)


if __name__ == "__main__":
    main()
