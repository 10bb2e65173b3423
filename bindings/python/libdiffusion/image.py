"""Pictures, as NumPy arrays of (height, width, channels)."""

from __future__ import annotations

import ctypes
import json
import os
from typing import Union

import numpy as np

from ._abi import PixelFormat
from ._arguments import pixel_format
from ._library import Handle, created, library, text, utf8
from .errors import InvalidArgument, known

ImageLike = Union["Image", np.ndarray, str, "os.PathLike[str]"]
"""What stands for a picture: an Image, an array as Image.from_array() takes, whatever NumPy makes such an array of (as
PIL's images are), or the path of a file."""

# Channels and the type of a channel's number.
LAYOUTS = {
    PixelFormat.RGB8: (3, np.dtype(np.uint8)),
    PixelFormat.RGBA8: (4, np.dtype(np.uint8)),
    PixelFormat.BGRA8: (4, np.dtype(np.uint8)),
    PixelFormat.RGBA_F32: (4, np.dtype(np.float32)),
}


class Image:
    """A picture. It never changes, so threads may share it."""

    def __init__(self, pointer: int, owner: Handle):
        """For this package; programs use from_array(), open() and decode()."""
        self._as_parameter_ = pointer
        self._owner = owner

    @classmethod
    def _owned(cls, handle: Handle) -> Image:
        return cls(handle._as_parameter_, handle)

    @classmethod
    def open(cls, file: str | os.PathLike[str]) -> Image:
        """Reads a PNG, JPEG or WebP file."""
        path = utf8(file)
        return cls._owned(created("image", "image_open", path, len(path)))

    @classmethod
    def decode(cls, data: bytes) -> Image:
        """Reads a PNG, JPEG or WebP file's bytes."""
        return cls._owned(created("image", "image_decode", bytes(data), len(data)))

    @classmethod
    def from_array(cls, array: np.ndarray, format: PixelFormat | str | None = None) -> Image:
        """A picture of pixels, which are copied: uint8 or float32 from 0 to 1, (height, width) for grey, or with 3 or 4
        channels. `format` says what the channels are where RGB and RGBA is not it: "bgra8"."""
        array = np.asarray(array)
        if array.dtype not in (np.uint8, np.float32, np.float64) or array.ndim not in (2, 3):
            raise InvalidArgument(
                f"the array has shape {array.shape} and type {array.dtype}; it must be (height, width), or (height, width, "
                "3 or 4), of uint8 or float32")
        if array.ndim == 2 or array.shape[2] == 1:
            array = np.repeat(array.reshape(*array.shape[:2], 1), 3, axis=2)
        if array.dtype != np.uint8:
            array = array.astype(np.float32, copy=False)
            if array.shape[2] == 3:
                array = np.concatenate([array, np.ones_like(array[:, :, :1])], axis=2)
        inferred = {(3, "u"): PixelFormat.RGB8, (4, "u"): PixelFormat.RGBA8, (4, "f"): PixelFormat.RGBA_F32}
        layout = inferred.get((array.shape[2], array.dtype.kind)) if format is None else known(PixelFormat, pixel_format(format))
        if LAYOUTS.get(layout) != (array.shape[2], array.dtype):
            raise InvalidArgument(
                f"the array has {array.shape[2]} channels of {array.dtype}"
                + ("; there must be 1, 3 or 4 channels" if format is None else f", which is not the format {format}"))
        height, width, channels = array.shape
        pixel = channels * array.itemsize
        # Rows may lie apart, as in a part of a larger picture; pixels may not.
        if array.strides[1:] != (pixel, array.itemsize) or array.strides[0] < width * pixel:
            array = np.ascontiguousarray(array)
        stride = array.strides[0] if height > 1 else width * pixel
        size = stride * (height - 1) + width * pixel if array.size else 0
        return cls._owned(
            created("image", "image_create", array.ctypes.data, size, width, height, stride, int(layout)))

    @classmethod
    def of(cls, value: ImageLike) -> Image:
        """Whatever stands for a picture, as a picture."""
        if isinstance(value, Image):
            return value
        if isinstance(value, (str, os.PathLike)):
            return cls.open(value)
        return cls.from_array(value)

    @property
    def width(self) -> int:
        return library().image_width(self)

    @property
    def height(self) -> int:
        return library().image_height(self)

    @property
    def format(self) -> PixelFormat:
        return known(PixelFormat, library().image_format(self))

    @property
    def array(self) -> np.ndarray:
        """The pixels, (height, width, channels), without copying: read-only, and alive for as long as anybody has it."""
        lib = library()
        channels, dtype = LAYOUTS[self.format]
        memory = (ctypes.c_uint8 * lib.image_byte_length(self)).from_address(_address(lib.image_pixels(self)))
        memory._owner = self._owner  # what NumPy holds holds the picture
        array = np.ndarray(
            (self.height, self.width, channels), dtype, memory,
            strides=(lib.image_stride(self), channels * dtype.itemsize, dtype.itemsize))
        array.flags.writeable = False
        return array

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        array = self.array
        if dtype is not None and array.dtype != dtype:
            if copy is False:
                raise ValueError(f"pixels of {array.dtype} cannot become {dtype} without a copy")
            return array.astype(dtype)
        return array.copy() if copy else array

    def convert(self, format: PixelFormat | str) -> np.ndarray:
        """The pixels in another format, as a new array."""
        layout = known(PixelFormat, pixel_format(format))
        if layout not in LAYOUTS:
            raise InvalidArgument(f"there is no pixel format {layout}")
        channels, dtype = LAYOUTS[layout]
        array = np.empty((self.height, self.width, channels), dtype)
        library().image_copy(
            self, array.ctypes.data, array.nbytes, self.width, self.height, array.strides[0], int(layout))
        return array

    def save(self, file: str | os.PathLike[str]) -> None:
        """Saves it as .png, .jpg or .jpeg, by the path's ending. A PNG carries the settings."""
        path = utf8(file)
        library().image_save(self, path, len(path))

    def encode(self, format: str = "png") -> bytes:
        """The bytes of a file: "png" or "jpg"."""
        name = utf8(format)
        lib = library()
        buffer = created("buffer", "image_encode", self, name, len(name))
        return ctypes.string_at(lib.buffer_data(buffer), lib.buffer_size(buffer))

    def extend(self, left: int = 0, right: int = 0, top: int = 0, bottom: int = 0) -> tuple[Image, Image]:
        """A larger canvas to draw beyond the borders, and the mask of what is new: for `init_image` and `mask_image`."""
        lib = library()
        picture, mask = ctypes.c_void_p(), ctypes.c_void_p()
        lib.image_extend(self, left, right, top, bottom, ctypes.byref(picture), ctypes.byref(mask))
        return tuple(Image._owned(Handle(one.value, lib.image_destroy)) for one in (picture, mask))

    @property
    def settings(self) -> dict:
        """The settings that made it; empty for previews, and for pictures that are not the library's."""
        return json.loads(text(library().image_settings_json(self)) or "{}")

    def _repr_png_(self) -> bytes:
        return self.encode("png")

    def __repr__(self) -> str:
        return f"<Image {self.width} x {self.height} {getattr(self.format, 'name', self.format)}>"


def copied(pointer: int) -> Image:
    """A picture of its own with the pixels of one that is borrowed for a moment."""
    lib = library()
    return Image._owned(created(
        "image", "image_create", lib.image_pixels(pointer), lib.image_byte_length(pointer), lib.image_width(pointer),
        lib.image_height(pointer), lib.image_stride(pointer), lib.image_format(pointer)))


def _address(pointer) -> int:
    if not pointer:
        raise InvalidArgument("the picture has no pixels")
    return pointer
