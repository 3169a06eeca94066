"""One attempt, from inputs to manifest: what happens inside a worker, knowing nothing of Ray.

    Work ─▶ inputs on local disk ─▶ stage.run ─▶ files into the clip store ─▶ manifest (written last, completes it)
               ▲ cache of this machine ◀───────────┘ (where the store is remote)

Whatever goes wrong ends up in the manifest with its failure kind. Only when the manifest itself cannot be written does
an exception leave `perform`; the attempt then never happened.
"""

from __future__ import annotations

import json
import logging
import platform
import resource
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

import farm
from farm.canonical import content_id
from farm.chain import STAGES, StageName, StageSpec
from farm.clock import now_us
from farm.cluster.cache import Cache
from farm.errors import Cancelled, FailureKind, FarmError, InputError, KeyExists, StorageError, failure_kind
from farm.logs.attempt import AttemptLog, attempt_log
from farm.logs.fields import Fields, log_context
from farm.models import enhance
from farm.models.diffusion import loras
from farm.models.enhance import Enlarger, Interpolator, Retimer, Upscaler
from farm.models.enhance.installed import LANCZOS
from farm.models.gang import call, named
from farm.models.registry import Registry
from farm.models.spec import Gang, Model, Placement
from farm.stages.stage import Outputs, Stage
from farm.store.backend import Stored
from farm.store.clips import ClipStore
from farm.tasks import (
    AttemptState,
    FileClass,
    Lane,
    Manifest,
    StoredFile,
    Task,
    Work,
    attempt_prefix,
    log_prefix,
    manifest_key,
)

if TYPE_CHECKING:
    from farm.delivery.identity import Identity
    from farm.models.spec import Frame

logger = logging.getLogger(__name__)

MESSAGE_LIMIT = 2000
TELL_EVERY_S = 30.0
"""An attempt's log says so often how far it is."""
SLOW_S = 1.0
"""What takes longer of reading and writing files is worth a line."""
VERSIONS = {"farm": farm.__version__, "python": platform.python_version()}


@dataclass(slots=True)
class Alone:
    """The gang of a worker without others."""

    placement: Placement = field(default_factory=Placement)
    spoilt: bool = False

    def broadcast(self, entry: str, *args: Any) -> list[Any]:
        return [call(entry, self.placement, args)]

    def beside(self, entry: str, *args: Any) -> AbstractContextManager[None]:  # noqa: ARG002 - there is no other rank
        return nullcontext()

    def spoil(self) -> None:
        self.spoilt = True


def nothing(name: str) -> None:
    """What is done about a model where it is loaded from the folder that all machines share."""


@dataclass(slots=True)
class Workplace:
    """What a worker has at hand for all its attempts: storage, a scratch folder, loaded models, its gang."""

    name: str
    node: str
    clips: ClipStore
    scratch: Path
    threads: int
    cores: int
    cache: Cache | None = None
    """Shared by the workers of this machine; None where the clip store lies on its disk."""
    gang: Gang = field(default_factory=Alone)
    stages: Mapping[str, str] = field(default_factory=dict[str, str])
    """Stages beside those of the chain, as "module:ATTRIBUTE" of a `StageSpec`, by name."""
    writing: Callable[[], AbstractContextManager[None]] = nullcontext
    """Held while a manifest is written; does not let in a worker that may not write any more."""
    registry: Registry = field(default_factory=Registry)
    bring: Callable[[str], object] = nothing
    """Puts a LoRA or upscaler into the folder that the registry is of, where that is a cache: its model is there."""
    models: dict[str, Model] = field(default_factory=dict[str, Model])
    certificate: Path | None = None
    certificate_key: Path | None = None
    """What deliverables are signed with; a test key of this worker's own where neither is given."""
    enlargers: dict[tuple[str, str], Enlarger] = field(default_factory=dict[tuple[str, str], Enlarger])
    """Opened upscalers, by name and revision."""

    def model(self, name: str, lane: Lane) -> Model:
        """The loaded model of that name; loaded at its first use. A worker is of one lane all its life."""
        if name not in self.models:
            self.models[name] = self.registry.adapter(name).open(self.gang, lane)
        return self.models[name]

    def upscaler(self, name: str, revision: str) -> Enlarger:
        """The upscaler of that name and revision, opened at its first use."""
        if (name, revision) not in self.enlargers:
            if name != LANCZOS:
                self.bring(name)
            found = enhance.upscaler(name, self.registry.folder)
            _check_revision(found, revision)
            self.enlargers[name, revision] = found.open(self.gang.placement)
        return self.enlargers[name, revision]

    def interpolator(self, name: str, revision: str) -> Retimer:
        """The interpolator of that name and revision."""
        found = enhance.interpolator(name)
        _check_revision(found, revision)
        return found.open(self.gang.placement)

    def fetch(self, key: str, target: Path) -> None:
        """Put a stored file at `target`, to read: from this machine's cache where it is there."""
        if self.cache:
            self.cache.through(key, target, lambda path: self.clips.fetch(key, path))
        else:
            self.clips.fetch(key, target)

    def store(self, key: str, path: Path) -> Stored:
        """Put a file of an attempt into the clip store. The attempt gives it up."""
        stored = self.clips.put_file(key, path, adopt=True)
        if self.cache:
            self.cache.add(key, path)
        return stored

    def stage(self, name: str) -> StageSpec:
        if name not in self.stages:
            return STAGES[StageName(name)]
        return named(self.stages[name])


