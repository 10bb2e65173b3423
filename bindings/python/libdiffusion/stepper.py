"""A loop of one's own."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import numpy as np

from ._abi import Status
from ._library import Handle, library
from .embedding import Embedding, EmbeddingLike, numbers
from .errors import Busy, Unsupported
from .progress import Callback, CancelToken, Watch
from .result import Result


class Stepper:
    """A generation underway, which draws what Pipeline.generate() draws, one denoiser evaluation after the other.

        with pipeline.begin("a red house", seed=2) as stepper:
            for step in stepper:
                print(step, "of", stepper.step_count)
            stepper.finish().image.save("house.png")

    Between two calls the pipeline is free for others, and several steppers may be underway. One thread at a time uses a
    stepper, and no progress callback of its own does: Busy is raised otherwise. It keeps the model open until it is closed,
    or nobody has it any more.
    """

    def __init__(self, handle: Handle):
        """For this package; programs use Pipeline.begin()."""
        self._handle: Handle | None = handle
        self._turn = threading.Lock()
        self._count: int = library().stepper_step_count(handle)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[Handle]:
        """The handle, for one call at a time: C does not look after that itself."""
        if not self._turn.acquire(blocking=False):
            raise Busy("the stepper is in use, by another thread or by the call that this callback belongs to", Status.BUSY)
        try:
            if self._handle is None:
                raise ValueError("the stepper is closed")
            yield self._handle
        finally:
            self._turn.release()

    def close(self) -> None:
        """Lets go of the generation as soon as no call of it runs."""
        self._handle = None

    def __enter__(self) -> Stepper:
        return self

    def __exit__(self, *_error) -> None:
        self.close()

    @property
    def step_count(self) -> int:
        """How many evaluations there are; solvers of higher order take several a step."""
        return self._count

    @property
    def step(self) -> int:
        """How many of them are made."""
        with self._alone() as handle:
            return library().stepper_step(handle)

    @property
    def timestep(self) -> float | None:
        """The timestep of the next evaluation, as the scheduler counts it; None when none is left."""
        with self._alone() as handle:
            timestep = library().stepper_timestep(handle)
        return None if timestep < 0 else timestep

    def advance(self, *, progress: Callback | None = None, cancel: CancelToken | None = None) -> None:
        """Makes the next evaluation; InvalidArgument when none is left.

        After Cancelled by the token it is not made, and can be made again; a callback that stops has seen it made.
        """
        with self._alone() as handle:
            Watch(progress).call("stepper_advance", handle, cancel)

    def __iter__(self) -> Iterator[int]:
        """Makes the evaluations that are left, one in each turn of the loop, which is told how many are made."""
        while self.step < self.step_count:
            self.advance()
            yield self.step

    @property
    def latents(self) -> np.ndarray:
        """The latents as they are now, [pictures, channels, height, width], in the scheduler's scale. A copy: setting them
        goes on with others of that shape, as in `stepper.latents += noise`."""
        with self._alone() as handle:
            return numbers("stepper_latents", handle)

    @latents.setter
    def latents(self, latents: EmbeddingLike) -> None:
        with self._alone() as handle:
            library().stepper_set_latents(handle, Embedding.of(latents))

    @property
    def clean_latents(self) -> np.ndarray | None:
        """What the latest evaluation took the finished latents to be, for a preview by Pipeline.decode_latents(). None where
        that is not known: before the first and after the last evaluation, where other latents were set since, and for a few
        models always."""
        with self._alone() as handle:
            try:
                return numbers("stepper_clean_latents", handle)
            except Unsupported:
                return None

    def finish(self, *, progress: Callback | None = None, cancel: CancelToken | None = None) -> Result:
        """Makes pictures of the latents as they are: finished when no evaluation is left, noisy before. May come again."""
        with self._alone() as handle:
            return Result(Watch(progress).run("result", "stepper_finish", handle, cancel))

    def __repr__(self) -> str:
        return "<Stepper, closed>" if self._handle is None else f"<Stepper of {self.step_count} evaluations>"
