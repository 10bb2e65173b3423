"""Being told how far the work is, and stopping it."""

from __future__ import annotations

import contextlib
import signal
import threading
from dataclasses import dataclass
from typing import Callable, Optional, Union

from ._abi import Phase, ProgressCallback
from ._library import created, library, text
from .errors import known
from .image import Image, copied


@dataclass(frozen=True)
class Progress:
    """How far the work is. A phase reports first with `step` 0 and last with `step` equal to `steps`."""

    phase: Union[Phase, int]
    step: int
    steps: int
    preview: Optional[Image] = None
    """Where the request asks for previews, a picture of what is not finished yet; it may be kept."""
    preview_index: int = 0
    """Which picture of the request the preview is of."""

    @property
    def phase_name(self) -> str:
        """A word for people, such as "denoising"."""
        return text(library().phase_name(int(self.phase)))


Callback = Callable[[Progress], Optional[bool]]
"""Is told how far the work is; False stops it, and so does an exception, which the call then raises."""


class Watch:
    """A callback as C calls it. There is one in every call, so that Ctrl-C is seen between two steps."""

    def __init__(self, callback: Callback | None):
        self.callback = callback
        self.error: BaseException | None = None
        self.function = ProgressCallback(self._report)

    def _report(self, pointer, _user_data) -> int:
        try:
            if self.error is None and self.callback is not None:
                report = pointer.contents
                preview = copied(report.preview) if report.preview else None
                progress = Progress(known(Phase, report.phase), report.step, report.steps, preview, report.preview_index)
                if self.callback(progress) is False:
                    return 1
        except BaseException as error:  # must not go through C; run() raises it
            self.error = error
        return 0 if self.error is None else 1

    @contextlib.contextmanager
    def _interrupts(self):
        """Ctrl-C stops the work instead of raising: Python raises as soon as the callback begins, before any `try`, and
        ctypes would swallow that. Handlers that the program has set itself are left alone."""
        is_main = threading.current_thread() is threading.main_thread()
        if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            yield
            return

        def interrupt(_number, _frame):
            self.error = KeyboardInterrupt()

        signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def run(self, kind: str, function: str, *arguments):
        """A call that reports: what it makes, or the callback's own exception."""
        return self._watched(lambda: created(kind, function, *arguments, self.function, None))

    def call(self, function: str, *arguments) -> None:
        """The same for a call that makes nothing."""
        self._watched(lambda: getattr(library(), function)(*arguments, self.function, None))

    def _watched(self, work: Callable):
        try:
            with self._interrupts():
                made = work()
        except BaseException:
            if self.error is not None:
                raise self.error from None
            raise
        finally:
            self.function = None  # a cycle otherwise
        if self.error is not None:
            raise self.error
        return made


class CancelToken:
    """Says stop to the calls that were given it, from any thread; one that starts later stops at once."""

    def __init__(self):
        self._as_parameter_ = created("cancel_token", "cancel_token_create")

    def cancel(self) -> None:
        """Stops the calls as soon as can be, in the middle of a graph too."""
        library().cancel_token_cancel(self)

    def reset(self) -> None:
        """Makes the token usable again. Wait first for the calls that it stops."""
        library().cancel_token_reset(self)

    @property
    def cancelled(self) -> bool:
        return library().cancel_token_is_cancelled(self)
