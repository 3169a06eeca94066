"""Adding what a studio has itself: a fine-tune in diffusers layout, a LoRA, an upscaler; from a folder or from a hub.

path ─▶ what is it? ─▶ whole and safe? ─▶ read it all: digests ─▶ record that names the folder   (--copy: a copy)
owner/name@revision ─▶ licence allowed? ─▶ configurations ─▶ what is it? ─▶ the rest, as in pull ─▶ record
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from farm.errors import InputError
from farm.models.diffusion.checkpoints import CHECKPOINTS
from farm.models.diffusion.installed import (
    RECORD,
    WEIGHTS,
    Installed,
    Kind,
    Overrides,
    WeightFile,
    fingerprint_of,
    write,
)
from farm.models.spec import FrameRule
from farm.shots.reading.slugs import slug
from farm.shots.reading.values import BadValue
from farm.weights.check import check_configurations, check_in_place, check_weights, pipeline_files
from farm.weights.fetch import FreeBytes, Wanted, check_space, fetch_all, free_bytes, gigabytes, wanted
from farm.weights.hashing import copied, hashed
from farm.weights.hub import Hub, Listing
from farm.weights.identify import identify, known
from farm.weights.layout import INDEX, Needed
from farm.weights.licence import check_licence
from farm.weights.lone import identify_file
from farm.weights.progress import Progress
from farm.weights.pull import pipeline_wanted, sweep
from farm.weights.turn import turn

_HUB_ID = re.compile(r"(?P<id>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be added."""

    source: str
    """A folder, a file, or "owner/name", perhaps with "@revision"."""
    name: str
    like: str = ""
    licence: str = ""
    overrides: Overrides = field(default_factory=Overrides)
    copy: bool = False


@dataclass(frozen=True, slots=True)
class _Told:
    """What it turned out to be."""

    kind: Kind
    family: str
    like: str
    note: str


def add(
    asked: Asked,
    models: Path,
    *,
    hub: Hub,
    progress: Progress,
    taken: Collection[str] = (),
    allowed: Collection[str] = (),
    free: FreeBytes = free_bytes,
) -> Installed:
    """Record what is asked for in the folder `models`. What stands in a folder is left there, unless it is copied.

    `taken` are names of models that are built in. Raises `InputError` for a name that is taken or no name, for weights
    that are missing, cut short, pickled or of no known family, for overrides that the family cannot make;
    `OutOfSpace`; `StorageError` as `pull` does.
    """
    _check_name(asked.name, taken)
    path = Path(asked.source).expanduser().absolute()
    from_hub = None if path.exists() else _HUB_ID.fullmatch(asked.source)
    if not path.exists() and not from_hub:
        raise InputError(f"there is no {asked.source} (name a folder, a file, or owner/name on the hub)")
    with turn(models, asked.name):
        home = models / asked.name
        if (home / RECORD).exists():
            raise InputError(f"{asked.name} is installed already (another --name, or farm models remove {asked.name})")
        if from_hub:
            listing = hub.listing(from_hub["id"], from_hub["revision"] or "main")
            record = _from_hub(asked, listing, home, hub, progress, allowed, free)
        else:
            record = _from_disk(asked, path, home, progress, free)
        write(record)
    if record.like and not asked.licence and record.licence == CHECKPOINTS[record.like].licence:
        progress.say(f"its licence is taken to be that of {record.like}: {record.licence} (--licence states another)")
    progress.say(f"{record.name} is installed: {gigabytes(record.size)} in {record.folder}")
    return record


def _check_name(name: str, taken: Collection[str]) -> None:
    try:
        slug(name)
    except BadValue as error:
        raise InputError(f"--name: {error.problem} ({error.remedy})") from error
    if name in CHECKPOINTS or name in taken:
        raise InputError(f"--name: {name} is a model the farm knows already (choose another name)")


def _from_disk(asked: Asked, path: Path, home: Path, progress: Progress, free: FreeBytes) -> Installed:
    told = _told(path, asked)
    _say(told, asked, progress)
    files = pipeline_files(path) if path.is_dir() else (Needed(path.name, path.name),)
    folder = path if path.is_dir() else path.parent
    if asked.copy:
        found = _copies(folder, files, home / WEIGHTS, progress, free)
    else:
        if path.is_dir():
            check_in_place(folder, files)
        check_weights(folder, [file.path for file in files])
        found = hashed(folder, (file.path for file in files), progress)
    return _record(asked, told, home, found, weights=WEIGHTS if asked.copy else str(folder), source=str(path))


