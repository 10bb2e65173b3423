"""Finding libdiffusion and calling it."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
import threading
from pathlib import Path

from . import _abi
from .errors import LibraryError, error_of

ENVIRONMENT = "LIBDIFFUSION_LIBRARY"
NAMES = {
    "win32": ["diffusion.dll"],
    "darwin": ["libdiffusion.0.dylib", "libdiffusion.dylib"],
}.get(sys.platform, ["libdiffusion.so.0", "libdiffusion.so"])


class Library:
    """The loaded library. `library.request_create(...)` calls diffusion_request_create(), and raises where it fails."""

    def __init__(self, name: str):
        self.path = name
        self._dll = ctypes.CDLL(name)
        try:
            self._dll.diffusion_version_number
        except AttributeError:
            raise LibraryError(f"{name} is not libdiffusion: it has no function diffusion_version_number") from None
        version = text(self.version_string())
        major, minor, patch = (int(part) for part in _abi.VERSION.split("."))
        if self.version_number() < major * 1_000_000 + minor * 1_000 + patch:
            raise LibraryError(f"{name} is libdiffusion {version}; this package needs {_abi.VERSION} or later")

    def __getattr__(self, name: str):
        returns, takes = _abi.FUNCTIONS[f"diffusion_{name}"]
        try:
            function = getattr(self._dll, f"diffusion_{name}")
        except AttributeError:
            raise LibraryError(f"{self.path} has no function diffusion_{name}; this package is newer than it") from None
        function.argtypes = takes
        if returns is _abi.Status:
            function.restype = ctypes.c_int32
            if name != "last_error_status":
                function.errcheck = self._check
        else:
            function.restype = returns
        setattr(self, name, function)
        return function

    def _check(self, status, _function, _arguments):
        if status != _abi.Status.OK:
            raise error_of(status, text(self.last_error_message()))
        return status


lent: dict = {}
"""What the library reads where it lies: where it writes a number once it needs it no more, and what is kept until then."""
# Threads of the library may still read, and write that number, when Python ends and frees everything else.
ctypes.pythonapi.Py_IncRef(ctypes.py_object(lent))


def settle(kept=lent) -> None:
    """Lets go of what the library needs no more."""
    for key, (released, _) in list(kept.items()):
        if released.value:
            kept.pop(key, None)


class Handle:
    """An object of the library; whoever still needs it holds a reference, and the last one gives it back."""

    __slots__ = ("_as_parameter_", "_destroy", "__weakref__")

    def __init__(self, pointer: int, destroy):
        self._as_parameter_ = pointer
        self._destroy = destroy

    def __del__(self, kept=lent, settle=settle):  # names of the module are gone when Python ends
        self._destroy(self._as_parameter_)
        if kept:
            settle()


def created(kind: str, function: str, *arguments) -> Handle:
    """What a function makes with these arguments and an out-parameter behind them: a handle of this kind."""
    lib = library()
    destroy = getattr(lib, f"{kind}_destroy")
    pointer = ctypes.c_void_p()
    getattr(lib, function)(*arguments, ctypes.byref(pointer))
    return Handle(pointer.value, destroy)


def text(value: bytes | None) -> str:
    """A text of the library."""
    return (value or b"").decode("utf-8")


def utf8(value) -> bytes:
    """A text or path for the library, which says itself what is wrong with one that is no UTF-8."""
    value = os.fspath(value)
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


def texts(function, *arguments) -> tuple[str, ...]:
    """A list of the library, whose end is NULL or an empty text."""
    found = []
    while one := function(*arguments, len(found)):
        found.append(text(one))
    return tuple(found)


def _open(place: str | os.PathLike, who: str) -> Library:
    """The library at a path that somebody gave: a file, or a folder that holds it."""
    path = Path(place)
    candidates = [path / name for name in NAMES] if path.is_dir() else [path]
    for candidate in candidates:
        if candidate.is_file():
            try:
                return Library(str(candidate.absolute()))
            except OSError as error:
                raise LibraryError(f"libdiffusion cannot be loaded from {candidate}, as {who} says: {error}") from error
    looked = " or ".join(map(str, candidates))
    raise LibraryError(f"libdiffusion is not where {who} says: there is no file {looked}")


def _search() -> Library:
    """The library where nobody said which: the environment, beside the package, the system's."""
    if place := os.environ.get(ENVIRONMENT):
        return _open(place, f"the environment variable {ENVIRONMENT}")
    package = Path(__file__).resolve().parent
    for folder in (package, package.parent):
        if any((folder / name).is_file() for name in NAMES):
            return _open(folder, "its place beside the package")
    found = ctypes.util.find_library("diffusion")
    for name in [*NAMES, *([found] if found else [])]:
        try:
            return Library(name)
        except OSError:
            continue
    raise LibraryError(
        f"libdiffusion was not found: neither does the environment variable {ENVIRONMENT} name it, nor is "
        f"{' or '.join(NAMES)} in {package} or where the system looks; libdiffusion.load(PATH) takes a path")


_lock = threading.Lock()
_loaded: Library | None = None


def load(path: str | os.PathLike | None = None) -> str:
    """Loads libdiffusion now, and says which file it is. Optional: the first use does it.

    `path` is the library or a folder that holds it. None: the environment variable LIBDIFFUSION_LIBRARY, then beside
    this package, then the system's. Once it is loaded it stays: another path is then an error.
    """
    global _loaded
    with _lock:
        if _loaded is None:
            _loaded = _search() if path is None else _open(path, "load()")
        elif path is not None:
            wanted = Path(path)
            files = [wanted / name for name in NAMES] if wanted.is_dir() else [wanted]
            if Path(_loaded.path).resolve() not in [file.resolve() for file in files]:
                raise LibraryError(f"{_loaded.path} is loaded already, so {path} cannot be; call load() first of all")
        return _loaded.path


def library() -> Library:
    """The library, loaded."""
    if _loaded is None:
        load()
    return _loaded
