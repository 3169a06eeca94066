"""A file of weights on the shelf: its record in a models folder, as `farm models add` writes it."""

from __future__ import annotations

from pathlib import Path

from farm.canonical import file_digest
from farm.models.diffusion.installed import Installed, Kind, WeightFile, fingerprint_of, write


def shelve_upscaler(models: Path, path: Path, licence: str = "") -> str:
    """Record the file as an upscaler by its stem, which is given back."""
    file = WeightFile(path=path.name, size=path.stat().st_size, sha256=file_digest(path))
    write(
        Installed(
            name=path.stem,
            kind=Kind.UPSCALER,
            weights=str(path.parent),
            licence=licence,
            fingerprint=fingerprint_of([file]),
            files=(file,),
            home=models / path.stem,
        )
    )
    return path.stem
