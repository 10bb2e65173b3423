"""Embeddings: numbers that models understand, such as the code of a picture, or latents."""

from __future__ import annotations

import ctypes
from typing import Union

import numpy as np

from ._library import Handle, created, library

EmbeddingLike = Union["Embedding", np.ndarray]
"""What may be given wherever an embedding is asked for."""


class Embedding:
    """Numbers that a model understands. It never changes, so threads may share it."""

    def __init__(self, handle: Handle):
        """For this package; programs use Pipeline.embed() and from_array()."""
        self._as_parameter_ = handle

    @classmethod
    def from_array(cls, array) -> Embedding:
        """An embedding of numbers of one's own, a row for each picture; they are copied."""
        array = np.ascontiguousarray(array, np.float32)
        shape = (ctypes.c_int64 * array.ndim)(*array.shape)
        return cls(created("embedding", "embedding_create", array.ctypes.data, array.size, shape, array.ndim))

    @classmethod
    def of(cls, value: EmbeddingLike) -> Embedding:
        """An embedding or an array as an embedding."""
        return value if isinstance(value, Embedding) else cls.from_array(value)

    @property
    def shape(self) -> tuple[int, ...]:
        lib = library()
        rank = lib.embedding_rank(self)
        return tuple((ctypes.c_int64 * rank).from_address(lib.embedding_shape(self)))

    @property
    def array(self) -> np.ndarray:
        """The numbers, without copying: read-only, and alive for as long as anybody has it."""
        lib = library()
        memory = (ctypes.c_float * lib.embedding_count(self)).from_address(lib.embedding_values(self))
        memory._owner = self._as_parameter_
        array = np.frombuffer(memory, np.float32).reshape(self.shape)
        array.flags.writeable = False
        return array

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        array = self.array if dtype is None else self.array.astype(dtype, copy=False)
        return array.copy() if copy else array

    def lerp(self, to: Embedding, at: float) -> Embedding:
        """The embedding at `at`, 0 to 1, on the straight line to another: for diffusion autoencoders' codes."""
        return Embedding(created("embedding", "embedding_lerp", self, Embedding.of(to), at))

    def slerp(self, to: Embedding, at: float) -> Embedding:
        """The embedding at `at`, 0 to 1, on the arc to another: for CLIP's embeddings, and for noise."""
        return Embedding(created("embedding", "embedding_slerp", self, Embedding.of(to), at))

    def mixed(self, weight: float, other: Embedding, other_weight: float) -> Embedding:
        """The sum of both by their weights: several pictures and texts as one."""
        return Embedding(created("embedding", "embedding_weighted_sum", self, weight, Embedding.of(other), other_weight))

    def difference(self, after: Embedding) -> Embedding:
        """The direction from this text embedding to another, for turned()."""
        return Embedding(created("embedding", "embedding_difference", self, Embedding.of(after)))

    def turned(self, difference: Embedding, at: float) -> Embedding:
        """This picture's embedding turned towards a difference of texts by a part of the angle, usually 0.25 to 0.5."""
        return Embedding(created("embedding", "embedding_turn", self, Embedding.of(difference), at))

    def __repr__(self) -> str:
        return f"<Embedding {' x '.join(map(str, self.shape))}>"


def numbers(function: str, *arguments) -> np.ndarray:
    """The embedding that a function makes, as an array of the caller's own, to read and to change."""
    return Embedding(created("embedding", function, *arguments)).array.copy()
