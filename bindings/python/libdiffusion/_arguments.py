"""Keyword arguments as calls of setters, by the tables that come from the header."""

from __future__ import annotations

import ctypes
import operator
import os
from collections.abc import Mapping

from ._abi import PixelFormat
from ._library import Handle, library, utf8
from .errors import InvalidArgument

RANGES = {
    "int32_t": (-(2**31), 2**31 - 1),
    "int64_t": (-(2**63), 2**63 - 1),
    "uint64_t": (0, 2**64 - 1),
}


def whole(value, kind: str, name: str) -> int:
    """A whole number; ctypes would silently cut off what does not fit."""
    low, high = RANGES[kind]
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, not {type(value).__name__}") from None
    if not low <= number <= high:
        raise InvalidArgument(f"{name} is {number}; it must be {low} to {high}")
    return number


def pixel_format(value) -> int:
    """A PixelFormat by itself or by its name in any case, such as "rgba8"."""
    if not isinstance(value, str):
        return whole(value, "int32_t", "format")
    try:
        return PixelFormat[value.upper().replace("-", "_")]
    except KeyError:
        names = ", ".join(one.name.lower() for one in PixelFormat)
        raise InvalidArgument(f'format is "{value}"; it must be one of {names}') from None


def c_arguments(keyword: str, kinds, given) -> list:
    """The C arguments for the values of a setter. They hold what they point to."""
    from .conditioning import Conditioning
    from .embedding import Embedding
    from .image import Image
    from .result import Result

    arguments: list = []
    length = None
    for (kind, name, _), value in zip(kinds, given):
        if kind == "text":
            data = None if value is None else utf8(value)
            arguments += [data, len(data or b"")]
        elif kind in ("floats", "doubles"):
            numbers = [] if value is None else [float(one) for one in value]
            if length not in (None, len(numbers)):
                raise InvalidArgument(f"{keyword}: there are {length} and {len(numbers)} numbers; there must be as many of both")
            length = len(numbers)
            arguments += [((ctypes.c_float if kind == "floats" else ctypes.c_double) * length)(*numbers) if length else None]
        elif kind == "diffusion_image":
            arguments += [None if value is None else Image.of(value)]
        elif kind == "diffusion_embedding":
            arguments += [None if value is None else Embedding.of(value)]
        elif kind in ("diffusion_result", "diffusion_conditioning"):
            wanted = Result if kind == "diffusion_result" else Conditioning
            if value is not None and not isinstance(value, wanted):
                raise TypeError(f"{keyword} must be a {wanted.__name__}, not {type(value).__name__}")
            arguments += [None if value is None else value._open()]
        elif kind == "flag":
            arguments += [1 if value else 0]
        elif name == "format":
            arguments += [pixel_format(value)]
        elif kind in RANGES:
            arguments += [whole(value, kind, keyword)]
        else:
            arguments += [float(value)]
    return arguments if length is None else [*arguments, length]


def spread(keyword: str, kinds, value) -> list:
    """The values in an argument that may be a tuple of them, with what was left out at the end."""
    several = len(kinds) > 1 and isinstance(value, (tuple, list))
    given = list(value) if several else [value]
    for _, name, default in kinds[len(given):]:
        if default is ...:
            names = ", ".join(name for _, name, _ in kinds)
            raise TypeError(f"{keyword} must be a tuple of {len(kinds)}: {names}")
        given.append(default)
    if len(given) > len(kinds):
        raise TypeError(f"{keyword} takes at most {len(kinds)} values, not {len(given)}")
    return given


def apply(handle: Handle, table: Mapping, settings: Mapping) -> None:
    """Calls the setters that the keyword arguments stand for. None leaves the default."""
    lib = library()
    for keyword, value in settings.items():
        if keyword not in table:
            near = ", ".join(sorted(table))
            raise TypeError(f"there is no setting {keyword!r}; there are {near}")
        if value is None:
            continue
        function, kinds, shape = table[keyword]
        setter = getattr(lib, function.removeprefix("diffusion_"))
        if shape == "switch":
            if value:
                setter(handle)
        elif shape == "keyed":
            if not isinstance(value, Mapping):
                raise TypeError(f"{keyword} must be a mapping from {kinds[0][1]} to {kinds[1][1]}")
            for key, one in value.items():
                setter(handle, *c_arguments(keyword, kinds, [key, *spread(keyword, kinds[1:], one)]))
        elif shape == "many":
            if isinstance(value, (str, bytes, os.PathLike)):
                raise TypeError(f"{keyword} must be a sequence, also of one")
            for one in value:
                setter(handle, *c_arguments(keyword, kinds, spread(keyword, kinds, one)))
        else:
            setter(handle, *c_arguments(keyword, kinds, spread(keyword, kinds, value)))
