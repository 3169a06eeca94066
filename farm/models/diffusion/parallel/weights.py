"""The weights folder of one denoiser, of which a rank reads its parts and no more.

    config.json ──▶ class, shapes ──check──▶ headers of *.safetensors ──part(name, cut)──▶ tensor on its device
                                             (names, shapes, lengths)    one tensor at a time

Headers tell everything that can be wrong before a tensor is read: a missing file, a file that ends early, another
model's names or shapes. Files are mapped, so what is not asked for is not read (the kernel reads whole pages ahead:
column-wise and whole parts lie together, row-wise parts are strided).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from farm.errors import InputError
from farm.models.diffusion.parallel.cut import Cut

_NAME = "diffusion_pytorch_model"
_PICKLED = (".bin", ".pt", ".pth", ".ckpt")
_AGAIN = "fetch the model again, or point its record at a whole copy"


class Weights:
    """The open files of one denoiser."""

    def __init__(self, folder: Path, files: Mapping[str, Any]) -> None:
        self.folder = folder
        self._files = files
        self.bytes_read = 0
        """Of tensors, as stored."""

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._files)

    def check(self, expected: Mapping[str, Sequence[int]]) -> None:
        """InputError unless every expected tensor is there in that shape."""
        missing = sorted(expected.keys() - self._files.keys())
        if missing:
            more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
            raise InputError(
                f'{self.folder}: its safetensors have no "{missing[0]}"{more}, which the class in config.json needs; '
                f"they belong to another model or are incomplete: {_AGAIN}"
            )
        for name, shape in expected.items():
            stored = list(self._files[name].get_slice(name).get_shape())
            if stored != list(shape):
                raise InputError(
                    f'{self.folder}: "{name}" is stored as {stored}, and config.json makes it {list(shape)}; '
                    f"weights and config.json belong to different models: {_AGAIN}"
                )

    def part(self, name: str, cut: Cut | None, device: torch.device) -> torch.Tensor:
        """A part of a tensor, or all of it, in the stored type; a copy that holds on to no file."""
        file = self._files[name]
        if cut is None:
            stored = file.get_tensor(name)
        else:
            whole = file.get_slice(name)
            stored = whole[cut.index(whole.get_shape())]
        self.bytes_read += stored.numel() * stored.element_size()
        return torch.empty(stored.shape, dtype=stored.dtype, device=device).copy_(stored)


@contextmanager
def open_weights(folder: Path) -> Iterator[Weights]:
    """The safetensors of `folder`; InputError names the file that is missing or not whole."""
    with ExitStack() as stack:
        files: dict[str, Any] = {}
        for path in weight_files(folder):
            file = stack.enter_context(open_safetensors(path))
            files |= dict.fromkeys(file.keys(), file)
        yield Weights(folder, files)


def open_safetensors(path: Path) -> Any:
    """The file, its header read and its length checked."""
    try:
        return safe_open(path, framework="pt", device="cpu")
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is not a whole safetensors file ({error}); {_AGAIN}") from error


def weight_files(folder: Path) -> list[Path]:
    """The files that hold a denoiser: those its index names, else the one there is."""
    indices = sorted(folder.glob("*.safetensors.index*.json"))
    if indices:
        index = _preferred(indices, f"{_NAME}.safetensors.index.json", folder)
        names = sorted(set(_read_json(index).get("weight_map", {}).values()))
        paths = [folder / name for name in names]
        for path in paths:
            if path.parent != folder or not path.is_file():
                raise InputError(f"{path} is missing, which {index.name} names; {_AGAIN}")
        return paths
    single = sorted(folder.glob("*.safetensors"))
    if not single:
        raise InputError(_no_weights(folder))
    return [_preferred(single, f"{_NAME}.safetensors", folder)]


def read_config(folder: Path) -> dict[str, Any]:
    """The denoiser's config.json."""
    config = _read_json(folder / "config.json")
    if not isinstance(config.get("_class_name"), str):
        raise InputError(f"{folder / 'config.json'} names no _class_name: this is no denoiser's folder; {_AGAIN}")
    return config


def _preferred(paths: list[Path], name: str, folder: Path) -> Path:
    """The one without a variant in its name, or the only one."""
    if len(paths) == 1:
        return paths[0]
    if folder / name in paths:
        return folder / name
    raise InputError(
        f"{folder} holds {', '.join(path.name for path in paths)}, and none is {name}; keep the one that is meant"
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing; {_AGAIN}") from error
    except ValueError as error:
        raise InputError(f"{path} is not JSON ({error}); {_AGAIN}") from error
    if not isinstance(document, dict):
        raise InputError(f"{path} holds no JSON object; {_AGAIN}")
    return document


def _no_weights(folder: Path) -> str:
    pickled = [path.name for path in sorted(folder.glob("*")) if path.suffix in _PICKLED]
    if pickled:
        return f"{folder / pickled[0]} is pickled, which can run code; take the model's safetensors instead"
    return f"{folder} holds no safetensors file; {_AGAIN}"
