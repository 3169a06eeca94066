"""Models in a models folder without the commands that bring them: files as they are given, and their record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from farm.models.diffusion.installed import Installed, Kind, WeightFile, fingerprint_of, write


def keep(
    models: Path,
    name: str,
    files: Mapping[str, bytes],
    *,
    weights: str = "weights",
    kind: Kind = Kind.MODEL,
    like: str = "wan21-480p",
    family: str = "",
) -> Installed:
    """Put them there; the record."""
    home = models / name
    for path, body in files.items():
        (home / weights / path).parent.mkdir(parents=True, exist_ok=True)
        (home / weights / path).write_bytes(body)
    found = tuple(
        WeightFile(path=path, size=len(body), sha256=hashlib.sha256(body).hexdigest()) for path, body in files.items()
    )
    record = Installed(
        name=name,
        kind=kind,
        like=like if kind is Kind.MODEL else "",
        family=family,
        weights=weights,
        fingerprint=fingerprint_of(found),
        files=found,
        home=home,
    )
    write(record)
    return record
