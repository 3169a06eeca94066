"""A node's own copy of the models that its workers load: weights cross the network once per node, not once per worker.

    source ── record, blocks ──▶ .weights/FINGERPRINT/files/…  ── whole ──▶ NAME/model.json, which names that folder
                                 .locks/FINGERPRINT: shared by who uses it, held alone by who removes it

The folder is a models folder like any other: workers open their registry on it. Several start at once; one brings a
model, the others wait for it and find it whole. Who is killed meanwhile leaves parts, from which the next goes on.
Files lie by the fingerprint of the whole model, so that a model that was changed at its source comes anew beside the
one that workers still use, and one fingerprint is brought once under however many names.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from farm.errors import OutOfSpace, StorageError
from farm.models.diffusion.installed import Installed, WeightFile, installed, read, write
from farm.weights.bringing import bring_file, is_whole
from farm.weights.fetch import FreeBytes, free_bytes, gigabytes
from farm.weights.progress import Progress, Silent
from farm.weights.room import Room
from farm.weights.source import Source
from farm.weights.together import Advance, together

logger = logging.getLogger(__name__)


class NodeCache:
    """What one process uses of the cache in `folder`, which the processes of a machine share."""

    def __init__(
        self,
        source: Source,
        folder: Path,
        *,
        limit_bytes: int = 0,
        progress: Progress | None = None,
        free: FreeBytes = free_bytes,
    ) -> None:
        """Opening one touches nothing. It may come to `limit_bytes`, 0 for as much as the disk has."""
        self.folder = folder
        self._source = source
        self._room = Room(folder, limit_bytes, free)
        self._progress = progress or Silent()
        self._held: dict[str, int] = {}
        """Locks on what this process uses, by fingerprint, until it ends: it may load from there at any time."""
        self._one_at_a_time = threading.Lock()

    @property
    def whole(self) -> frozenset[str]:
        """Names of what is here with all its files."""
        return frozenset(record.name for record in installed(self.folder) if _is_whole(record))

    def check(self) -> None:
        """Raise `StorageError` where the folder cannot be written."""
        with self._told("a model"), self._room.alone("check"):
            pass

    def bring(self, name: str) -> Installed:
        """The model, LoRA or upscaler of that name, on this node's disk; it stays there while this process lives.

        Waits for another process that brings it. Raises `InputError` for a name that the source does not have,
        `OutOfSpace`, and `StorageError` for a file that is not what its record says, or cannot be read or written.
        """
        with self._one_at_a_time, self._told(name):
            record = self._source.record(name)
            here = record.model_copy(
                update={"home": self.folder / name, "weights": str(self._room.weights(record.fingerprint))}
            )
            with self._kept(record.fingerprint):
                if not _is_whole(here):
                    with self._room.alone(record.fingerprint, f"{name} is brought by another worker of this node"):
                        if not _is_whole(here):
                            self._bring(record, here.folder)
                if read(here.home) != here:
                    write(here)
            return here

    @contextmanager
    def _kept(self, fingerprint: str) -> Iterator[None]:
        """Hold the lock of those who use it, until this process ends; if that fails, only meanwhile."""
        if fingerprint in self._held:
            yield
            return
        with ExitStack() as until_failed:
            lock = self._room.use(fingerprint)
            until_failed.callback(os.close, lock)
            yield
            until_failed.pop_all()
        self._held[fingerprint] = lock

    def _bring(self, record: Installed, weights: Path) -> None:
        began_s = time.monotonic()
        self._room.make(record)
        logger.info("bringing %s, %s, from %s", record.name, gigabytes(record.size), self._source.place(record))
        self._progress.begin("bringing", record.size)
        together([partial(self._bring_file, record, file, weights) for file in record.files], self._progress)
        seconds = time.monotonic() - began_s
        rate = gigabytes(round(record.size / max(seconds, 1e-3)))
        logger.info("brought %s: %s in %.1f s, %s/s", record.name, gigabytes(record.size), seconds, rate)

    def _bring_file(self, record: Installed, file: WeightFile, weights: Path, advance: Advance) -> None:
        if not bring_file(file, weights, partial(self._source.blocks, record, file), advance):
            raise StorageError(
                f"{self._source.place(record)}/{file.path} is not what the record of {record.name} says: twice its"
                f" digest differed, and the copy was thrown away (farm models check {record.name} tells which;"
                " then pull or add it again)"
            )

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        """Errors of the system as sentences that name the model, the place and the remedy."""
        try:
            yield
        except OSError as error:
            place = error.filename or self.folder
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise OutOfSpace(
                    f"{self.folder} filled up while {name} was brought (free some, or set FARM_MODEL_CACHE to a larger"
                    " disk); what has come stays"
                ) from error
            raise StorageError(
                f"{name} cannot be brought to {self.folder}: {place}: {error.strerror or error} (is FARM_MODELS"
                " there on this machine, and may FARM_MODEL_CACHE be written?)"
            ) from error


def _is_whole(record: Installed) -> bool:
    return all(is_whole(file, record.folder) for file in record.files)
