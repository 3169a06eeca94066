"""What a weights folder must hold before anything of it is loaded.

    model_index.json ─▶ the right class ─▶ every component ─▶ config.json ─▶ *.safetensors, all there, none cut short

Read as text and by file size: seconds for tens of gigabytes. Only safetensors are accepted, because the other formats
are pickles, which run code when they are read; Python files in the folder are never run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from farm.errors import InputError
from farm.models.diffusion.recipe import Recipe

INDEX = "model_index.json"
PICKLES = frozenset({".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth"})
WEIGHTLESS = ("tokenizer", "scheduler", "feature_extractor", "image_processor", "processor", "guider")
"""Components that are configuration alone, by the beginning of their names; some carry a stray config.json."""
_PULL = "pull the model again (`farm models pull`) or copy the folder anew"
_LENGTH_BYTES = 8
_HEADER_LIMIT_BYTES = 100_000_000
"""Longer headers are refused by the safetensors library too."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A folder that was looked through."""

    folder: Path
    index: Mapping[str, Any]
    variant: str | None
    """ "fp16" where only files of that variant are there."""

    @property
    def components(self) -> tuple[str, ...]:
        """The folders the index names."""
        return tuple(components(self.index))


def look_through(folder: Path, recipe: Recipe) -> Weights:
    """Check a folder against its family; raises InputError naming the folder or file, and the remedy."""
    index = _index(folder)
    if str(index.get("_class_name")) not in recipe.accepts:
        wanted = " or ".join(sorted(recipe.accepts))
        raise InputError(
            f"{folder / INDEX}: this is a {index.get('_class_name')} checkpoint, where {wanted} is wanted; "
            "register it under its own family"
        )
    _refuse_pickles(folder)
    variants = {_component(folder, name, library) for name, library in components(index).items()}
    misfit = recipe.misfit(index, _config(folder / recipe.denoisers[0]) or {})
    if misfit is not None:
        raise InputError(f"{folder}: {misfit}; register it under a family that it fits")
    return Weights(folder, index, next(filter(None, variants), None))


def components(index: Mapping[str, Any]) -> dict[str, str]:
    """Component -> the library its class is in, of those a checkpoint has."""
    return {
        name: value[0]
        for name, value in index.items()
        if not name.startswith("_") and isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)
    }


def _index(folder: Path) -> Mapping[str, Any]:
    if not (folder / INDEX).is_file():
        raise InputError(
            f"{folder}: there is no {INDEX}; hand in a folder in diffusers layout, with one folder per component"
        )
    return _document(folder / INDEX)


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path}: this is no JSON ({error}); {_PULL}") from error
    if not isinstance(document, dict):
        raise InputError(f"{path}: this is no JSON object; {_PULL}")
    return document


def _refuse_pickles(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in PICKLES:
            raise InputError(
                f"{path}: this kind of file can run code when it is read and is not accepted; "
                "remove it, or convert the checkpoint to safetensors"
            )


def _component(folder: Path, name: str, library: str) -> str | None:
    """Check one component; the variant of its weights, or None for plain files or none."""
    place = folder / name
    if not place.is_dir():
        raise InputError(f"{place}: {INDEX} names this component, but the folder is missing; {_PULL}")
    config = _config(place)
    if (place / f"{library}.py").exists() or "auto_map" in (config or {}):
        raise InputError(
            f"{place}: this component brings its own Python code, which is never run; use another checkpoint"
        )
    return None if config is None or name.startswith(WEIGHTLESS) else check_component(place)


def _config(place: Path) -> dict[str, Any] | None:
    """A model's configuration; tokenizers, schedulers and processors keep theirs under other names."""
    path = place / "config.json"
    return _document(path) if path.is_file() else None


def check_component(place: Path) -> str | None:
    """Check the weights of one model folder; the variant they come in, None for plain files."""
    variant = _chosen(place)
    for path in _files(place, variant):
        check_file(path)
    return variant


def _chosen(place: Path) -> str | None:
    """The variant to be read: plain files where there are any."""
    found = [path.name for pattern in ("*.safetensors", "*.index*.json") for path in place.glob(pattern)]
    if not found:
        raise InputError(f"{place}: there are no *.safetensors files here; {_PULL}")
    variants = {_variant(name) for name in found}
    return None if None in variants else min(filter(None, variants))


def _variant(name: str) -> str | None:
    """`model.fp16.safetensors`, `model.fp16-00001-of-00002.safetensors` -> fp16."""
    parts = name.removesuffix(".json").removesuffix(".index").removesuffix(".safetensors").split(".")
    middle = [part.split("-")[0] for part in parts[1:] if part not in {"safetensors", "index"}]
    return middle[0] if middle else None


def _files(place: Path, variant: str | None) -> Iterator[Path]:
    """The weight files to be read, those of an index first; InputError for one that is named and not there."""
    for path in sorted(place.glob("*.safetensors.index*.json")):
        if _variant(path.name) == variant:
            for name in sorted(set(_document(path).get("weight_map", {}).values())):
                if not (place / name).is_file():
                    raise InputError(f"{place / name}: {path.name} names this file, but it is missing; {_PULL}")
    yield from (path for path in sorted(place.glob("*.safetensors")) if _variant(path.name) == variant)


def parameters(place: Path) -> int:
    """How many floating-point values the weights of one model folder hold."""
    entries = (entry for path in _files(place, _chosen(place)) for entry in check_file(path).values())
    return sum(prod(entry["shape"]) for entry in entries if "F" in entry["dtype"])


def check_file(path: Path) -> dict[str, Any]:
    """Hold a safetensors file's size against what its header promises; the header, by tensor.

    InputError when the file was cut short or is of another kind.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if size < _LENGTH_BYTES or length > min(size - _LENGTH_BYTES, _HEADER_LIMIT_BYTES):
            raise InputError(f"{path}: this is no whole safetensors file ({size} bytes); {_PULL}")
        try:
            header = {name: entry for name, entry in json.loads(file.read(length)).items() if name != "__metadata__"}
            ends = [entry["data_offsets"][1] for entry in header.values()]
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise InputError(f"{path}: this is no safetensors file; {_PULL}") from error
    whole = _LENGTH_BYTES + length + max(ends, default=0)
    if size != whole:
        raise InputError(f"{path}: the file has {size} bytes where its header promises {whole}; {_PULL}")
    return header
