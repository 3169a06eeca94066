"""Where a node's cache gets models from: a models folder that every node sees, or a bucket (`farm.weights.bucket`).

record(name) ─▶ what the model is          blocks(record, file, begin) ─▶ the bytes of one file, from `begin` on
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from farm.errors import InputError
from farm.models.diffusion.installed import Installed, WeightFile, installed, read
from farm.shots.reading.slugs import slugged
from farm.weights.hashing import BLOCK


class Source(Protocol):
    """Asked from several threads at once."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of every model, LoRA and upscaler that is there. Raises `StorageError` where that cannot be asked."""
        ...

    def record(self, name: str) -> Installed:
        """The record of that name as it is now. Raises `InputError` for one that is broken or not there."""
        ...

    def place(self, record: Installed) -> str:
        """Where its files are, as people write it."""
        ...

    def blocks(self, record: Installed, file: WeightFile, begin: int) -> Iterator[memoryview]:
        """The bytes of one of its files from `begin` on; each block is good until the next one is asked for.

        Raises `OSError`, or `StorageError` that says where.
        """
        ...


def source_of(models: str) -> Source:
    """Where `FARM_MODELS` says that models are: a folder, or a URL."""
    if "://" not in models:
        return FolderSource(Path(models))
    from farm.weights.bucket import BucketSource  # brings the client library along

    return BucketSource(models)


class FolderSource:
    """A models folder, as `farm models pull` and `farm models add` fill it."""

    def __init__(self, models: Path) -> None:
        self._models = models

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(record.name for record in installed(self._models))

    def record(self, name: str) -> Installed:
        if not name or name != slugged(name) or not (self._models / name).is_dir():
            known = ", ".join(self.names) or "none"
            raise InputError(
                f"the models folder {self._models} has no {name} (installed: {known}; is it the same folder on every"
                " machine? farm models pull or add brings a model)"
            )
        found = read(self._models / name)
        if not isinstance(found, Installed):
            raise InputError(str(found))
        return found

    def place(self, record: Installed) -> str:
        return str(record.folder)

    def blocks(self, record: Installed, file: WeightFile, begin: int) -> Iterator[memoryview]:
        block = memoryview(bytearray(BLOCK))
        with (record.folder / file.path).open("rb", buffering=0) as opened:
            if begin:
                opened.seek(begin)
            while count := opened.readinto(block):
                yield block[:count]
