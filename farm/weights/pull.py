"""Pulling a known checkpoint: from the hub into the models folder, to be continued whenever it is broken off.

name ─▶ checkpoint ─▶ licence allowed? ─▶ listings ─▶ needed files ─▶ room? ─▶ fetch, verify ─▶ headers ─▶ record
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from farm.errors import InputError
from farm.models.diffusion.checkpoints import Checkpoint, Repository
from farm.models.diffusion.installed import RECORD, WEIGHTS, Installed, WeightFile, fingerprint_of, survey, write
from farm.weights.check import check_weights
from farm.weights.fetch import FreeBytes, Wanted, fetch_all, free_bytes, gigabytes, wanted
from farm.weights.hub import Hub, Listing
from farm.weights.identify import known
from farm.weights.layout import INDEX, components, needed, needed_component
from farm.weights.licence import check_licence
from farm.weights.progress import Progress
from farm.weights.turn import turn


def pull(
    name: str,
    models: Path,
    *,
    hub: Hub,
    progress: Progress,
    allowed: Collection[str] = (),
    free: FreeBytes = free_bytes,
) -> Installed:
    """Bring the checkpoint `name` into the folder `models`; what is there already is left as it is.

    `allowed` are the licences the project may use; empty for every one. Raises `InputError` for an unknown name, a
    licence that is not allowed, a gated or ill-made repository; `OutOfSpace`; `StorageError` for a hub that breaks
    off, and when another process is at this name.
    """
    checkpoint = known(name)
    check_licence(name, checkpoint.licence, allowed)
    with turn(models, name):
        if there := _whole(name, models):
            progress.say(f"{name} is installed already, from {', '.join(there.sources)}")
            return there
        (models / name / RECORD).unlink(missing_ok=True)  # broken, or without its files
        progress.say(f"{checkpoint.title}: licensed as {checkpoint.licence}")
        files = _all_wanted(checkpoint, hub, progress)
        weights = models / name / WEIGHTS
        found = fetch_all(hub, files, weights, progress, free)
        check_weights(weights, [file.path for file in found])
        sweep(weights, found)
        record = Installed(
            name=name,
            family=checkpoint.family,
            like=name,
            sources=tuple(dict.fromkeys(each.listing.source for each in files)),
            licence=checkpoint.licence,
            fingerprint=fingerprint_of(found),
            files=found,
            home=models / name,
        )
        write(record)
    progress.say(f"{name} is installed: {gigabytes(record.size)} in {weights}")
    return record


def _whole(name: str, models: Path) -> Installed | None:
    """The record of that name, if its files are all there."""
    records, findings = survey(models)
    wrong = {Path(finding.place.file).parent.name for finding in findings}
    return next((record for record in records if record.name == name and name not in wrong), None)


def pipeline_wanted(hub: Hub, listing: Listing, variant: str = "", below: str = "") -> tuple[Wanted, ...]:
    """What a whole pipeline needs of a listing."""
    parts = components(hub.document(listing, INDEX), listing.repository)
    paths = (file.path for file in listing.files)
    return wanted(listing, needed(paths, parts, listing.repository, variant), below)


def sweep(weights: Path, kept: Collection[WeightFile]) -> None:
    """Delete what an earlier pull, of another commit, has left in a weights folder of ours."""
    names = {file.path for file in kept}
    for path in weights.rglob("*"):
        if path.is_file() and path.relative_to(weights).as_posix() not in names:
            path.unlink()


def _all_wanted(checkpoint: Checkpoint, hub: Hub, progress: Progress) -> tuple[Wanted, ...]:
    if not checkpoint.repositories:
        raise InputError(f"{checkpoint.name} is published nowhere (farm models add takes a folder)")
    files: list[Wanted] = []
    for repository in checkpoint.repositories:
        listing = hub.listing(repository.id, repository.revision)
        said = f", licence {listing.licence}" if listing.licence else ""
        progress.say(f"from {listing.source}{said}")
        files += _of_repository(repository, listing, hub)
    return tuple(files)


def _of_repository(repository: Repository, listing: Listing, hub: Hub) -> tuple[Wanted, ...]:
    if not repository.folder:
        return pipeline_wanted(hub, listing, repository.variant)
    paths = (file.path for file in listing.files)
    return wanted(listing, needed_component(paths, repository.folder, listing.repository, repository.variant))
