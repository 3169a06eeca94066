"""What there is to finish takes with, by name: what needs no weights, and the upscalers of the models folder.

    "lanczos", "flow"    always there
    "RealESRGAN_x4plus"  ─▶ its record in the models folder (`farm models add FILE --name …`) ─▶ Checkpoint

A revision is the fingerprint of the files, so that a worker whose weights are others is found out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from farm.errors import InputError
from farm.models.diffusion.installed import Installed, Kind, installed
from farm.models.enhance.spec import Enlarger, Interpolator, Retimer, Upscaler
from farm.models.spec import Placement

LANCZOS = "lanczos"
FLOW = "flow"

_LICENCES: Mapping[str, str] = dict.fromkeys(
    (
        "RealESRGAN_x4plus",
        "RealESRGAN_x2plus",
        "RealESRGAN_x4plus_anime_6B",
        "RealESRNet_x4plus",
        "realesr-general-x4v3",
        "realesr-general-wdn-x4v3",
        "realesr-animevideov3",
    ),
    "BSD-3-Clause",
)
"""Of checkpoints that are published under these names."""


@dataclass(frozen=True, slots=True)
class Lanczos:
    """Lanczos and sharper edges, on the CPU: no weights, no network."""

    name: str = LANCZOS
    licence: str = "Apache-2.0"
    revision: str = "1"
    is_network: bool = False

    def open(self, placement: Placement) -> Enlarger:
        from farm.models.enhance.lanczos import LanczosEnlarger

        return LanczosEnlarger(placement)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A network for upscaling: one file of weights."""

    name: str
    path: Path
    licence: str
    revision: str
    is_network: bool = True

    def open(self, placement: Placement) -> Enlarger:
        try:
            from farm.models.enhance.network import NetworkEnlarger
        except ImportError as error:
            raise InputError(f"upscaling with {self.name} needs torch and spandrel: install farm[diffusion]") from error
        return NetworkEnlarger.open(self.path, placement)


@dataclass(frozen=True, slots=True)
class Flow:
    """Frames between frames by optical flow, on the CPU."""

    name: str = FLOW
    revision: str = "1"

    def open(self, placement: Placement) -> Retimer:
        from farm.models.enhance.retimer import FlowRetimer

        return FlowRetimer(placement)


def upscaler(name: str, models: Path | None = None) -> Upscaler:
    """The upscaler of that name. `InputError` names the ones there are, and how to add another."""
    if name == LANCZOS:
        return Lanczos()
    record = _records(models).get(name)
    if record is None:
        raise InputError(_missing(name, models))
    return Checkpoint(name, record.file, record.licence or _LICENCES.get(name, ""), record.fingerprint[:16])


def interpolator(name: str) -> Interpolator:
    """The interpolator of that name; there is one."""
    if name != FLOW:
        raise InputError(f'there is no interpolator "{name}" (known: {FLOW})')
    return Flow()


def names(models: Path | None) -> tuple[str, ...]:
    """Every upscaler there is."""
    return (LANCZOS, *_records(models))


def _records(models: Path | None) -> Mapping[str, Installed]:
    """By name."""
    found = installed(models) if models else ()
    return {record.name: record for record in found if record.kind is Kind.UPSCALER}


def _missing(name: str, models: Path | None) -> str:
    known = names(models)
    near = get_close_matches(name, known, n=1)
    meant = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(known)}"
    return f'there is no upscaler "{name}" ({meant}; farm models add FILE --name NAME)'