@dataclass(slots=True)
class AttemptContext:
    """What a stage may ask of its attempt (`farm.stages.stage.Context`)."""

    work: Work
    place: Workplace
    report: Callable[[float], None]
    cancelled: Event
    release: Callable[[], None] = lambda: None
    """Lets the worker's next attempt begin."""
    folder: Path | None = None
    """Everything of this attempt's on this disk; made when first needed, as many attempts need none."""
    facts: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    tell_from_s: float = field(default_factory=lambda: time.monotonic() + TELL_EVERY_S)
    """When its log is next told how far it is."""
    previews: list[str] = field(default_factory=list[str])
    """Keys of the glimpses shown so far, which go when the attempt ends."""

    @property
    def scratch(self) -> Path:
        return self._own("scratch")

    @property
    def gang(self) -> Gang:
        return self.place.gang

    @property
    def threads(self) -> int:
        return self.place.cores if self.work.alone else self.place.threads

    def local(self, key: str) -> Path:
        """The stored file on this machine's disk, to read: in place where the store is local, else fetched."""
        if path := self.place.clips.local_path(key):
            return path
        path = self._own(content_id(key)[:16]) / key.rpartition("/")[2]
        if not path.exists():
            self.place.fetch(key, path)
        return path

    def model(self, name: str) -> Model:
        for lora in loras.named(self.work.task.params.get("options")):
            self.place.bring(lora)
        return self.place.model(name, self.work.task.lane)

    def upscaler(self, name: str, revision: str) -> Enlarger:
        return self.place.upscaler(name, revision)

    def interpolator(self, name: str, revision: str) -> Retimer:
        return self.place.interpolator(name, revision)

    def identity(self) -> Identity:
        from farm.delivery.identity import identity  # only deliveries need it

        return identity(self.place.certificate, self.place.certificate_key)

    def progress(self, fraction: float) -> None:
        self.report(fraction)
        if time.monotonic() >= self.tell_from_s:
            self.tell_from_s = time.monotonic() + TELL_EVERY_S
            logger.info("%.0f %% done", 100 * fraction)

    @property
    def lean(self) -> int:
        return self.work.lean

    def preview(self, picture: Frame) -> None:
        """Put it beside the attempt's proxy. Storage that will not have it costs no more than the glimpse."""
        from farm.media import write_jpeg  # brings OpenCV along, which many attempts do without

        task, path = self.work.task, self._own("previews") / f"preview-{len(self.previews) + 1:02}.jpg"
        write_jpeg(path, picture)
        key = f"{attempt_prefix(task.project, FileClass.PROXY, task.id, self.work.attempt)}/{path.name}"
        with suppress(StorageError):
            self.place.clips.put_file(key, path, adopt=True)
            self.previews.append(key)

    def put_away(self) -> None:
        """Remove what was only for the time of the attempt."""
        for key in self.previews:
            with suppress(StorageError):
                self.place.clips.delete(key)
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def check(self) -> None:
        if self.cancelled.is_set():
            raise Cancelled("asked to stop")

    def fact(self, name: str, value: JsonValue) -> None:
        self.facts[name] = value

    def journal(self, name: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        task = self.work.task
        key = f"{attempt_prefix(task.project, FileClass.LOG, task.id, 0)}/{name}.json"
        try:
            self.place.clips.put_bytes(key, json.dumps(document).encode())
        except KeyExists:
            return json.loads(self.place.clips.read_bytes(key))
        return document

    def _own(self, name: str) -> Path:
        """A folder of that name within this attempt's."""
        if self.folder is None:
            self.folder = Path(tempfile.mkdtemp(prefix=f"{self.work.task.stage}-", dir=self.place.scratch))
        path = self.folder / name
        path.mkdir(exist_ok=True)
        return path


def perform(
    work: Work,
    place: Workplace,
    report: Callable[[float], None],
    cancelled: Event,
    release: Callable[[], None] = lambda: None,
) -> Manifest:
    """Run one attempt and leave its manifest in the clip store. Raises only when that cannot be written."""
    started_us, cpu_us = now_us(), _cpu_us()
    task, ctx = work.task, AttemptContext(work, place, report, cancelled, release)
    prefix = log_prefix(task.project, task.id, work.attempt)
    with log_context(_fields(work, place)), attempt_log(place.clips, prefix) as log:
        try:
            outcome = _outcome(work, place, ctx, log)
        finally:
            ctx.put_away()
            log.close()
        manifest = _manifest(work, place, started_us=started_us, cpu_us=_cpu_us() - cpu_us, logged=log.count, **outcome)
        with place.writing():
            key = manifest_key(task.project, task.id, work.attempt)
            place.clips.put_bytes(key, manifest.model_dump_json(exclude_defaults=True).encode())
        log.tidy()
    return manifest


def unwritten(work: Work, place: Workplace, error: Exception) -> Manifest:
    """The outcome of an attempt whose manifest could not be made or written: it failed, and its worker is well."""
    return _manifest(work, place, **_failed(error))


def _manifest(work: Work, place: Workplace, **outcome: Any) -> Manifest:
    return Manifest(
        task=work.task.id,
        attempt=work.attempt,
        stage=work.task.stage,
        inputs=work.inputs,
        versions=VERSIONS,
        worker=place.name,
        node=place.node,
        ended_us=now_us(),
        **outcome,
    )


def _fields(work: Work, place: Workplace) -> Fields:
    """What every line of the attempt's log is about."""
    task = work.task
    return {
        "job": work.job,
        "project": task.project,
        "shot": task.shot,
        "take": task.take,
        "stage": task.stage,
        "task": task.id,
        "attempt": work.attempt,
        "worker": place.name,
        "lane": task.lane.name,
    }


def _outcome(work: Work, place: Workplace, ctx: AttemptContext, log: AttemptLog) -> dict[str, Any]:
    """The part of the manifest that depends on how it went."""
    try:
        outputs = _run_stage(work, place, ctx)
        with _timed(f"{len(outputs.files)} files stored"):
            files = _store(work.task, work.attempt, outputs, place)
    except Cancelled:
        return {"state": AttemptState.CANCELLED, "facts": ctx.facts}
    except Exception as error:  # the process boundary: everything ends up in the manifest
        failed, before = _failed(error), log.last
        logger.exception("%s", failed["message"])
        tail = before if isinstance(error, FarmError) else log.last  # one raised on purpose says it all in its message
        return failed | {"tail": tail, "facts": ctx.facts}
    return {"state": AttemptState.DONE, "files": files, "facts": {**ctx.facts, **outputs.facts}}


def _failed(error: Exception) -> dict[str, Any]:
    kind = failure_kind(error)
    return {
        "state": AttemptState.FAILED,
        "failure": kind,
        "message": _message(error, kind),
        "traceback": "".join(traceback.format_exception(error)),
    }


def _run_stage(work: Work, place: Workplace, ctx: AttemptContext) -> Outputs:
    spec = place.stage(work.task.stage)
    run: Stage = named(spec.entry)
    params = spec.params.model_validate(work.task.params)
    with _timed(f"{len(work.inputs)} inputs read"):
        inputs = {name: ctx.local(key) for name, key in work.inputs.items()}
    ctx.check()
    return run(inputs, params, ctx)


@contextmanager
def _timed(done: str) -> Iterator[None]:
    """Log how long that took, where it did."""
    began_s = time.monotonic()
    yield
    seconds = time.monotonic() - began_s
    if seconds >= SLOW_S:
        logger.info("%s in %.1f s", done, seconds)


def _store(task: Task, attempt: int, outputs: Outputs, place: Workplace) -> dict[str, StoredFile]:
    files: dict[str, StoredFile] = {}
    for name, output in outputs.files.items():
        key = f"{attempt_prefix(task.project, output.file_class, task.id, attempt)}/{output.path.name}"
        stored = place.store(key, output.path)
        files[name] = StoredFile(key=key, size=stored.size, sha256=stored.sha256, file_class=output.file_class)
    return files


def _check_revision(found: Upscaler | Interpolator, revision: str) -> None:
    if found.revision != revision:
        raise InputError(
            f"this machine has another {found.name}: its revision is {found.revision}, and {revision} was planned "
            "(give every machine the same file, then ask again)"
        )


def _cpu_us() -> int:
    """Processor time of this process and of the children it has waited for.

    While one attempt is written the next may run: what they use together counts for both.
    """
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return int(1e6 * sum(usage.ru_utime + usage.ru_stime for usage in usages))


def _message(error: Exception, kind: FailureKind) -> str:
    name = f"{type(error).__name__}: " if kind is FailureKind.BUG else ""
    return f"{name}{error}"[:MESSAGE_LIMIT]
