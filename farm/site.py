"""One farm at one output URL: its clip store and its job store.

out ─┬─ publish/   what people open            state folder, or PostgreSQL ── job store
     ├─ store/     content-addressed outputs
     └─ catalog/   Parquet
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from farm.config import Config
from farm.errors import InputError
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.store.state import state_folder


class Site:
    """Opening one touches nothing."""

    def __init__(self, config: Config, out: str) -> None:
        self.out = _absolute(out or config.out)
        self.clips = ClipStore(self.out)
        self._folder = state_folder(config.state, self.out)
        self._database = config.database

    @contextmanager
    def store(self) -> Iterator[JobStore]:
        """The job store, made where there is none."""
        store = JobStore.connect(self._database) if self._database else JobStore.open(self._folder)
        try:
            yield store
        finally:
            store.close()

    @contextmanager
    def existing_store(self) -> Iterator[JobStore | None]:
        """The job store, where there is one already."""
        if self._database or self._folder.is_dir():
            with self.store() as store:
                yield store
        else:
            yield None


def _absolute(out: str) -> str:
    """The output as an absolute path or a URL."""
    if "://" in out:
        return out.rstrip("/")
    path = Path(out).expanduser().absolute()
    try:
        there = next(each for each in (path, *path.parents) if each.exists())
        is_file = not there.is_dir()
    except OSError as error:  # no such name can be: too long, or with a zero byte
        raise InputError(f"--out {out}: {error.strerror} (name another folder)") from error
    if is_file:
        is_what = "is a file" if there == path else f"lies below {there}, which is a file"
        raise InputError(f"--out {out} {is_what} (name a folder, or a URL such as s3://bucket/show)")
    return str(path)
