"""Prompts that are read once, for any number of pictures."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._arguments import whole
from ._library import Handle, created, library, text
from .embedding import Embedding, EmbeddingLike, numbers


class EncodedText(NamedTuple):
    """A text of a Conditioning, once for every text encoder that read it."""

    encoder: str
    """Who read it, such as "text_encoder_2"."""
    text: str
    negative: bool
    """Whether it says what the picture should not show."""


class Conditioning:
    """What a pipeline's text encoders made of prompts, for requests to that pipeline. It never changes; threads may share it.

        with pipeline.encode_prompt("a red house") as conditioning:
            pictures = [pipeline.generate(conditioning=conditioning, seed=seed).image for seed in range(4)]

    It needs no closing, and does not keep the pipeline open. Requests that have it keep what they need.
    """

    def __init__(self, handle: Handle):
        """For this package; programs use Pipeline.encode_prompt()."""
        self._handle: Handle | None = handle

    def _open(self) -> Handle:
        if self._handle is None:
            raise ValueError("the conditioning is closed")
        return self._handle

    def close(self) -> None:
        """Lets go of it earlier than its last use does."""
        self._handle = None

    def __enter__(self) -> Conditioning:
        return self

    def __exit__(self, *_error) -> None:
        self.close()

    @property
    def texts(self) -> tuple[EncodedText, ...]:
        """What was read; its places are the indices of states(), pooled() and with_states()."""
        lib, handle = library(), self._open()
        return tuple(
            EncodedText(
                text(lib.conditioning_encoder(handle, index)),
                text(lib.conditioning_text(handle, index)),
                lib.conditioning_is_negative(handle, index) == 1,
            )
            for index in range(lib.conditioning_count(handle)))

    def states(self, index: int) -> np.ndarray:
        """What the encoder made of a text, [tokens, width]: a copy, to be changed and handed to with_states()."""
        return numbers("conditioning_states", self._open(), whole(index, "int64_t", "index"))

    def pooled(self, index: int) -> np.ndarray:
        """The text as one vector, [1, width], a copy; Unsupported where its encoder gives none."""
        return numbers("conditioning_pooled", self._open(), whole(index, "int64_t", "index"))

    def with_states(
        self, index: int, states: EmbeddingLike | None = None, pooled: EmbeddingLike | None = None
    ) -> Conditioning:
        """The same with other numbers for a text, such as a mix of two prompts. What is None stays."""
        given = [None if one is None else Embedding.of(one) for one in (states, pooled)]
        return Conditioning(created(
            "conditioning", "conditioning_with_states", self._open(), whole(index, "int64_t", "index"), *given))

    def __repr__(self) -> str:
        return "<Conditioning, closed>" if self._handle is None else f"<Conditioning of {len(self.texts)} texts>"
