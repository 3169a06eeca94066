"""Models in a bucket: s3://studio/models/NAME/model.json, and its files beside it, as in a models folder.

    bucket ─┬─ record, configurations ──Mirror──▶ a small folder, of which plans are made      driver and commands
            └─ files, in several spans at once ──▶ the node's cache (`farm.weights.nodecache`)  workers

A studio keeps its weights where its renders are. Nobody but the nodes that load a model moves all of it: to plan with
one takes its record and the configuration of its parts, some kilobytes.
"""

from __future__ import annotations

import logging
import shutil
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from fsspec.core import url_to_fs

from farm.errors import InputError, StorageError
from farm.models.diffusion.installed import MIRROR, RECORD, WEIGHTS, Installed, WeightFile, parsed, read, write
from farm.shots.reading.slugs import slugged
from farm.weights.bringing import bring_file
from farm.weights.layout import INDEX

logger = logging.getLogger(__name__)

SPAN = 8 << 20
"""Bytes asked for at once."""
AHEAD = 4
"""Spans of one file that are on their way: one connection alone seldom fills a line."""
RECORDS_AT_ONCE = 8

_CONFIGURATIONS = frozenset({INDEX, "config.json"})
"""What is read of a model to plan with it."""


class BucketSource:
    """A models folder at an fsspec URL (`farm.weights.source.Source`)."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        found: tuple[Any, str] = url_to_fs(self._url, use_listings_cache=False, skip_instance_cache=True)
        self._files, self._root = found

    @property
    def names(self) -> tuple[str, ...]:
        try:
            with self._told(self._url):
                found: list[str] = self._files.glob(f"{self._root}/*/{RECORD}")
        except FileNotFoundError as error:
            raise StorageError(f"there is no {self._url} (FARM_MODELS names a folder of a bucket)") from error
        return tuple(sorted(path.rsplit("/", 2)[1] for path in found))

    def record(self, name: str) -> Installed:
        if not name or name != slugged(name):
            raise InputError(self._unknown(name))
        try:
            with self._told(f"{self._url}/{name}/{RECORD}"):
                document: bytes = self._files.cat_file(f"{self._root}/{name}/{RECORD}")
        except FileNotFoundError as error:
            raise InputError(self._unknown(name)) from error
        found = parsed(document, Path(f"{self._root}/{name}"))
        if not isinstance(found, Installed):
            raise InputError(f"{self._url}/{name}/{RECORD}: {found.problem} (copy the model there again)")
        if not found.is_own_copy:
            raise InputError(
                f"{self._url}/{name}/{RECORD}: its weights stand at {found.weights}, not in the bucket (farm models add"
                " --copy takes a copy, which can be copied there)"
            )
        return found

    def place(self, record: Installed) -> str:
        return f"{self._url}/{record.name}/{record.weights}"

    def blocks(self, record: Installed, file: WeightFile, begin: int) -> Iterator[memoryview]:
        path = f"{self._root}/{record.name}/{record.weights}/{file.path}"

        def span(at: int) -> bytes:
            with self._told(f"{self.place(record)}/{file.path}"):
                return self._files.cat_file(path, start=at, end=min(at + SPAN, file.size))

        starts = iter(range(begin, file.size, SPAN))
        with ThreadPoolExecutor(AHEAD) as readers:
            ahead = deque(readers.submit(span, at) for at in islice(starts, AHEAD))
            try:
                while ahead:
                    block = ahead.popleft().result()
                    ahead.extend(readers.submit(span, at) for at in islice(starts, 1))
                    yield memoryview(block)
            finally:
                readers.shutdown(cancel_futures=True)

    def _unknown(self, name: str) -> str:
        return f"{self._url} has no {name} (there are: {', '.join(self.names) or 'none'})"

    @contextmanager
    def _told(self, place: str) -> Iterator[None]:
        """What storage says, as a sentence; that something is not there is told as it is."""
        try:
            yield
        except FileNotFoundError:
            raise
        except (OSError, BotoCoreError, ClientError) as error:
            raise StorageError(f"{place}: {error} (check the bucket, its policy, the endpoint and the keys)") from error


class Mirror:
    """What planning reads of a bucket's models, in a folder of this machine."""

    def __init__(self, source: BucketSource, folder: Path) -> None:
        self._source = source
        self.folder = folder

    def refresh(self) -> Path:
        """See what is there now; the folder. A model that is broken is left out, with a logged warning."""
        names = self._source.names
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / MIRROR).touch()
        with ThreadPoolExecutor(RECORDS_AT_ONCE) as readers:
            here = {name for name, taken in zip(names, readers.map(self._take, names), strict=True) if taken}
        for home in self.folder.iterdir():
            if home.is_dir() and home.name not in here:
                shutil.rmtree(home, ignore_errors=True)
        return self.folder

    def _take(self, name: str) -> bool:
        try:
            record = self._source.record(name)
        except InputError as error:
            logger.warning("%s", error)
            return False
        home = self.folder / name
        mirrored = record.model_copy(update={"home": home, "weights": WEIGHTS})
        if read(home) == mirrored:
            return True
        shutil.rmtree(home, ignore_errors=True)
        for file in record.files:
            if file.path.rpartition("/")[2] not in _CONFIGURATIONS:
                continue
            if not bring_file(file, home / WEIGHTS, partial(self._source.blocks, record, file), lambda _: None):
                logger.warning("%s/%s is not what its record says: left out", self._source.place(record), file.path)
                return False
        write(mirrored)
        return True