def _from_hub(
    asked: Asked,
    listing: Listing,
    home: Path,
    hub: Hub,
    progress: Progress,
    allowed: Collection[str],
    free: FreeBytes,
) -> Installed:
    check_licence(listing.repository, asked.licence or listing.licence, allowed)
    progress.say(f"from {listing.source}, licence {listing.licence or 'not said'}")
    weights = home / WEIGHTS
    is_pipeline = any(file.path == INDEX for file in listing.files)
    files = pipeline_wanted(hub, listing) if is_pipeline else _lone_file(listing)
    if is_pipeline:
        small = [file for file in files if not file.local.endswith(".safetensors")]
        told = fetch_all(hub, small, weights, progress, free)
        check_configurations(weights, [file.path for file in told])
        identify(weights, asked.like)
    found = fetch_all(hub, files, weights, progress, free)
    told = _told(weights if is_pipeline else weights / files[0].local, asked)
    _say(told, asked, progress)
    check_weights(weights, [file.path for file in found])
    sweep(weights, found)
    return _record(asked, told, home, found, weights=WEIGHTS, source=listing.source, licence=listing.licence)


def _lone_file(listing: Listing) -> tuple[Wanted, ...]:
    """The weights of a repository that is no pipeline: a LoRA's or an upscaler's."""
    names = [file.path for file in listing.files if file.path.endswith(".safetensors") and "/" not in file.path]
    if len(names) != 1:
        what = f"{len(names)} files of weights" if names else "no safetensors"
        raise InputError(
            f"{listing.repository} has no {INDEX}, and {what}: it is no diffusers pipeline, and no lone LoRA"
            " (fetch the file that is meant, and add its path)"
        )
    return wanted(listing, [Needed(names[0], names[0])])


def _told(path: Path, asked: Asked) -> _Told:
    """What stands at `path`, and what was stated of it."""
    if path.is_dir():
        pipeline_files(path)
        identity = identify(path, asked.like)
        _check_overrides(asked.overrides, identity.like)
        return _Told(Kind.MODEL, identity.family, identity.like, identity.note)
    lone = identify_file(path)
    if asked.overrides != Overrides():
        raise InputError(f"a {lone.kind.words} has no size, length, rate or steps of its own (leave these options out)")
    if lone.kind is Kind.LORA and asked.like:
        return _Told(lone.kind, *_stated(path, lone.family, asked.like), "")
    return _Told(lone.kind, lone.family, lone.like, lone.note)


def _stated(path: Path, family: str, like: str) -> tuple[str, str]:
    """Family and checkpoint of a LoRA, as stated."""
    stated = known(like)
    if family not in {"", stated.family}:
        raise InputError(f"{path} is a LoRA of the family {family}, and {like} is of {stated.family}")
    if not stated.kin.loras:
        raise InputError(f"{like} takes no LoRAs: the family {stated.family} has no layers for them here")
    return stated.family, stated.name


def _check_overrides(own: Overrides, like: str) -> None:
    checkpoint = CHECKPOINTS[like]
    multiple = checkpoint.multiple or checkpoint.kin.multiple
    for width, height in own.sizes:
        if width % multiple or height % multiple:
            raise InputError(f"--size {width}x{height}: both sides are multiples of {multiple} for a model like {like}")
    rule = checkpoint.kin.frame_rule
    stride = checkpoint.stride or rule.stride
    snapped = FrameRule(stride, rule.offset, rule.lowest).snap(own.frames or rule.offset + stride)
    if own.frames and own.frames != snapped:
        raise InputError(f"--frames {own.frames}: a model like {like} makes {stride}k+{rule.offset}, such as {snapped}")


def _say(told: _Told, asked: Asked, progress: Progress) -> None:
    like = f", like {told.like}" if told.like else ""
    progress.say(f"{asked.name} is a {told.kind.words}{f' of the family {told.family}' if told.family else ''}{like}")
    if told.note:
        progress.say(f"note: {told.note}")


def _copies(
    folder: Path, files: Collection[Needed], weights: Path, progress: Progress, free: FreeBytes
) -> tuple[WeightFile, ...]:
    """Copy the files in, digests taken on the way."""
    sizes = {file: (folder / file.path).stat().st_size for file in files}
    weights.mkdir(parents=True, exist_ok=True)
    check_space(weights, sum(sizes.values()), free)
    progress.begin("copying", sum(sizes.values()))
    found = tuple(
        WeightFile(
            path=file.local, size=size, sha256=copied(folder / file.path, weights / file.local, progress.advance)
        )
        for file, size in sizes.items()
    )
    check_weights(weights, [file.local for file in files])
    return found


def _record(
    asked: Asked,
    told: _Told,
    home: Path,
    files: tuple[WeightFile, ...],
    *,
    weights: str,
    source: str,
    licence: str = "",
) -> Installed:
    of_like = CHECKPOINTS[told.like].licence if told.like else ""
    return Installed(
        name=asked.name,
        kind=told.kind,
        family=told.family,
        like=told.like,
        weights=weights,
        sources=(source,),
        licence=asked.licence or licence or of_like,
        fingerprint=fingerprint_of(files),
        files=files,
        overrides=asked.overrides,
        home=home,
    )
