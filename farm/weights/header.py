"""The header of a safetensors file: which tensors it holds, and whether all of its bytes are there.

    8 bytes: n ─▶ n bytes of JSON: name -> dtype, shape, [begin, end) ─▶ the tensors, one after the other

Reading it costs a few kilobytes whatever the file's size, needs no torch and runs nothing that the file holds. Format:
https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from farm.errors import InputError

MAX_HEADER = 100_000_000
"""Bytes; the format's own limit."""

BITS = {
    **dict.fromkeys(("F64", "I64", "U64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2", "F8_E8M0"), 8),
    "F4": 4,
}
"""Of one element, by the format's name of its type."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """What the header says of one tensor."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """What a file holds."""

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]
    """What whoever wrote the file says of it."""


def read_header(path: Path) -> Header:
    """The header of the file at `path`. Raises `InputError` for a file that is not whole, or no safetensors."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            start, document = _document(file, size, path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    metadata = document.pop("__metadata__", None)
    tensors = {name: _tensor(name, said, path) for name, said in document.items()}
    ends = max((end for _, end in tensors.values()), default=0)
    if start + ends != size:
        what = "is cut short" if start + ends > size else "is longer than it should be"
        raise InputError(f"{path} {what}: {size:,} bytes instead of {start + ends:,} (fetch or copy it again)")
    said = cast("dict[str, object]", metadata) if isinstance(metadata, dict) else {}
    return Header(
        {name: tensor for name, (tensor, _) in tensors.items()}, {key: str(value) for key, value in said.items()}
    )


def _document(file: BinaryIO, size: int, path: Path) -> tuple[int, dict[str, object]]:
    """Where the tensors begin, and the JSON before them."""
    lead = file.read(8)
    length = struct.unpack("<Q", lead)[0] if len(lead) == 8 else 0
    if not 2 <= length <= MAX_HEADER:
        raise InputError(f"{path} is no safetensors file (its first bytes are no header)")
    if 8 + length > size:
        raise InputError(f"{path} is cut short: its header alone has {length:,} bytes (fetch or copy it again)")
    try:
        document = json.loads(file.read(length))
    except ValueError as error:
        raise InputError(f"{path} is no safetensors file (its header is no JSON)") from error
    if not isinstance(document, dict):
        raise InputError(f"{path} is no safetensors file (its header lists no tensors)")
    return 8 + length, document


def _tensor(name: str, said: object, path: Path) -> tuple[Tensor, int]:
    """One tensor, and where it ends."""
    try:
        entry = cast("dict[str, object]", said)
        dtype, shape = str(entry["dtype"]), tuple(cast("list[int]", entry["shape"]))
        begin, end = cast("tuple[int, int]", entry["data_offsets"])
        fits = (end - begin) * 8 == math.prod(shape) * BITS[dtype] if dtype in BITS else end >= begin
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f'{path} is damaged: its header says nothing usable of "{name}"') from error
    if not fits or begin < 0:
        raise InputError(f'{path} is damaged: "{name}" of shape {list(shape)} cannot be bytes {begin:,} to {end:,}')
    return Tensor(dtype, shape), end
