"""What there is to finish takes with, by name: what needs no weights, and the checkpoints of the models folder.

    {models}/upscalers/RealESRGAN_x4plus.pth    ─▶ upscaler("RealESRGAN_x4plus", models)
    {models}/upscalers/studio.safetensors,
                       studio.json              ─▶ upscaler("studio", models), {"licence": "…"} from the document

A name is a file's name without suffix, and never a path: lists come from elsewhere. A checkpoint's revision is the
hash of its content, so that a worker whose file is another one is found out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ValidationError

from farm.canonical import file_digest
from farm.errors import InputError
from farm.models.enhance.spec import Enlarger, Interpolator, Retimer, Upscaler
from farm.models.spec import Placement

FOLDER = "upscalers"
"""Of the models folder: one file for each checkpoint."""
SUFFIXES = (".safetensors", ".pth", ".pt")
LANCZOS = "lanczos"
FLOW = "flow"

_NAME = re.compile(r"[A-Za-z0-9][\w+.-]{0,99}", re.ASCII)

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


class _Said(BaseModel):
    """What may be written about a checkpoint, beside it."""

    licence: str


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
    """The upscaler of that name. `InputError` names the ones there are, and where to put another."""
    if name == LANCZOS:
        return Lanczos()
    path = _file(name, models)
    if path is None:
        raise InputError(_missing(name, models))
    return Checkpoint(name, path, _licence(path), _revision(path, path.stat().st_mtime_ns))


def interpolator(name: str) -> Interpolator:
    """The interpolator of that name; there is one."""
    if name != FLOW:
        raise InputError(f'there is no interpolator "{name}" (known: {FLOW})')
    return Flow()


def names(models: Path | None) -> tuple[str, ...]:
    """Every upscaler there is."""
    folder = models / FOLDER if models else None
    files = folder.iterdir() if folder and folder.is_dir() else ()
    return (LANCZOS, *sorted({file.stem for file in files if file.suffix in SUFFIXES}))


def _file(name: str, models: Path | None) -> Path | None:
    if models is None or not _NAME.fullmatch(name):
        return None
    return next((path for suffix in SUFFIXES if (path := models / FOLDER / f"{name}{suffix}").is_file()), None)


def _missing(name: str, models: Path | None) -> str:
    known = names(models)
    near = get_close_matches(name, known, n=1)
    meant = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(known)}"
    where = f"; a checkpoint goes to {models / FOLDER}/{name}.safetensors" if models and _NAME.fullmatch(name) else ""
    return f'there is no upscaler "{name}" ({meant}{where})'


@cache
def _revision(path: Path, changed_ns: int) -> str:
    """Of a file as it was at that time: reading it takes a moment."""
    del changed_ns
    return file_digest(path)[:16]


def _licence(path: Path) -> str:
    document = path.with_suffix(".json")
    if not document.is_file():
        return _LICENCES.get(path.stem, "")
    try:
        return _Said.model_validate_json(document.read_bytes()).licence
    except (OSError, ValidationError) as error:
        raise InputError(f'{document} names no licence (write {{"licence": "BSD-3-Clause"}})') from error
