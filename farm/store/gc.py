"""What may go from a clip store: listed first, deleted only when told.

    rejected take    the mezzanine of a take that was scored and compared, and nothing else, past its retention
    unused attempt   files of an attempt that ended and did not win, past the same age
    old log          of an attempt that ended, past a retention of its own

Kept whatever its age: everything of a live job, every pin, every take that a deliverable or a cut was made from, every
deliverable, proxy, asset, manifest and score, what tasks noted for their next attempts, and every file of a task that
this job store does not know: it may belong to another machine's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from farm.chain import StageName
from farm.errors import KeyMissing
from farm.logs.files import is_log
from farm.store.backend import Entry
from farm.store.catalog_rows import FINISHING
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.store.records import Snapshot, TaskRecord
from farm.tasks import FileClass, TaskId, TaskState

DAY_US = 24 * 3600 * 1_000_000

_KEY = re.compile(
    r"store/[^/]+/(?P<file_class>[^/]+)/(?P<start>..)/(?P<task>(?P=start)[^/]*)/(?P<attempt>\d+)/(?P<name>.+)"
)
_TAKES = FINISHING | {StageName.GENERATE}
"""Stages that leave a mezzanine of a take."""
_JUDGES = frozenset({StageName.SCORE, StageName.SELECT, StageName.COMPARE})


class Why(StrEnum):
    REJECTED = "rejected take"
    UNUSED = "unused attempt"
    LOG = "old log"


@dataclass(frozen=True, slots=True)
class Garbage:
    """One key that may go. `size` in bytes."""

    key: str
    size: int
    why: Why
    task: TaskId


@dataclass(frozen=True, slots=True)
class Before:
    """What may go must have been written before this: UTC microseconds."""

    files_us: int
    logs_us: int

    @classmethod
    def of(cls, now_us: int, files_days: float, logs_days: float) -> Self:
        return cls(now_us - int(files_days * DAY_US), now_us - int(logs_days * DAY_US))


def garbage(
    entries: Iterable[Entry], snapshot: Snapshot, pins: AbstractSet[TaskId], before: Before
) -> Iterator[Garbage]:
    """Which of `entries` nobody needs. `snapshot` must hold all jobs. Pure."""
    live = _live(snapshot) | pins
    wanted = live | _used(snapshot)
    for entry in entries:
        found = _KEY.fullmatch(entry.key)
        record = snapshot.tasks.get(TaskId(found["task"])) if found else None
        if not found or not record:
            continue
        file_class, attempt = FileClass(found["file_class"]), int(found["attempt"])
        if file_class is FileClass.LOG:
            is_old = entry.modified_us < before.logs_us and is_log(found["name"]) and record.task.id not in live
            why = Why.LOG if is_old else None
        else:
            why = _why(record, file_class, attempt, wanted) if entry.modified_us < before.files_us else None
        if why:
            yield Garbage(entry.key, entry.size, why, record.task.id)


def collect(
    clips: ClipStore,
    store: JobStore,
    *,
    now_us: int,
    older_than_days: float,
    logs_older_than_days: float,
    pins: AbstractSet[TaskId] = frozenset(),
    dry_run: bool = True,
) -> tuple[Garbage, ...]:
    """List what may go and, unless `dry_run`, delete it and what killed writers left.

    Deleting needs the lead, so that no driver begins to want a take meanwhile: raises `LeaseError` while one is at
    work.
    """
    before = Before.of(now_us, older_than_days, logs_older_than_days)
    if dry_run:
        return tuple(garbage(clips.entries("store/"), store.snapshot(live_only=False), pins, before))
    with store.lead():
        listed = tuple(garbage(clips.entries("store/"), store.snapshot(live_only=False), pins, before))
        for each in listed:
            with suppress(KeyMissing):  # somebody else tidied up
                clips.delete(each.key)
        clips.sweep(now_us)
    return listed


def _live(snapshot: Snapshot) -> set[TaskId]:
    """Tasks of live jobs."""
    return {task for job, tasks in snapshot.members.items() if snapshot.jobs[job].state.live for task in tasks}


def _used(snapshot: Snapshot) -> set[TaskId]:
    """Tasks that something lasting was made from."""
    return {
        source.task
        for record in snapshot.tasks.values()
        if record.task.stage not in _JUDGES
        for source in record.task.inputs.values()
    }


def _why(record: TaskRecord, file_class: FileClass, attempt: int, wanted: AbstractSet[TaskId]) -> Why | None:
    if file_class is FileClass.MANIFEST:
        return None
    if attempt != record.winner:
        runs = record.state is TaskState.RUNNING and attempt == record.attempts
        return None if runs or attempt > record.attempts else Why.UNUSED
    is_take = record.task.stage in _TAKES and file_class is FileClass.MEZZANINE
    return Why.REJECTED if is_take and record.task.id not in wanted else None
