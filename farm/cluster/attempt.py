"""One attempt, from inputs to manifest: what happens inside a worker, knowing nothing of Ray.

    Work ─▶ inputs on local disk ─▶ stage.run ─▶ files into the clip store ─▶ manifest (written last, completes it)

Whatever goes wrong ends up in the manifest with its failure kind. Only when the manifest itself cannot be written does
an exception leave `perform`; the attempt then never happened.
"""

from __future__ import annotations

import importlib
import json
import platform
import resource
import shutil
import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from pydantic import JsonValue

import farm
from farm.chain import STAGES, StageName
from farm.clock import now_us
from farm.errors import Cancelled, FailureKind, KeyExists, failure_kind
from farm.models.registry import adapter
from farm.models.spec import Model, Placement
from farm.stages.stage import Outputs, Stage
from farm.store.clips import ClipStore
from farm.tasks import (
    AttemptState,
    FileClass,
    Manifest,
    StoredFile,
    Task,
    Work,
    attempt_prefix,
    manifest_key,
)

MESSAGE_LIMIT = 2000


@dataclass(slots=True)
class Workplace:
    """What a worker has at hand for all its attempts: storage, a scratch folder, loaded models."""

    name: str
    node: str
    clips: ClipStore
    scratch: Path
    threads: int
    cores: int
    models: dict[str, Model] = field(default_factory=dict[str, Model])

    def model(self, name: str) -> Model:
        """The loaded model of that name; loaded at its first use."""
        if name not in self.models:
            self.models[name] = adapter(name).open(Placement(threads=self.threads))
        return self.models[name]

    def local(self, key: str) -> Path:
        """The stored file on this machine's disk: itself where the store is local, else fetched once."""
        if path := self.clips.local_path(key):
            return path
        cached = self.scratch / "cache" / key
        if not cached.exists():
            cached.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
                fetched = Path(folder) / cached.name
                self.clips.fetch(key, fetched)
                fetched.replace(cached)
        return cached


@dataclass(slots=True)
class AttemptContext:
    """What a stage may ask of its attempt (`farm.stages.stage.Context`)."""

    work: Work
    place: Workplace
    scratch: Path
    report: Callable[[float], None]
    cancelled: Event
    facts: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])

    @property
    def threads(self) -> int:
        return self.place.cores if self.work.alone else self.place.threads

    def model(self, name: str) -> Model:
        return self.place.model(name)

    def progress(self, fraction: float) -> None:
        self.report(fraction)

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


def perform(work: Work, place: Workplace, report: Callable[[float], None], cancelled: Event) -> Manifest:
    """Run one attempt and leave its manifest in the clip store. Raises only when that cannot be written."""
    started_us, cpu_us = now_us(), _cpu_us()
    scratch = Path(tempfile.mkdtemp(prefix=f"{work.task.stage}-", dir=place.scratch))
    ctx = AttemptContext(work, place, scratch, report, cancelled)
    try:
        outcome = _outcome(work, place, ctx)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    manifest = Manifest(
        task=work.task.id,
        attempt=work.attempt,
        stage=work.task.stage,
        inputs=work.inputs,
        versions={"farm": farm.__version__, "python": platform.python_version()},
        worker=place.name,
        node=place.node,
        started_us=started_us,
        ended_us=now_us(),
        cpu_us=_cpu_us() - cpu_us,
        **outcome,
    )
    key = manifest_key(work.task.project, work.task.id, work.attempt)
    place.clips.put_bytes(key, manifest.model_dump_json(exclude_defaults=True).encode())
    return manifest


def _outcome(work: Work, place: Workplace, ctx: AttemptContext) -> dict[str, Any]:
    """The part of the manifest that depends on how it went."""
    try:
        outputs = _run_stage(work, place, ctx)
        files = _store(work.task, work.attempt, outputs, place.clips)
    except Cancelled:
        return {"state": AttemptState.CANCELLED, "facts": ctx.facts}
    except Exception as error:  # noqa: BLE001 - the process boundary: everything ends up in the manifest
        kind = failure_kind(error)
        return {
            "state": AttemptState.FAILED,
            "failure": kind,
            "message": _message(error, kind),
            "traceback": "".join(traceback.format_exception(error)),
            "facts": ctx.facts,
        }
    return {"state": AttemptState.DONE, "files": files, "facts": {**ctx.facts, **outputs.facts}}


def _run_stage(work: Work, place: Workplace, ctx: AttemptContext) -> Outputs:
    spec = STAGES[StageName(work.task.stage)]
    module, name = spec.entry.split(":")
    run: Stage = getattr(importlib.import_module(module), name)
    params = spec.params.model_validate(work.task.params)
    inputs = {name: place.local(key) for name, key in work.inputs.items()}
    ctx.check()
    return run(inputs, params, ctx)


def _store(task: Task, attempt: int, outputs: Outputs, clips: ClipStore) -> dict[str, StoredFile]:
    files: dict[str, StoredFile] = {}
    for name, output in outputs.files.items():
        key = f"{attempt_prefix(task.project, output.file_class, task.id, attempt)}/{output.path.name}"
        stored = clips.put_file(key, output.path)
        files[name] = StoredFile(key=key, size=stored.size, sha256=stored.sha256, file_class=output.file_class)
    return files


def _cpu_us() -> int:
    """Processor time of this process and of the children it has waited for. One attempt runs at a time."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return int(1e6 * sum(usage.ru_utime + usage.ru_stime for usage in usages))


def _message(error: Exception, kind: FailureKind) -> str:
    name = f"{type(error).__name__}: " if kind is FailureKind.BUG else ""
    return f"{name}{error}"[:MESSAGE_LIMIT]
