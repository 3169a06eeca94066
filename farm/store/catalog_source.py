"""What one part of the catalog needs of the job store, each thing read once.

    tasks that changed ──▲ up to `generate`──▶ takes ──▼ down to score, …, deliver──▶ rows of `takes`
    attempts that ended ─────────────────────────────────────────────────────────────────▶ rows of `attempts`

A `Source` serves one part and is dropped with it; what submitted lists say of their shots never changes and is kept in
`Lists` between parts.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from farm.chain import StageName
from farm.store.catalog_parts import Row
from farm.store.catalog_rows import DOWNSTREAM, NOTHING_SAID, Said, Take, attempt_row, take_row
from farm.store.jobs import JobStore
from farm.store.records import AttemptRecord, Membership, TaskRecord
from farm.tasks import TaskId

LISTS_KEPT = 32

Found = TypeVar("Found")


class Lists:
    """What the submitted lists say of their shots; of the last few jobs."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._kept: OrderedDict[str, Mapping[str, Said]] = OrderedDict()

    def said(self, job: str, shot: str) -> Said:
        """What a job's list says of a shot."""
        if job not in self._kept:
            self._kept[job] = self._read(job)
            if len(self._kept) > LISTS_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(job)
        return self._kept[job].get(shot, NOTHING_SAID)

    def _read(self, job: str) -> Mapping[str, Said]:
        found = self._store.job(job)
        shots = found.document.get("shots") if found else None
        return {
            str(shot.get("code")): Said(str(shot.get("sequence") or ""), str(shot.get("prompt") or ""))
            for shot in (shots if isinstance(shots, list) else [])
            if isinstance(shot, dict)
        }


class Source:
    """The job store, as one part of the catalog sees it."""

    def __init__(self, store: JobStore, lists: Lists) -> None:
        self._store = store
        self._lists = lists
        self._tasks: dict[TaskId, TaskRecord] = {}
        self._members: dict[TaskId, tuple[Membership, ...]] = {}
        self._attempts: dict[TaskId, tuple[AttemptRecord, ...]] = {}

    def tasks(self, ids: Iterable[TaskId]) -> dict[TaskId, TaskRecord]:
        """The known ones of those tasks."""
        return _through(self._tasks, ids, self._store.tasks)

    def memberships(self, ids: Iterable[TaskId]) -> dict[TaskId, tuple[Membership, ...]]:
        """For each of those tasks the jobs that want it, in the order in which they asked."""
        return _through(self._members, ids, self._store.memberships)

    def attempts(self, ids: Iterable[TaskId]) -> dict[TaskId, tuple[AttemptRecord, ...]]:
        """All attempts of those tasks that have any."""
        return _through(self._attempts, ids, self._store.attempts)

    def attempt_rows(self, ids: Iterable[TaskId]) -> Iterator[tuple[str, Row]]:
        """The project and the row of every ended attempt of those tasks."""
        records = self.tasks(ids)
        attempts, members = self.attempts(records), self.memberships(records)
        for task in sorted(attempts):
            for attempt in attempts[task]:
                if attempt.manifest:
                    row = attempt_row(records[task], members[task][0], attempt, attempt.manifest)
                    yield records[task].task.project, row

    def take_rows(self, ids: Iterable[TaskId]) -> Iterator[tuple[str, Row]]:
        """The project and the row of every take among those `generate` tasks that has come to something."""
        records = self.tasks(ids)
        readers = self._readers(records)
        attempts, members = self.attempts(records), self.memberships(records)
        for task, record in sorted(records.items()):
            first = members[task][0]
            said = self._lists.said(first.job, first.shot)
            take = Take(record, attempts.get(task, ()), members[task], said, readers[task])
            if take.exists:
                yield record.task.project, take_row(take)

    def generates(self, ids: Iterable[TaskId]) -> list[TaskId]:
        """Those of the tasks that make a take."""
        return [task for task, record in self.tasks(ids).items() if record.task.stage == StageName.GENERATE]

    def takes_touched(self, ids: Iterable[TaskId]) -> set[TaskId]:
        """The takes that those tasks say something about: up from each to its `generate` tasks."""
        touched, generates = set(ids), set[TaskId]()
        while touched:
            records = self.tasks(touched)
            generates |= {task for task, record in records.items() if record.task.stage == StageName.GENERATE}
            touched = {
                source.task
                for record in records.values()
                if record.task.stage in DOWNSTREAM
                for source in record.task.inputs.values()
            }
        return generates

    def _readers(self, generates: Iterable[TaskId]) -> dict[TaskId, tuple[TaskRecord, ...]]:
        """The tasks below each `generate` task, from its score to its deliveries."""
        below: dict[TaskId, dict[TaskId, TaskRecord]] = {task: {} for task in generates}
        level = {task: {task} for task in below}
        """The tasks just reached -> the generate tasks they were reached from."""
        while level:
            readers = self._store.readers(sorted(level))
            records = self.tasks({task for found in readers.values() for task in found})
            reached: dict[TaskId, set[TaskId]] = {}
            for source, found in readers.items():
                for task in found:
                    if records[task].task.stage in DOWNSTREAM:
                        reached.setdefault(task, set()).update(level[source])
            for task, generate in ((task, generate) for task, origins in reached.items() for generate in origins):
                below[generate][task] = records[task]
            level = reached
        return {generate: tuple(found[task] for task in sorted(found)) for generate, found in below.items()}


def _through(
    kept: dict[TaskId, Found], ids: Iterable[TaskId], read: Callable[[Iterable[TaskId]], Mapping[TaskId, Found]]
) -> dict[TaskId, Found]:
    """Those of `ids` that are there, reading only what has not been read."""
    wanted = sorted(set(ids))
    kept.update(read([task for task in wanted if task not in kept]))
    return {task: kept[task] for task in wanted if task in kept}
