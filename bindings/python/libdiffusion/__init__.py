"""Text in, picture out: libdiffusion for Python.

    import libdiffusion

    with libdiffusion.Pipeline("models/demo") as pipeline:
        result = pipeline.generate("a red house in the snow at night", seed=42)
        result.image.save("house.png")
        pixels = result.image.array  # (height, width, 3), uint8, without copying
"""

from ._abi import VERSION as __version__
from ._abi import JobState, LogLevel, Phase, PixelFormat, Status
from ._library import load
from .conditioning import Conditioning, EncodedText
from .embedding import Embedding
from .errors import (
    BadModel,
    Busy,
    Cancelled,
    Error,
    InvalidArgument,
    LibraryError,
    OutOfMemory,
    RuntimeMissing,
    Unsupported,
)
from .image import Image
from .job import Job
from .pipeline import MemoryEstimate, Pipeline, estimate_memory
from .progress import CancelToken, Progress
from .request import Request
from .result import Result
from .stepper import Stepper
from .system import initialize_runtime, log_to, names, runtime_info, use_api_base, version

__all__ = [
    "BadModel",
    "Busy",
    "CancelToken",
    "Cancelled",
    "Conditioning",
    "Embedding",
    "EncodedText",
    "Error",
    "Image",
    "InvalidArgument",
    "Job",
    "JobState",
    "LibraryError",
    "LogLevel",
    "MemoryEstimate",
    "OutOfMemory",
    "Phase",
    "Pipeline",
    "PixelFormat",
    "Progress",
    "Request",
    "Result",
    "RuntimeMissing",
    "Status",
    "Stepper",
    "Unsupported",
    "__version__",
    "estimate_memory",
    "initialize_runtime",
    "load",
    "log_to",
    "names",
    "runtime_info",
    "use_api_base",
    "version",
]
