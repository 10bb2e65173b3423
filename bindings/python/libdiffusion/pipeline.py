"""Models."""

from __future__ import annotations

import ctypes
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ._abi import OPTIONS, PixelFormat
from ._arguments import apply, pixel_format, whole
from ._library import Handle, created, library, text, texts, utf8
from .conditioning import Conditioning
from .embedding import Embedding, EmbeddingLike, numbers
from .files import Bytes, handed_over
from .image import Image, ImageLike
from .job import Job
from .progress import Callback, CancelToken, Watch
from .request import Request, as_request
from .result import Result
from .stepper import Stepper

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._settings import Options, Settings


def _options(options: dict) -> Handle:
    handle = created("pipeline_options", "pipeline_options_create")
    apply(handle, OPTIONS, options)
    return handle


class Pipeline:
    """An opened model, ready to draw. Threads may share it: what they ask for is drawn in turn.

        with Pipeline("models/demo", provider="cpu") as pipeline:
            pipeline.generate("a red house in the snow", seed=2).image.save("house.png")
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        progress: Callback | None = None,
        cancel: CancelToken | None = None,
        **options: Unpack[Options],
    ):
        path = utf8(folder)
        self._handle: Handle | None = Watch(progress).run(
            "pipeline", "pipeline_open", path, len(path), _options(options), cancel)

    @classmethod
    def start_open(cls, folder: str | os.PathLike[str], **options: Unpack[Options]) -> Job[Pipeline]:
        """Opens a model on a thread of the library: a Job whose result() is the Pipeline, or which is awaited."""
        path = utf8(folder)
        job = created("job", "pipeline_open_start", path, len(path), _options(options))
        return Job(job, "pipeline", cls._of)

    @classmethod
    def open_files(
        cls,
        files: Mapping[str, Bytes],
        *,
        progress: Callback | None = None,
        cancel: CancelToken | None = None,
        **options: Unpack[Options],
    ) -> Pipeline:
        """Opens a model whose files lie in memory: {"unet/model.onnx": bytes, ...}, by the names that they would have below
        its folder. Nothing is written to the disk.

        Values are bytes, memoryviews, mmaps, arrays. Large ones are not copied: they must stay as they are, and are kept, until
        the pipeline is closed and its jobs and steppers are gone.
        """
        return cls._of(Watch(progress).run(
            "pipeline", "pipeline_open_files", handed_over(files), _options(options), cancel))

    @classmethod
    def start_open_files(cls, files: Mapping[str, Bytes], **options: Unpack[Options]) -> Job[Pipeline]:
        """As open_files(), on a thread of the library: a Job whose result() is the Pipeline, or which is awaited."""
        job = created("job", "pipeline_open_files_start", handed_over(files), _options(options))
        return Job(job, "pipeline", cls._of)

    @classmethod
    def _of(cls, handle: Handle) -> Pipeline:
        pipeline = cls.__new__(cls)
        pipeline._handle = handle
        return pipeline

    def _open(self) -> Handle:
        if self._handle is None:
            raise ValueError("the pipeline is closed")
        return self._handle

    def close(self) -> None:
        """Closes the model as soon as nobody draws with it any more."""
        self._handle = None

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_error) -> None:
        self.close()

    def generate(
        self,
        prompt: str | Request | None = None,
        *,
        progress: Callback | None = None,
        cancel: CancelToken | None = None,
        **settings: Unpack[Settings],
    ) -> Result:
        """Draws, and comes back when the pictures are there. Other Python threads run meanwhile, and Ctrl-C stops it.

        `prompt` is a text, or a Request of which the settings change something. `progress` is told how far it is on this
        thread. Cancelled is raised where it or the token stops the work.
        """
        request = as_request(prompt, settings)
        return Result(Watch(progress).run("result", "pipeline_generate", self._open(), request, cancel))

    def start(self, prompt: str | Request | None = None, **settings: Unpack[Settings]) -> Job[Result]:
        """Starts to draw on a thread of the library, and comes back at once: a Job to poll, wait for or await.

        Busy is raised where as many wait already as the option job_queue says.
        """
        request = as_request(prompt, settings)
        return Job(created("job", "job_start", self._open(), request), "result", Result)

    def embed(
        self,
        value: str,
        prompt: str | Request | None = None,
        *,
        progress: Callback | None = None,
        cancel: CancelToken | None = None,
        **settings: Unpack[Settings],
    ) -> Embedding:
        """Computes one of embedding_names, such as "image_embeds", of the pictures and texts in the settings."""
        name = utf8(value)
        request = as_request(prompt, settings)
        return Embedding(
            Watch(progress).run("embedding", "pipeline_embed", self._open(), request, name, len(name), cancel))

    def encode_prompt(
        self,
        prompt: str | Request | None = None,
        *,
        progress: Callback | None = None,
        cancel: CancelToken | None = None,
        **settings: Unpack[Settings],
    ) -> Conditioning:
        """Reads prompts once, for the setting `conditioning` of any number of pictures.

        Of the settings those count that say how prompts are read; and `steps` for prompts that change while they are drawn.
        """
        request = as_request(prompt, settings)
        return Conditioning(
            Watch(progress).run("conditioning", "pipeline_encode_prompt", self._open(), request, cancel))

    def begin(
        self,
        prompt: str | Request | None = None,
        *,
        progress: Callback | None = None,
        cancel: CancelToken | None = None,
        **settings: Unpack[Settings],
    ) -> Stepper:
        """Begins to draw, for a loop of one's own: prompts and pictures are read, the first noise is drawn."""
        request = as_request(prompt, settings)
        return Stepper(Watch(progress).run("stepper", "stepper_begin", self._open(), request, cancel))

    def encode_image(self, image: ImageLike, *, cancel: CancelToken | None = None) -> np.ndarray:
        """The latents of a picture, [1, channels, height, width]. It is not resized: its sides must be multiples of what a
        latent stands for, 8 pixels in most models."""
        return numbers("pipeline_encode_image", self._open(), Image.of(image), cancel)

    def decode_latents(
        self,
        latents: EmbeddingLike,
        index: int = 0,
        *,
        format: PixelFormat | str = PixelFormat.RGB8,
        cancel: CancelToken | None = None,
    ) -> Image:
        """The picture of latents, [pictures, channels, height, width]: the one at `index`."""
        latents, index = Embedding.of(latents), whole(index, "int64_t", "index")
        return Image._owned(created(
            "image", "pipeline_decode_latents", self._open(), latents, index, pixel_format(format), cancel))

    @property
    def info(self) -> dict:
        """Everything about the model: family, layout, defaults, graphs, providers, notes."""
        return json.loads(text(library().pipeline_info_json(self._open())))

    @property
    def family(self) -> str:
        """Such as "stable-diffusion-1"."""
        return text(library().pipeline_family(self._open()))

    @property
    def default_size(self) -> tuple[int, int]:
        """Width and height in pixels where none are set."""
        handle = self._open()
        return library().pipeline_default_width(handle), library().pipeline_default_height(handle)

    @property
    def default_steps(self) -> int:
        return library().pipeline_default_steps(self._open())

    @property
    def default_guidance(self) -> float:
        return library().pipeline_default_guidance(self._open())

    @property
    def default_scheduler(self) -> str:
        return text(library().pipeline_default_scheduler(self._open()))

    @property
    def size_multiple(self) -> int:
        """Width and height must be multiples of this many pixels."""
        return library().pipeline_size_multiple(self._open())

    @property
    def condition_roles(self) -> tuple[str, ...]:
        """The roles of `condition_pictures`, such as "controlnet"."""
        return texts(library().pipeline_condition_role, self._open())

    @property
    def picture_roles(self) -> tuple[str, ...]:
        """The roles of `pictures`, of a model of several stages."""
        return texts(library().pipeline_picture_role, self._open())

    @property
    def stage_names(self) -> tuple[str, ...]:
        """The stages of `stage_steps` and its sisters, of a model of several stages."""
        return texts(library().pipeline_stage_name, self._open())

    @property
    def class_names(self) -> tuple[str, ...]:
        """What `class_name` may be, where the model's classes have names."""
        return texts(library().pipeline_class_name, self._open())

    @property
    def class_count(self) -> int:
        """How many classes there are for `class_label`, counted from 0."""
        return library().pipeline_class_count(self._open())

    @property
    def embedding_names(self) -> tuple[str, ...]:
        """What embed() computes and `embeddings` takes."""
        return texts(library().pipeline_embedding_name, self._open())

    @property
    def attributes(self) -> tuple[str, ...]:
        """What `edits` may change."""
        return texts(library().pipeline_attribute, self._open())

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what was recognised in the folder and why."""
        return texts(library().pipeline_note, self._open())

    def __repr__(self) -> str:
        return "<Pipeline, closed>" if self._handle is None else f"<Pipeline {self.family}>"


class MemoryEstimate(NamedTuple):
    """A weak hint of how many bytes a model takes. Drawing takes more, which grows with the size of the pictures."""

    opening: int
    """At most, while it is opened."""
    open: int
    """Once it is open."""


def estimate_memory(folder: str | os.PathLike[str], **options: Unpack[Options]) -> MemoryEstimate:
    """What opening a model with these options takes, as the CPU holds it. Only the graphs' heads are read."""
    path = utf8(folder)
    opening, open = ctypes.c_uint64(), ctypes.c_uint64()
    library().estimate_memory(path, len(path), _options(options), ctypes.byref(opening), ctypes.byref(open))
    return MemoryEstimate(opening.value, open.value)
