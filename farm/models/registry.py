"""Models by name: the ones built in, those known but not here yet, and those in a farm's models folder.

    "animatic"   ──▶ import farm.models.animatic  ──▶ its ADAPTER
    "wan22-5b"   ──▶ a known checkpoint, with the weights in the models folder or without (then no shot can run on it)
    "our-wan"    ──▶ a studio's own weights, registered in the models folder

Adapters are imported when asked for and not before, and opening a registry reads small records only: listing models
and reading their limits stay free of numpy, OpenCV and torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from farm.config import Config, Generator
from farm.errors import InputError
from farm.models.gang import named
from farm.models.spec import Adapter, ModelSpec, Terms

BUILT_IN: Mapping[str, str] = {
    "animatic": "farm.models.animatic:ADAPTER",
}
"""Name -> "module:ATTRIBUTE"."""

DIFFUSION = "farm.models.diffusion.adapter:adapters"
""" "module:ATTRIBUTE" of what gives the adapters of a models folder, by name."""


class Registry:
    """The models of one farm."""

    def __init__(self, folder: Path | None = None, terms: Mapping[str, Terms] | None = None) -> None:
        """`folder` holds what was pulled and added (None for none); `terms` say how models run here, by name ("" for
        the others).
        """
        self.folder = folder
        self._terms = terms or {}

    @classmethod
    def of(cls, config: Config, folder: Path) -> Registry:
        """The models of the farm with these settings, whose records are in `folder`."""
        return cls(folder, {name: _terms(config, name) for name in ("", *(each.model for each in config.generators))})

    @property
    def names(self) -> tuple[str, ...]:
        """Every known model, in order of the alphabet."""
        return tuple(sorted({*BUILT_IN, *self._diffusion}))

    @property
    def specs(self) -> dict[str, ModelSpec]:
        """Limits by name."""
        return {name: self.adapter(name).spec for name in self.names}

    def adapter(self, name: str) -> Adapter:
        """The adapter of that name; InputError names the known ones, the closest first in mind."""
        if name in BUILT_IN:
            return named(BUILT_IN[name])
        if name not in self._diffusion:
            close = get_close_matches(name.lower(), self.names, n=1)
            hint = f'; did you mean "{close[0]}"?' if close else ""
            raise InputError(f'there is no model "{name}" (known: {", ".join(self.names)}){hint}')
        return self._diffusion[name]

    @cached_property
    def _diffusion(self) -> Mapping[str, Adapter]:
        return named(DIFFUSION)(self.folder, self._terms)


def _terms(config: Config, name: str) -> Terms:
    """How that model runs here; "" stands for every model that no setting names."""
    said = next((each for each in config.generators if each.model == name), Generator())
    return Terms(
        profile=said.profile,
        parallel="" if said.parallel == "off" else said.parallel,
        pool=said.pool,
        dtype=said.dtype,
        gpus_per_node=config.gpus_per_node,
        gpu_memory_gb=config.gpu_memory_gb,
    )
