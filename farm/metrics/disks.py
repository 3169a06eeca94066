"""How much room is left where this machine writes: job store, work in progress, results."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

YOUNG_S = 5.0


@dataclass(frozen=True, slots=True)
class Room:
    """Of one disk, in bytes."""

    free: int
    size: int


def rooms(folders: Mapping[str, Path]) -> Mapping[str, Room]:
    """The disks of those folders, or of the nearest above that is there. What cannot be looked at is left out."""
    found: dict[str, Room] = {}
    for what, folder in folders.items():
        try:
            usage = shutil.disk_usage(_existing(folder))
        except OSError:
            continue
        found[what] = Room(usage.free, usage.total)
    return found


def _existing(folder: Path) -> Path:
    return next((path for path in (folder, *folder.parents) if path.exists()), folder)
