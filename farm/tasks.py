"""Tasks, attempts and their manifests: the nouns that plan, scheduler, store and workers share.

    Task (what, by content id) ──attempt──▶ files, then Manifest (write-once, written last) ──commit──▶ done

A task's id is a hash of everything that determines its output; `shot` and `take` are labels and not part of it.
`TRANSITIONS` is the whole state machine: the scheduler refuses what it does not list, and the diagram in the docs is
drawn from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, ClassVar, NewType, Self

from pydantic import ConfigDict, JsonValue
from pydantic.dataclasses import dataclass as document
from pydantic_core import SchemaSerializer, SchemaValidator

from farm.canonical import content_id
from farm.errors import FailureKind

TaskId = NewType("TaskId", str)


class FileClass(StrEnum):
    """What a stored file is for: retention and access go by it, as the folder under the project."""

    ASSET = "asset"
    MEZZANINE = "mezzanine"
    PROXY = "proxy"
    DELIVERABLE = "deliverable"
    LOG = "log"
    MANIFEST = "manifest"


class TaskState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Change(StrEnum):
    """What can happen to a task."""

    DISPATCH = "dispatch"
    FINISH = "finish"
    RETRY = "retry"
    GIVE_UP = "give up"
    CANCEL = "cancel"
    REOPEN = "reopen"
    """Asked for again: after a failure, or because its files are gone."""


TRANSITIONS: Mapping[tuple[TaskState, Change], TaskState] = {
    (TaskState.WAITING, Change.DISPATCH): TaskState.RUNNING,
    (TaskState.WAITING, Change.FINISH): TaskState.DONE,
    (TaskState.WAITING, Change.GIVE_UP): TaskState.FAILED,
    (TaskState.WAITING, Change.CANCEL): TaskState.CANCELLED,
    (TaskState.RUNNING, Change.FINISH): TaskState.DONE,
    (TaskState.RUNNING, Change.RETRY): TaskState.WAITING,
    (TaskState.RUNNING, Change.GIVE_UP): TaskState.FAILED,
    (TaskState.RUNNING, Change.CANCEL): TaskState.CANCELLED,
    (TaskState.DONE, Change.REOPEN): TaskState.WAITING,
    (TaskState.FAILED, Change.REOPEN): TaskState.WAITING,
    (TaskState.CANCELLED, Change.REOPEN): TaskState.WAITING,
}

SETTLED = frozenset({TaskState.DONE, TaskState.FAILED, TaskState.CANCELLED})


class AttemptState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class _Document:
    """A value that is checked when it is made, and has a JSON form.

    A dataclass with slots and not a pydantic model: a driver keeps them by the hundred thousand, and each takes a third
    of the memory so.
    """

    __pydantic_serializer__: ClassVar[SchemaSerializer]
    __pydantic_validator__: ClassVar[SchemaValidator]

    def model_dump_json(self, *, exclude_defaults: bool = False) -> str:
        return self.__pydantic_serializer__.to_json(self, exclude_defaults=exclude_defaults).decode()

    @classmethod
    def model_validate_json(cls, text: str | bytes) -> Self:
        """Raises pydantic's `ValidationError`."""
        return cls.__pydantic_validator__.validate_json(text)

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        return replace(self, **update)


