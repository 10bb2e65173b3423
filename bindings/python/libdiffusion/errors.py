"""What goes wrong: one exception class for each way in which a program goes on differently."""

from __future__ import annotations

from ._abi import Status


class Error(Exception):
    """A call of the library failed. Its text is the library's own sentence: what is wrong and what is allowed.

    `status` is the Status, or None where the library could not be loaded.
    """

    def __init__(self, message: str, status: Status | int | None = None):
        super().__init__(message)
        self.status = status


class LibraryError(Error):
    """libdiffusion itself was not found, or does not fit this package."""


class InvalidArgument(Error, ValueError):
    """A value is out of its range, or a name is not known."""


class Cancelled(Error):
    """A cancel token or a job was cancelled, or a callback returned False."""


class Busy(Error):
    """In use by another call, or a job is not done yet. Try again later."""


class Unsupported(Error):
    """The request is sound, but this model or this version of the library cannot do it."""


class BadModel(Error):
    """The model's folder is incomplete, damaged or contradictory."""


class RuntimeMissing(Error):
    """ONNX Runtime's library was not found, is damaged, or is too old."""


class OutOfMemory(Error, MemoryError):
    """Memory ran out, on the host or on the device."""


CLASSES = {
    Status.INVALID_ARGUMENT: InvalidArgument,
    Status.INVALID_UTF8: InvalidArgument,
    Status.BAD_MODEL: BadModel,
    Status.UNSUPPORTED: Unsupported,
    Status.RUNTIME_MISSING: RuntimeMissing,
    Status.OUT_OF_MEMORY: OutOfMemory,
    Status.CANCELLED: Cancelled,
    Status.BUSY: Busy,
}


def known(enumeration, number: int):
    """The member for a number, or the number itself where a newer library knows more than this package."""
    try:
        return enumeration(number)
    except ValueError:
        return number


def error_of(status: int, message: str) -> Error:
    """The exception for a status."""
    status = known(Status, status)
    return CLASSES.get(status, Error)(message or f"the library returned status {int(status)}", status)
