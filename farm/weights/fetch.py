"""Files of a hub brought into a folder, each verified against what its publisher lists.

    wanted ─▶ is there room? ─▶ four at a time: fetch, or go on where it stopped ─▶ digest as listed? ─▶ WeightFile
                                                                                       │ no: once more from the start
                                                                                       ▼ no: thrown away, error
A file under its own name is whole: it grows as NAME.part. What an earlier run has brought is read again all the same,
so that what gets into a record was verified by the run that wrote it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from farm.errors import OutOfSpace, StorageError
from farm.models.diffusion.installed import WeightFile
from farm.weights.hashing import git_blob, sha256
from farm.weights.hub import Hub, Listing, RemoteFile
from farm.weights.layout import Needed
from farm.weights.parts import part_of
from farm.weights.progress import Progress
from farm.weights.together import Advance, together

SPARE = 100_000_000
"""Bytes that are left on the disk."""

FreeBytes: TypeAlias = Callable[[Path], int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file of a listing, and its place below the weights folder."""

    listing: Listing
    file: RemoteFile
    local: str


def free_bytes(folder: Path) -> int:
    """What the disk of `folder` has left."""
    return shutil.disk_usage(folder).free


def wanted(listing: Listing, files: Collection[Needed], below: str = "") -> tuple[Wanted, ...]:
    """These files of a listing."""
    by_path = {file.path: file for file in listing.files}
    return tuple(Wanted(listing, by_path[each.path], below + each.local) for each in files)


def fetch_all(
    hub: Hub, files: Sequence[Wanted], folder: Path, progress: Progress, free: FreeBytes = free_bytes
) -> tuple[WeightFile, ...]:
    """Bring all of `files` into `folder`, and say what they are.

    Raises `OutOfSpace` before anything is fetched, `InputError` or `StorageError` of the hub, `StorageError` for a
    file that is not what is listed. What was fetched stays, and the next call goes on from there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    total, there = sum(each.file.size for each in files), sum(_there(each, folder) for each in files)
    check_space(folder, total - there, free)
    progress.begin("fetching", total)
    progress.advance(there)
    return together([partial(_bring, hub, each, folder) for each in files], progress)


def check_space(folder: Path, needed: int, free: FreeBytes, setting: str = "FARM_MODELS") -> None:
    """Raises `OutOfSpace`, with both numbers, when the disk of `folder`, which `setting` names, has no room for
    `needed` bytes.
    """
    room = free(folder)
    if needed > 0 and needed + SPARE > room:
        raise OutOfSpace(
            f"{folder} has {gigabytes(room)} free, and {gigabytes(needed)} are needed"
            f" (free some, or set {setting} to a larger disk)"
        )


def gigabytes(size: int) -> str:
    """A size as people read it."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} bytes"


def _there(one: Wanted, folder: Path) -> int:
    """Bytes of it that an earlier run has brought."""
    for path in (folder / one.local, part_of(folder / one.local)):
        if path.is_file():
            return min(path.stat().st_size, one.file.size)
    return 0


def _bring(hub: Hub, one: Wanted, folder: Path, advance: Advance) -> WeightFile:
    target = folder / one.local
    if target.is_file():
        if digest := _verified(target, one.file, advance):
            return WeightFile(path=one.local, size=one.file.size, sha256=digest)
        advance(-min(target.stat().st_size, one.file.size))
        target.unlink()
    resumed = True
    while resumed:
        resumed = hub.fetch(one.listing, one.file, target, advance)
        if digest := _verified(target, one.file, advance):
            return WeightFile(path=one.local, size=one.file.size, sha256=digest)
        advance(-one.file.size)
        target.unlink()
    raise StorageError(
        f"{one.file.path} of {one.listing.repository} is not what its publisher lists: its digest differs, so it"
        " was thrown away (run it again; does a proxy change what passes?)"
    )


def _verified(path: Path, file: RemoteFile, advance: Advance) -> str:
    """Its sha256 when it is what the publisher lists, else ""."""
    if path.stat().st_size != file.size:
        return ""
    digest = sha256(path, lambda _: advance(0))
    is_listed = digest == file.sha256 if file.sha256 else git_blob(path) == file.git_blob
    return digest if is_listed else ""
