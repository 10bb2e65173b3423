"""What to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._abi import REQUEST_SETTINGS
from ._arguments import apply
from ._library import Handle, created, library

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._settings import Settings


class Request:
    """What to draw, for more than one call: Request("a red house", seed=2, steps=20). It never changes.

    What is left out, or None, is at the model's own default. A value that cannot be is an InvalidArgument at once; what
    only a model can know is checked when drawing starts.
    """

    def __init__(self, prompt: str | None = None, **settings: Unpack[Settings]):
        if prompt is not None:
            settings = {"prompt": prompt, **settings}
        self.settings = dict(settings)
        handle = created("request", "request_create")
        apply(handle, REQUEST_SETTINGS, settings)
        self._as_parameter_: Handle = handle

    def replace(self, **changes: Unpack[Settings]) -> Request:
        """The same with some settings changed; None puts one back to its default."""
        return Request(**{**self.settings, **changes})

    def validate(self) -> None:
        """Checks everything that can be checked without a model, also what settings say together."""
        library().request_validate(self)

    def __repr__(self) -> str:
        return f"Request({', '.join(f'{name}={value!r}' for name, value in self.settings.items())})"


def as_request(prompt: str | Request | None, settings: dict) -> Request:
    """A prompt with settings, or a request with changes, as a request."""
    if isinstance(prompt, Request):
        return prompt.replace(**settings) if settings else prompt
    return Request(prompt, **settings)
