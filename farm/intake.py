"""Taking files in: every still, end frame, mask and reference of a list is copied into the clip store by content.

    /mnt/p/sh010.png ──sha256──▶ store/demo/asset/ab/abcd…/still.png

From then on no job depends on the submitter's disk: a still that is changed, moved or deleted afterwards changes
nothing. A shot whose files cannot be taken in is refused with the reason, and the others go on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import fsspec

from farm.canonical import file_digest
from farm.errors import InputError, KeyExists
from farm.shots.model import Shot, ShotList
from farm.store.clips import ClipStore
from farm.tasks import Asset, asset_key

SUFFIX_LIMIT = 8
STILL, SOUND = "still", "sound"
"""What files are called in the store."""
SOUNDS = frozenset({"audio", "music"})
"""Roles of files that are no pictures."""

THREADS = 4
"""Files that are read and copied at once."""


@dataclass(slots=True)
class Intake:
    """What was taken in: assets by shot code, and the shots that are refused, with the reason."""

    assets: dict[str, dict[str, Asset]] = field(default_factory=dict[str, dict[str, Asset]])
    refused: dict[str, str] = field(default_factory=dict[str, str])
    music: dict[str, Asset] = field(default_factory=dict[str, Asset])
    """By sequence; "" is the whole list's."""


def take_in(shot_list: ShotList, clips: ClipStore | None, refused: Mapping[str, str]) -> Intake:
    """Copy the files of every shot that is not `refused` already. Without a clip store only their hashes are taken.

    Each file is read once, however many shots name it; a few at a time, for storage may be slow to answer. Raises
    `InputError` for music that cannot be read: that is no single shot's.
    """
    intake = Intake(refused=dict(refused))
    named = {shot.code: dict(files_of(shot)) for shot in shot_list.shots if shot.code not in refused}
    roles = {location: role for files in named.values() for role, location in reversed(files.items())}
    roles |= dict.fromkeys(shot_list.music.values(), "music")
    with ThreadPoolExecutor(THREADS) as pool:
        asked = {
            location: pool.submit(_asset, location, role, shot_list.project, clips) for location, role in roles.items()
        }
        for code, files in named.items():
            try:
                intake.assets[code] = {role: asked[location].result() for role, location in files.items()}
            except InputError as error:
                intake.refused[code] = str(error)
        intake.music = {sequence: asked[location].result() for sequence, location in shot_list.music.items()}
    return intake


def files_of(shot: Shot) -> Iterator[tuple[str, str]]:
    """The files a shot names, by what `prepare` and `sound` call them."""
    single = {"still": shot.still, "end": shot.end, "mask": shot.mask, "depth": shot.depth, "audio": shot.audio}
    yield from ((name, location) for name, location in single.items() if location)
    yield from ((f"reference_{number}", location) for number, location in enumerate(shot.references, 1))


def _asset(location: str, role: str, project: str, clips: ClipStore | None) -> Asset:
    if "://" not in location:
        return _kept(Path(location), location, role, project, clips)
    with TemporaryDirectory() as folder:
        return _kept(_fetched(location, Path(folder)), location, role, project, clips)


def _kept(path: Path, location: str, role: str, project: str, clips: ClipStore | None) -> Asset:
    try:
        digest = file_digest(path)
    except OSError as error:
        raise InputError(f"{role} {location} cannot be read: {error.strerror or error}") from error
    name = f"{SOUND if role in SOUNDS else STILL}{_suffix(location)}"
    key = asset_key(project, digest, name)
    if clips and not clips.exists(key):
        with suppress(KeyExists):  # another farm brought the same content in the meantime
            clips.put_file(key, path)
    return Asset(digest=digest, name=name, key=key)


def _fetched(location: str, folder: Path) -> Path:
    target = folder / f"fetched{_suffix(location)}"
    try:
        with cast("Any", fsspec.open(location, "rb")) as source:
            target.write_bytes(source.read())
    except (OSError, ValueError, ImportError) as error:
        raise InputError(f"{location} cannot be fetched: {error}") from error
    return target


def _suffix(location: str) -> str:
    """The file's suffix, if it is a harmless one: readers go by content, it only helps people."""
    suffix = Path(location).suffix.lower()
    return suffix if re.fullmatch(rf"\.[a-z0-9]{{1,{SUFFIX_LIMIT}}}", suffix) else ""
