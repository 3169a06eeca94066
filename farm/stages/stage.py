"""The seam of a stage: files in, parameters, files and facts out.

A stage is safe to run twice and knows neither queue nor database nor Ray: all it may touch is its inputs (read only),
its scratch folder and what its `Context` offers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import JsonValue

from farm.models.enhance.spec import Enlarger, Retimer
from farm.models.spec import Gang, Model
from farm.tasks import FileClass

if TYPE_CHECKING:
    from farm.delivery.identity import Identity
    from farm.models.spec import Frame


@dataclass(frozen=True, slots=True)
class Output:
    """One file a stage leaves, and what it is for. The file's own name is kept in the clip store."""

    path: Path
    file_class: FileClass


@dataclass(frozen=True, slots=True)
class Outputs:
    """Everything a stage leaves: files by output name, and JSON-able facts."""

    files: Mapping[str, Output]
    facts: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])


class Context(Protocol):
    """What a stage may ask of the attempt it runs in."""

    @property
    def scratch(self) -> Path:
        """An empty folder of this attempt's own, gone when it ends."""
        ...

    @property
    def threads(self) -> int:
        """How many threads to use."""
        ...

    @property
    def gang(self) -> Gang:
        """The ranks of this worker: itself alone, but for a lane of gangs."""
        ...

    def model(self, name: str) -> Model:
        """The loaded model of that name."""
        ...

    def upscaler(self, name: str, revision: str) -> Enlarger:
        """The upscaler of that name, ready. Raises `InputError` where this machine has none, or another revision."""
        ...

    def interpolator(self, name: str, revision: str) -> Retimer:
        """The interpolator of that name, ready. Raises `InputError` as `upscaler` does."""
        ...

    def identity(self) -> Identity:
        """Whose signature deliverables carry. Raises `InputError` where the one that is set cannot sign."""
        ...

    def progress(self, fraction: float) -> None:
        """How much is done, 0-1. Cheap; call it as often as you like."""
        ...

    def check(self) -> None:
        """Raise `Cancelled` when the attempt should stop."""
        ...

    def release(self) -> None:
        """The worker's model is not used any more: another attempt may begin while this one writes its files."""
        ...

    @property
    def lean(self) -> int:
        """How often this task ran out of memory before."""
        ...

    def preview(self, picture: Frame) -> None:
        """A glimpse of what is being made."""
        ...

    def fact(self, name: str, value: JsonValue) -> None:
        """Keep a JSON-able fact of how this was made."""
        ...

    def journal(self, name: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write a note once per task, and give back the note that stands: this one, or an earlier attempt's."""
        ...


class Stage(Protocol):
    """A stage's `run`."""

    def __call__(self, inputs: Mapping[str, Path], params: Any, ctx: Context) -> Outputs: ...
