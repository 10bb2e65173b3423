"""Handing over a model's files that lie in memory."""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Mapping
from typing import Any, Union

import numpy as np

from ._abi import ReleaseCallback
from ._library import Handle, created, lent, library, utf8

Bytes = Union[bytes, bytearray, memoryview, Any]
"""Whatever has a contiguous buffer: bytes, a memoryview, an mmap, an array."""

# Fewer bytes than this are copied: lending them would save nothing worth the trouble.
COPIED = 65536


@functools.lru_cache(maxsize=None)
def _release() -> ReleaseCallback:
    """What the library calls when it needs lent bytes no more: C's own time(), which writes a number that is not 0 to where
    it is told. A thread of the library may call it after Python has ended, when a Python function would end the process."""
    clock = ctypes.CDLL("ucrtbase")._time64 if sys.platform == "win32" else ctypes.CDLL(None).time
    return ReleaseCallback(ctypes.cast(clock, ctypes.c_void_p).value)


def handed_over(files: Mapping[str, Bytes]) -> Handle:
    """The files as the library knows them. It keeps what was lent by itself; the handle is needed for opening only."""
    if not isinstance(files, Mapping):
        raise TypeError(f"files must be a mapping from names to bytes, not {type(files).__name__}")
    lib = library()
    handle = created("model_files", "model_files_create")
    for name, data in files.items():
        path = utf8(name)
        view = memoryview(data).cast("B")
        if view.nbytes < COPIED:
            lib.model_files_add_copy(handle, path, len(path), bytes(view), view.nbytes)
            continue
        array = np.frombuffer(view, np.uint8)  # knows the address, also of what is read-only
        released = ctypes.c_int64()
        lent[id(released)] = released, array
        try:
            lib.model_files_add_borrowed(
                handle, path, len(path), array.ctypes.data, array.nbytes, _release(), ctypes.addressof(released))
        except BaseException:
            del lent[id(released)]
            raise
    return handle
