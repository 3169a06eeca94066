"""The seam of models that make sound for a picture, and the ones known.

    SoundModel.open(placement) ─▶ SoundMaker   picture + words ─▶ samples as long as the picture

What one makes is a take's own sound: it lies under what the shot brings, and is levelled with it. A row here says what
a model is; it can be asked for once its `entry` names an adapter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from farm.errors import InputError
from farm.models.gang import named
from farm.models.spec import GenerateContext, Placement, Sound


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundSpec:
    """What planning needs to know of a model that makes sound, as data."""

    name: str
    title: str
    licence: str
    """Of the weights: SPDX, or a name the project's allow-list can hold."""
    rate: int
    """Samples a second."""
    longest_s: float
    """What it was trained on, in seconds; longer pictures are made in parts."""
    needs_words: bool = False
    gpus: int = 1
    entry: str = ""
    """ "module:ATTRIBUTE" of its `SoundModel`; "" while there is none."""


class SoundMaker(Protocol):
    """A model at work."""

    def sound(self, picture: Path, words: str, seed: int, ctx: GenerateContext) -> Sound:
        """The sound of a movie on this machine, as long as it, as `words` describe it ("" for none).

        The same request gives the same samples. Raises `InputError`, `OutOfMemory`, or `Cancelled` through `ctx.check`.
        """
        ...


class SoundModel(Protocol):
    """A model that makes sound. All but `open` is read without weights and without torch."""

    @property
    def spec(self) -> SoundSpec: ...

    @property
    def revision(self) -> str:
        """Changes whenever equal pictures may sound otherwise; part of the task's id."""
        ...

    def open(self, placement: Placement) -> SoundMaker:
        """Ready to work. Raises `InputError`, naming file and remedy, for weights that cannot be used."""
        ...


SOUND_MODELS: Mapping[str, SoundSpec] = {
    spec.name: spec
    for spec in (
        SoundSpec(
            name="mmaudio",
            title="MMAudio large 44.1 kHz v2: sound from picture and words",
            licence="CC-BY-NC-4.0",
            rate=44_100,
            longest_s=8.0,
        ),
    )
}
"""By name."""


def sound_model(name: str) -> SoundModel:
    """The model of that name. `InputError` says which are known, and of which of them this farm has no adapter."""
    spec = SOUND_MODELS.get(name)
    if spec is None:
        raise InputError(f'there is no sound model "{name}" (known: {", ".join(SOUND_MODELS)})')
    if not spec.entry:
        raise InputError(f"this farm cannot run {name} yet: bring the sound as a file, in the shot's audio column")
    return named(spec.entry)
