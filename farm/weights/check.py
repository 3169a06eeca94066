"""Whether a folder of weights is whole and safe, before anything is loaded from it or any GPU time is spent.

    folder ─▶ model index ─▶ needed files ─▶ every header against its file's size ─▶ every index against its shards

Kilobytes are read of each file. Nothing is run: pickles and code are refused by `farm.weights.layout`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from farm.errors import InputError
from farm.weights.header import read_header
from farm.weights.layout import INDEX, MOTION_ADAPTER, PICKLE_SUFFIXES, Component, Needed, components, needed


def read_json(path: Path) -> Mapping[str, Any]:
    """A JSON object of a file. Raises `InputError`."""
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path} is no JSON ({error})") from error
    if not isinstance(found, dict):
        raise InputError(f"{path} holds no settings")
    return found


def parts_of(folder: Path) -> Mapping[str, Component]:
    """The components of the pipeline in `folder`. Raises `InputError` where there is none."""
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder (name a folder in diffusers layout)")
    if not (folder / INDEX).is_file():
        raise InputError(f"{folder} has no {INDEX} (a model is a folder in diffusers layout: save_pretrained)")
    return components(read_json(folder / INDEX), str(folder))


def pipeline_files(folder: Path) -> tuple[Needed, ...]:
    """What a loader needs of the pipeline in `folder`. Raises `InputError` for what is missing, pickled or code."""
    parts = dict(parts_of(folder))
    if (folder / MOTION_ADAPTER).is_dir():
        parts.setdefault(MOTION_ADAPTER, Component("diffusers", "MotionAdapter"))
    return needed((path.relative_to(folder).as_posix() for path in _two_deep(folder)), parts, str(folder))


def check_in_place(folder: Path, files: Collection[Needed]) -> None:
    """The folder can be loaded from as it is: its files have their plain names, and no pickle lies beside them."""
    if renamed := next((file for file in files if file.path != file.local), None):
        raise InputError(
            f"{folder / renamed.path} is a variant, and would have to be called {renamed.local}"
            " (--copy takes a copy under that name)"
        )
    if pickled := next((path for path in sorted(folder.rglob("*")) if path.suffix in PICKLE_SUFFIXES), None):
        raise InputError(f"{pickled} is a pickle, which can run code (remove it, or --copy takes only what is needed)")


def check_configurations(folder: Path, files: Collection[str]) -> None:
    """No configuration among `files` asks for code of its own."""
    for name in files:
        if name.endswith("/config.json") and "auto_map" in read_json(folder / name):
            raise InputError(f"{folder / name} asks for code of its own (auto_map), which is not run")


def check_weights(folder: Path, files: Collection[str]) -> None:
    """Every safetensors file among `files` is whole, and every index finds its tensors."""
    check_configurations(folder, files)
    tensors = {name: set(read_header(folder / name).tensors) for name in files if name.endswith(".safetensors")}
    for name in files:
        if name.endswith(".safetensors.index.json"):
            _check_index(folder, name, tensors)


def _check_index(folder: Path, name: str, tensors: Mapping[str, set[str]]) -> None:
    places = read_json(folder / name).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise InputError(f"{folder / name} maps no weights to files")
    component = name.rpartition("/")[0]
    for tensor, shard in places.items():
        if tensor not in tensors.get(f"{component}/{shard}", ()):
            raise InputError(
                f'{folder / name} looks for "{tensor}" in {shard}, where it is not (fetch or copy it again)'
            )


def _two_deep(folder: Path) -> Iterable[Path]:
    for path in folder.iterdir():
        if path.is_dir() and not path.name.startswith("."):
            yield from (inner for inner in path.iterdir() if inner.is_file())
        elif path.is_file():
            yield path