@document(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Asset(_Document):
    """A file handed in, copied into the clip store under its content hash. `name` keeps the suffix readers need."""

    digest: str
    name: str
    key: str


ALL = "*"
"""As an input's name and output: everything that task left, under the same names."""


@document(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Input(_Document):
    """An output, by name, of another task."""

    task: TaskId
    output: str


@document(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Lane(_Document):
    """A pool of identical workers. The lane "cpu" runs everything that needs no GPU.

    A worker is one actor, or with more than one rank a gang: its ranks lie on one node, and live and die together.
    """

    name: str = "cpu"
    gpus: int = 0
    """Of each rank."""
    ranks: int = 1
    pool: str = ""
    """Label that a node must carry; "" for any node."""
    weights: str = ""
    """The model of the models folder that its workers load; "" where they load none."""
    profile: str = ""
    """How its model runs, where there is a choice: "fast"."""
    parallel: str = ""
    """How the ranks share the work: "cfg2,tp2"."""

    @property
    def gpus_in_all(self) -> int:
        """Of a whole worker."""
        return self.gpus * self.ranks


@document(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Task(_Document):
    """One stage applied to one thing. Make one with `Task.of`, which computes the id."""

    id: TaskId
    project: str
    stage: str
    version: int
    params: Mapping[str, JsonValue]
    """The stage's parameters without those that equal their default."""
    assets: Mapping[str, Asset] = field(default_factory=dict[str, Asset])
    inputs: Mapping[str, Input] = field(default_factory=dict[str, Input])
    lane: Lane = Lane()
    shape: str = ""
    """Tasks of one lane and one shape take about equally long: "generate 1280x720x96"."""
    price_micros: int = 0
    """What one attempt costs beyond the time of its worker, such as a paid request."""
    shot: str = ""
    take: int = 0

    @classmethod
    def of(
        cls,
        *,
        project: str,
        stage: str,
        version: int,
        params: Mapping[str, JsonValue],
        assets: Mapping[str, Asset] | None = None,
        inputs: Mapping[str, Input] | None = None,
        lane: Lane | None = None,
        shape: str = "",
        price_micros: int = 0,
        shot: str = "",
        take: int = 0,
    ) -> Task:
        """A task whose id is the hash of all that determines its output: not of lane, shape, price, shot or take."""
        assets, inputs = assets or {}, inputs or {}
        identity = content_id(
            {
                "project": project,
                "stage": stage,
                "version": version,
                "params": params,
                "assets": {name: asset.digest for name, asset in assets.items()},
                "inputs": {name: [source.task, source.output] for name, source in inputs.items()},
            }
        )
        return cls(
            id=TaskId(identity),
            project=project,
            stage=stage,
            version=version,
            params=params,
            assets=assets,
            inputs=inputs,
            lane=lane or Lane(),
            shape=shape,
            price_micros=price_micros,
            shot=shot,
            take=take,
        )

    @property
    def label(self) -> str:
        """How people call it: "generate sh010 take 2"."""
        take = f" take {self.take}" if self.take else ""
        return f"{self.stage} {self.shot}{take}".strip()


@document(frozen=True, slots=True, kw_only=True, config=_STRICT)
class StoredFile(_Document):
    """One output of an attempt, as it lies in the clip store."""

    key: str
    size: int
    sha256: str
    file_class: FileClass


@document(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Manifest(_Document):
    """The whole outcome of one attempt. Once it lies in the clip store the attempt is complete."""

    schema_version: int = 1
    task: TaskId
    attempt: int
    stage: str
    state: AttemptState
    failure: FailureKind | None = None
    message: str = ""
    traceback: str = ""
    tail: tuple[str, ...] = ()
    """Of an attempt that failed: the last words of its log."""
    logged: int = 0
    """Lines of its log, which lies beside its files."""
    files: Mapping[str, StoredFile] = field(default_factory=dict[str, StoredFile])
    facts: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    inputs: Mapping[str, str] = field(default_factory=dict[str, str])
    """The key each input was read from."""
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    worker: str = ""
    node: str = ""
    started_us: int = 0
    ended_us: int = 0
    cpu_us: int = 0
    """Processor time of the worker and of the processes it ran."""

    @property
    def done(self) -> bool:
        return self.state is AttemptState.DONE


def reclaimed(task: Task, attempt: int, now_us: int) -> Manifest:
    """The manifest of an attempt that a dead driver left running, and that left none itself."""
    return Manifest(
        task=task.id,
        attempt=attempt,
        stage=task.stage,
        state=AttemptState.FAILED,
        failure=FailureKind.RECLAIMED,
        message="the driver ended before this attempt did",
        ended_us=now_us,
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task settled, as planning sees it. A task that failed because its input did has no manifest of its own."""

    state: TaskState
    manifest: Manifest | None = None
    failure: FailureKind | None = None
    message: str = ""

    @property
    def done(self) -> bool:
        return self.state is TaskState.DONE

    @property
    def facts(self) -> Mapping[str, JsonValue]:
        return self.manifest.facts if self.manifest else {}


def asset_key(project: str, digest: str, name: str) -> str:
    """Where a file handed in is kept: `store/demo/asset/ab/abcd…/still.jpg`."""
    return f"store/{project}/{FileClass.ASSET}/{digest[:2]}/{digest}/{name}"


def attempt_prefix(project: str, file_class: FileClass, task: TaskId, attempt: int) -> str:
    """Where an attempt keeps its files of one class: `store/demo/mezzanine/ab/abcd…/1`."""
    return f"store/{project}/{file_class}/{task[:2]}/{task}/{attempt}"


def log_prefix(project: str, task: TaskId, attempt: int) -> str:
    """Where the files of an attempt's log lie."""
    return attempt_prefix(project, FileClass.LOG, task, attempt)


def manifest_key(project: str, task: TaskId, attempt: int) -> str:
    return f"{attempt_prefix(project, FileClass.MANIFEST, task, attempt)}/manifest.json"


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker is handed: a task, which attempt this is, and where its inputs lie in the clip store."""

    task: Task
    attempt: int
    inputs: Mapping[str, str] = field(default_factory=dict[str, str])
    alone: bool = False
    """True when nothing else is left to run, so that it may use every core."""
    lean: int = 0
    """How often this task ran out of memory before: a model may choose a leaner profile."""
    job: str = ""
    """In whose name it runs, for the log."""
