"""What may go from a clip store: listed first, deleted only when told.

    rejected take    the mezzanine of a take that was scored and compared, and nothing else, past its retention
    unused attempt   files of an attempt that ended and did not win, past the same age

Kept whatever its age: everything of a live job, every pin, every take that a deliverable or a cut was made from, every
deliverable, proxy, asset, log and manifest, and every file of a task that this job store does not know: it may belong
to another machine's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from farm.chain import StageName
from farm.errors import KeyMissing
from farm.store.backend import Entry
from farm.store.catalog_rows import FINISHING
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.store.records import Snapshot, TaskRecord
from farm.tasks import FileClass, TaskId, TaskState

DAY_US = 24 * 3600 * 1_000_000

_KEY = re.compile(r"store/[^/]+/(?P<file_class>[^/]+)/(?P<start>..)/(?P<task>(?P=start)[^/]*)/(?P<attempt>\d+)/.+")
_RECORDS = frozenset({FileClass.MANIFEST, FileClass.LOG})
_TAKES = FINISHING | {StageName.GENERATE}
"""Stages that leave a mezzanine of a take."""
_JUDGES = frozenset({StageName.SCORE, StageName.SELECT, StageName.COMPARE})


class Why(StrEnum):
    REJECTED = "rejected take"
    UNUSED = "unused attempt"


@dataclass(frozen=True, slots=True)
class Garbage:
    """One key that may go. `size` in bytes."""

    key: str
    size: int
    why: Why
    task: TaskId


def garbage(
    entries: Iterable[Entry], snapshot: Snapshot, pins: AbstractSet[TaskId], before_us: int
) -> Iterator[Garbage]:
    """Which of `entries`, written before `before_us`, nobody needs. `snapshot` must hold all jobs. Pure."""
    wanted = _wanted(snapshot) | pins
    for entry in entries:
        found = _KEY.fullmatch(entry.key)
        record = snapshot.tasks.get(TaskId(found["task"])) if found else None
        if found and record and entry.modified_us < before_us:
            why = _why(record, FileClass(found["file_class"]), int(found["attempt"]), wanted)
            if why:
                yield Garbage(entry.key, entry.size, why, record.task.id)


def collect(
    clips: ClipStore,
    store: JobStore,
    *,
    now_us: int,
    older_than_days: float,
    pins: AbstractSet[TaskId] = frozenset(),
    dry_run: bool = True,
) -> tuple[Garbage, ...]:
    """List what may go and, unless `dry_run`, delete it and what killed writers left.

    Deleting needs the lead, so that no driver begins to want a take meanwhile: raises `LeaseError` while one is at
    work.
    """
    before_us = now_us - int(older_than_days * DAY_US)
    if dry_run:
        return tuple(garbage(clips.entries("store/"), store.snapshot(live_only=False), pins, before_us))
    with store.lead():
        listed = tuple(garbage(clips.entries("store/"), store.snapshot(live_only=False), pins, before_us))
        for each in listed:
            with suppress(KeyMissing):  # somebody else tidied up
                clips.delete(each.key)
        clips.sweep(now_us)
    return listed


def _wanted(snapshot: Snapshot) -> set[TaskId]:
    """Tasks of live jobs, and tasks that something lasting was made from."""
    live = {task for job, tasks in snapshot.members.items() if snapshot.jobs[job].state.live for task in tasks}
    used = {
        source.task
        for record in snapshot.tasks.values()
        if record.task.stage not in _JUDGES
        for source in record.task.inputs.values()
    }
    return live | used


def _why(record: TaskRecord, file_class: FileClass, attempt: int, wanted: AbstractSet[TaskId]) -> Why | None:
    if file_class in _RECORDS:
        return None
    if attempt != record.winner:
        runs = record.state is TaskState.RUNNING and attempt == record.attempts
        return None if runs or attempt > record.attempts else Why.UNUSED
    is_take = record.task.stage in _TAKES and file_class is FileClass.MEZZANINE
    return Why.REJECTED if is_take and record.task.id not in wanted else None
