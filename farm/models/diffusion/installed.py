"""The models folder: what is installed on this machine, one folder with a record for each.

    models/NAME/model.json   the record, written last: a model is there, or it is not
    models/NAME/weights/     the files; or the record names a folder elsewhere

A record that cannot be read is a finding that names it, and hides none of the others. Reading needs neither torch nor
the weights themselves: planning knows a model by its record. Records are written by `farm.weights`.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import uuid
from collections.abc import Iterable, Iterator
from enum import StrEnum
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, ValidationError

from farm.canonical import content_id
from farm.findings import Finding, Place, Severity
from farm.models.diffusion.checkpoints import CHECKPOINTS, Checkpoint
from farm.shots.reading.slugs import slug

logger = logging.getLogger(__name__)

RECORD = "model.json"
WEIGHTS = "weights"
MIRROR = ".mirror"
"""Lies in a folder of records whose weights are in a bucket (`farm.weights.bucket`)."""


class Kind(StrEnum):
    """What a record is of."""

    MODEL = "model"
    """A whole pipeline in diffusers layout."""
    LORA = "lora"
    UPSCALER = "upscaler"

    @property
    def words(self) -> str:
        """As people write it."""
        return "LoRA" if self is Kind.LORA else self.value


def _inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or path.startswith("/") or "\\" in path:
        raise ValueError(f'"{path}" does not stay inside the folder')
    return path


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WeightFile(_Frozen):
    """One file of a model, as it was when it was installed."""

    path: Annotated[str, AfterValidator(_inside)]
    """Below the weights folder, with forward slashes."""
    size: Annotated[int, Field(ge=0)]
    """Bytes."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


Positive = Annotated[int, Field(gt=0)]
Rate = Annotated[Fraction, PlainSerializer(str), Field(gt=0)]


class Overrides(_Frozen):
    """What a studio's own model makes, where that is not what the checkpoint it is like makes."""

    sizes: tuple[tuple[Positive, Positive], ...] = ()
    """(width, height); the first is the usual one."""
    frames: Positive | None = None
    fps: Rate | None = None
    steps: Positive | None = None


class Installed(_Frozen):
    """One installed model, LoRA or upscaler. The same record on two machines means the same files."""

    schema_version: Literal[1] = 1
    name: Annotated[str, AfterValidator(slug)]
    kind: Kind = Kind.MODEL
    title: str = ""
    family: str = ""
    """Of `farm.models.diffusion.family`; "" for an upscaler, and for a LoRA that does not tell."""
    like: str = ""
    """The checkpoint whose defaults it takes."""
    weights: str = WEIGHTS
    """The folder of its files: absolute, or beside the record."""
    sources: tuple[str, ...] = ()
    """Where they came from: "owner/name@commit", or a path."""
    licence: str = ""
    fingerprint: str
    """Of the files, part of every task id. The parallel plan is not in it."""
    files: Annotated[tuple[WeightFile, ...], Field(min_length=1)]
    overrides: Overrides = Overrides()
    home: Annotated[Path, Field(exclude=True)] = Path()
    """The folder of the record; not written into it."""

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self.home / self.weights

    @property
    def file(self) -> Path:
        """The one file of a LoRA or an upscaler."""
        assert self.kind is not Kind.MODEL
        return self.folder / self.files[0].path

    @property
    def is_own_copy(self) -> bool:
        """Whether the files stand in the models folder, and go when the model is removed."""
        return not Path(self.weights).is_absolute()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def fingerprint_of(files: Iterable[WeightFile]) -> str:
    """One id for the files: their paths, sizes and digests, in whatever order they come."""
    return content_id(sorted([file.path, file.size, file.sha256] for file in files))


def installed(models: Path) -> tuple[Installed, ...]:
    """Everything installed in the folder `models`, by name; a broken record is left out with a logged warning."""
    records, findings = survey(models)
    for finding in findings:
        logger.warning("%s", finding)
    return records


def survey(models: Path) -> tuple[tuple[Installed, ...], tuple[Finding, ...]]:
    """Everything installed in the folder `models`, by name, and what is wrong there: broken records, missing files."""
    found = tuple(_records(models))
    records = tuple(each for each in found if isinstance(each, Installed))
    is_mirror = (models / MIRROR).exists()
    wrong = (each if isinstance(each, Finding) else None if is_mirror else _missing(each) for each in found)
    return records, tuple(finding for finding in wrong if finding)


def checkpoint_of(record: Installed) -> Checkpoint:
    """What an installed model makes: the checkpoint it is like, with its own name, licence and overrides.

    Raises KeyError for a record that is like none.
    """
    own = record.overrides
    like = CHECKPOINTS[record.like]
    if record.name == record.like:
        return like
    return dataclasses.replace(
        like,
        name=record.name,
        title=record.title or f"{like.title}, fine-tuned",
        repositories=(),
        licence=record.licence,
        sizes=own.sizes or like.sizes,
        frames=own.frames or like.frames,
        most_frames=max(own.frames or 0, like.most_frames),
        fps=own.fps or like.fps,
        steps=own.steps or like.steps,
    )


def write(record: Installed) -> None:
    """Put the record where it belongs, in one step: whoever reads meanwhile finds all of it or nothing."""
    record.home.mkdir(parents=True, exist_ok=True)
    passing = record.home / f".{uuid.uuid4().hex}.tmp"
    with passing.open("w", encoding="utf-8") as file:
        file.write(record.model_dump_json(indent=2, exclude_defaults=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    passing.replace(record.home / RECORD)


def _records(models: Path) -> Iterator[Installed | Finding]:
    for home in sorted(models.iterdir()) if models.is_dir() else ():
        if (home / RECORD).is_file() and not home.name.startswith("."):
            yield read(home)


def read(home: Path) -> Installed | Finding:
    """The record in the folder `home`, or what is wrong with it. Says nothing of its files."""
    try:
        return parsed((home / RECORD).read_bytes(), home)
    except OSError as error:
        return _broken(home / RECORD, error.strerror or str(error))


def parsed(document: bytes, home: Path) -> Installed | Finding:
    """The record that a document is, of the folder `home`, or what is wrong with it."""
    path = home / RECORD
    try:
        record = Installed.model_validate_json(document).model_copy(update={"home": home})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return _broken(path, f"{where}: {first['msg']}" if where else first["msg"])
    if record.name != home.name:
        return _broken(path, f'it is the record of "{record.name}", in the folder of "{home.name}"')
    if record.fingerprint != fingerprint_of(record.files):
        return _broken(path, "its fingerprint is not that of its files")
    if record.kind is Kind.MODEL and record.like not in CHECKPOINTS:
        return _broken(path, f'it is like "{record.like}", which is no known checkpoint')
    return record


def _broken(path: Path, problem: str) -> Finding:
    remedy = f"farm models remove {path.parent.name}, then pull or add it again"
    return Finding(Severity.WARNING, "model.record", Place(str(path)), problem, remedy)


def _missing(record: Installed) -> Finding | None:
    gone = [file.path for file in record.files if not (record.folder / file.path).is_file()]
    if not gone:
        return None
    problem = f"{len(gone)} of {len(record.files)} files are not there: {record.folder / gone[0]}"
    remedy = "bring them back, or mount their disk; else farm models remove it"
    return Finding(Severity.WARNING, "model.files", Place(str(record.home / RECORD)), problem, remedy)
