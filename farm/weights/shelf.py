"""What becomes of an installed model later: it is read again, or removed."""

from __future__ import annotations

import shutil
from difflib import get_close_matches
from pathlib import Path

from farm.errors import InputError
from farm.models.diffusion.installed import RECORD, WEIGHTS, Installed, installed
from farm.shots.reading.slugs import slugged
from farm.weights.hashing import hashed
from farm.weights.progress import Progress
from farm.weights.turn import turn


def remove(name: str, models: Path) -> str:
    """Take a model out of the folder `models`, or what a broken-off pull has left; what became of its files, in words.

    Weights that stand in a folder of their own stay there. Raises `InputError` for a name that is not there.
    """
    home = _home(name, models)
    with turn(models, name):
        record = next((each for each in installed(models) if each.name == name), None)
        (home / RECORD).unlink(missing_ok=True)  # first: from here on it is not installed
        shutil.rmtree(home)
    if record and not record.is_own_copy:
        return f"{name} is removed; its weights stay in {record.folder}"
    return f"{name} is removed, with its weights"


def damaged(record: Installed, progress: Progress) -> tuple[str, ...]:
    """Files that are no longer what they were when the model was installed. Reads all of them."""
    there = [file for file in record.files if (record.folder / file.path).is_file()]
    now = {file.path: file for file in hashed(record.folder, (file.path for file in there), progress)}
    return tuple(file.path for file in record.files if now.get(file.path) != file)


def one(name: str, models: Path) -> Installed:
    """The installed model of that name. Raises `InputError` that names the closest."""
    records = {record.name: record for record in installed(models)}
    if name in records:
        return records[name]
    raise InputError(_unknown(name, tuple(records), models))


def _home(name: str, models: Path) -> Path:
    """The folder of an installed model, of a broken record, or of a half pull; other folders are not ours to remove."""
    homes = models.iterdir() if models.is_dir() else ()
    there = tuple(sorted(home.name for home in homes if (home / RECORD).is_file() or (home / WEIGHTS).is_dir()))
    if name == slugged(name) and name in there:
        return models / name
    raise InputError(_unknown(name, there, models))


def _unknown(name: str, there: tuple[str, ...], models: Path) -> str:
    close = get_close_matches(name, there, n=1)
    hint = f'; did you mean "{close[0]}"?' if close else ""
    return f'no model "{name}" is installed in {models} (installed: {", ".join(there) or "none"}){hint}'
