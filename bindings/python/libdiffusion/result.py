"""What a generation gives."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Sequence

import numpy as np

from ._library import Handle, library, text, texts
from .embedding import numbers
from .image import Image


class Result(Sequence):
    """The pictures of one generation: a sequence of Image, with the settings that made them.

    It needs no closing: its memory goes when neither it nor one of its pictures nor an array of them is used any more.
    close() lets go of it earlier.
    """

    def __init__(self, handle: Handle):
        """For this package; programs use Pipeline.generate()."""
        self._handle: Handle | None = handle

    def _open(self) -> Handle:
        if self._handle is None:
            raise ValueError("the result is closed")
        return self._handle

    def close(self) -> None:
        """Lets go of the pictures; those that are in use elsewhere stay."""
        self._handle = None

    def __enter__(self) -> Result:
        return self

    def __exit__(self, *_error) -> None:
        self.close()

    def __len__(self) -> int:
        return library().result_count(self._open())

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        handle = self._open()
        index = index + len(self) if index < 0 else index
        if not 0 <= index < len(self):
            raise IndexError(f"there are {len(self)} pictures")
        pointer = ctypes.c_void_p()
        library().result_image(handle, index, ctypes.byref(pointer))
        return Image(pointer.value, handle)

    @property
    def image(self) -> Image:
        """The first picture."""
        return self[0]

    @property
    def seed(self) -> int:
        """The seed that was used, also where none was set."""
        return library().result_seed(self._open())

    def seed_of(self, index: int) -> int:
        """The seed that draws a picture again; see the setting seed_mode."""
        return library().result_image_seed(self._open(), index)

    def flagged(self, index: int = 0) -> bool | None:
        """Whether the safety checker flagged a picture; None where it was not asked."""
        return {0: False, 1: True}.get(library().result_flagged(self._open(), index))

    @property
    def latents(self) -> np.ndarray:
        """What the pictures were decoded from, [pictures, channels, height, width], a copy: for the setting init_latents,
        or to decode again."""
        return numbers("result_latents", self._open())

    @property
    def settings(self) -> dict:
        """Every setting with every default filled in."""
        return json.loads(text(library().result_settings_json(self._open())))

    @property
    def timings(self) -> dict:
        """Where the time went, in milliseconds."""
        return json.loads(text(library().result_timings_json(self._open())))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What may surprise, such as words that did not fit the text encoder."""
        return texts(library().result_warning, self._open())

    def __repr__(self) -> str:
        return "<Result, closed>" if self._handle is None else f"<Result of {len(self)}, seed {self.seed}>"
