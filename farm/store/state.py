"""Where the job store of an output lies: a local folder of this machine, keyed by the output's URL.

    --out s3://bucket/demo ──▶ <state root>/demo-5f0c2a9be1d40c77/  {farm.sqlite, leader.lock}

The clips may be shared by many machines; the database that decides about them may not lie on a network file system,
whose locks and write order SQLite cannot rely on.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from farm.errors import InputError

NETWORK_KINDS = frozenset(
    [
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "fuse",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "orangefs",
        "pvfs2",
        "smb2",
        "smb3",
        "smbfs",
    ]
)
LOCAL_FUSE = frozenset({"fuse.fuse-overlayfs", "fuse.ntfs-3g", "fuse.exfat"})
MOUNTS = Path("/proc/mounts")

_TAIL_MAX = 40


def state_folder(state_root: Path, out_url: str) -> Path:
    """The folder of the job store for `out_url`: the same for every spelling of it, readable by its tail."""
    scheme, separator, rest = out_url.partition("://")
    if not separator or scheme == "file":
        path = os.path.realpath(rest if separator else out_url)
        scheme, rest = "file", path
    place = f"{scheme}://{rest.rstrip('/')}"
    tail = re.sub(r"[^A-Za-z0-9]+", "-", place.rpartition("/")[2]).strip("-")[-_TAIL_MAX:]
    return state_root / f"{tail or 'farm'}-{hashlib.sha256(place.encode()).hexdigest()[:16]}"


def refuse_network(folder: Path) -> None:
    """Raise `InputError` when `folder` lies on a network file system, as far as this machine tells."""
    try:
        mounts = MOUNTS.read_text(errors="surrogateescape")
    except OSError:  # not Linux: nothing to go by
        return
    if kind := network_kind(folder.resolve(), mounts):
        raise InputError(
            f"{folder} lies on a network file system ({kind}), where a database is not safe "
            "(set FARM_STATE to a folder on a disk of this machine)"
        )


def network_kind(path: Path, mounts: str) -> str:
    """The kind of network file system that `path` lies on by the text of /proc/mounts; "" for a local one."""
    best, found = -1, ""
    for line in mounts.splitlines():
        _, where, kind, *_ = line.split(" ")
        mount = Path(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), where))
        if path.is_relative_to(mount) and len(mount.parts) >= best:
            best, found = len(mount.parts), kind
    is_network = found.partition(".")[0] in NETWORK_KINDS and found not in LOCAL_FUSE
    return found if is_network else ""
