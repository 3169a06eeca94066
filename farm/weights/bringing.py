"""One file of a model brought to this disk, read once: copied and hashed in one go, and whole under its own name only.

    NAME.part: what is there is hashed ─▶ the rest is appended, and hashed ─▶ digest of the record? ─▶ synced, renamed
                                                                                │ no: thrown away, once more
                                                                                ▼ no: error
What stands under its own name was verified by whoever renamed it, and had reached the disk before.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from farm.models.diffusion.installed import WeightFile
from farm.weights.hashing import fed
from farm.weights.parts import part_of
from farm.weights.together import Advance

TRIES = 2
"""The first may go on with a part that was spoilt, or meet a bad moment of the network."""

Blocks: TypeAlias = Callable[[int], Iterator[memoryview]]
"""The bytes of a file from an offset on."""


def bring_file(file: WeightFile, folder: Path, blocks: Blocks, advance: Advance) -> bool:
    """Put the file in its place below `folder`; False where what comes is not what its record says.

    Raises `OSError`, and what `blocks` raises. What has come by then stays, and the next call goes on from there.
    """
    target = folder / file.path
    part = part_of(target)
    if is_whole(file, folder):
        advance(file.size)
        return True
    target.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(TRIES):
        if _grow(part, file, blocks, advance) == file.sha256:
            part.replace(target)
            return True
        advance(-part.stat().st_size)
        part.unlink()
    return False


def is_whole(file: WeightFile, folder: Path) -> bool:
    """Whether it stands in its place below `folder`."""
    target = folder / file.path
    return target.is_file() and target.stat().st_size == file.size


def there(file: WeightFile, folder: Path) -> int:
    """Bytes of it that are here already, whole or in part."""
    target = folder / file.path
    sizes = (path.stat().st_size for path in (target, part_of(target)) if path.is_file())
    return next((size for size in sizes if size <= file.size), 0)


def _grow(part: Path, file: WeightFile, blocks: Blocks, advance: Advance) -> str:
    """Bring what is missing of a part, and put it to disk; the digest of all of it."""
    digest = hashlib.sha256()
    if part.is_file() and part.stat().st_size > file.size:
        part.unlink()
    with part.open("ab") as grown:
        begin = grown.tell()
        fed(part, digest, advance)
        for block in _at_most(file.size - begin, blocks(begin)):
            grown.write(block)
            digest.update(block)
            advance(len(block))
        grown.flush()
        os.fsync(grown.fileno())
    return digest.hexdigest()


def _at_most(size: int, blocks: Iterator[memoryview]) -> Iterator[memoryview]:
    """The first `size` bytes: a source that does not end fills no disk."""
    while size > 0 and (block := next(blocks, None)) is not None:
        yield block[:size]
        size -= len(block)
