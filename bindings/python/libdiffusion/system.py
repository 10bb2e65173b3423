"""What there is: versions, names, ONNX Runtime, the log."""

from __future__ import annotations

import atexit
import ctypes
import json
import logging
import os
from typing import Callable, Union

from ._abi import FUNCTIONS, Finalizer, LogCallback, LogLevel
from ._library import library, text, texts, utf8

LEVELS = {
    LogLevel.ERROR: logging.ERROR,
    LogLevel.WARN: logging.WARNING,
    LogLevel.INFO: logging.INFO,
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.TRACE: logging.DEBUG - 5,
}
# The callback that the library has; it must live for as long as that.
_logging: list = []


def version() -> str:
    """The version of the library that is running."""
    return text(library().version_string())


def names(kind: str) -> tuple[str, ...]:
    """The names that a setting may have: names("scheduler"), names("sigma_schedule"), names("provider"), ..."""
    kinds = [
        name.removeprefix("diffusion_").removesuffix("_name")
        for name, (_, takes) in FUNCTIONS.items()
        if name.endswith("_name") and takes == [ctypes.c_int64]
    ]
    if kind not in kinds:
        raise ValueError(f"there are no names of {kind!r}; there are those of {', '.join(kinds)}")
    return texts(getattr(library(), f"{kind}_name"))


def initialize_runtime(path: str | os.PathLike[str] | None = None) -> None:
    """Loads ONNX Runtime now, from its library or a folder that holds it. Optional: the first Pipeline does it."""
    data = None if path is None else utf8(path)
    library().runtime_initialize(data, len(data or b""))


def use_api_base(address: int) -> None:
    """Uses the ONNX Runtime that the program has loaded itself: the address that its OrtGetApiBase() returned. Must come
    before everything else that loads one; its library must stay loaded.

        mine = ctypes.CDLL("libonnxruntime.so.1")
        mine.OrtGetApiBase.restype = ctypes.c_void_p
        libdiffusion.use_api_base(mine.OrtGetApiBase())
    """
    library().runtime_use_api_base(address)


def runtime_info() -> dict:
    """ONNX Runtime's version, library and providers; loads it where that has not happened."""
    out = ctypes.c_char_p()
    library().runtime_info_json(ctypes.byref(out))
    return json.loads(text(out.value))


def log_to(
    target: Union[logging.Logger, Callable[[LogLevel, str, str], None], None], level: LogLevel = LogLevel.WARN
) -> None:
    """Sends the library's messages to a logger of Python's, or to a function of (level, part of the library, message),
    on whichever thread logs. None ends it. One target a process; before this, nothing is logged.
    """

    def report(number, part, message, _user_data):
        try:
            if isinstance(target, logging.Logger):
                target.log(LEVELS.get(number, logging.DEBUG), "%s: %s", text(part), text(message))
            else:
                target(LogLevel(number), text(part), text(message))
        except Exception:  # must not go through C
            logging.getLogger("libdiffusion").exception("the log's target failed")

    callback = LogCallback() if target is None else LogCallback(report)
    library().set_log_callback(callback, int(level), None, Finalizer())
    if not _logging:
        atexit.register(log_to, None)  # Python is gone before the library's threads are
    # A message may still be on its way to an earlier one, so all are kept.
    _logging.append(callback)
