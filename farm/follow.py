"""Following a job from outside its driver: what the outbox says, told to an observer.

job store ── load ──▶ added …        changes_after(seq) ──▶ added, settled, ended        (no progress: it is soft)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from farm.driver.seams import Observer
from farm.errors import StorageError
from farm.store.jobs import JobStore
from farm.store.records import ChangeKind, ChangeRecord, Job, TaskRecord
from farm.tasks import SETTLED, TaskId, TaskState

POLL_S = 0.5


@dataclass(slots=True)
class Follower:
    """Tells an observer of one job."""

    store: JobStore
    job: Job
    observer: Observer
    _seq: int = 0
    _known: set[TaskId] = field(default_factory=set[TaskId])
    _settled: set[TaskId] = field(default_factory=set[TaskId])

    def follow(self, rest: Callable[[float], bool]) -> Job | None:
        """Until the job ends, which is given back; None when `rest`, which waits some seconds, says to stop."""
        self._see(self.store.load(self.job.id))
        while True:
            try:
                self._read()
                job = self.store.job(self.job.id)
            except StorageError:  # a database that restarts is back in a while
                job = self.job
            self.observer.pulse()
            if job is not None and not job.state.live:
                self.observer.ended(job.id, job.state)
                return job
            if rest(POLL_S):
                return None

    def _read(self) -> None:
        while lines := self.store.changes_after(self._seq):
            touched = {line.task for line in lines if line.task and self._concerns(line)}
            self._see(tuple(self.store.tasks(touched).values()))
            self._seq = lines[-1].seq

    def _concerns(self, line: ChangeRecord) -> bool:
        if line.kind is ChangeKind.TASK_ADDED:
            return line.job == self.job.id
        return line.kind is ChangeKind.TASK_MOVED and line.task in self._known

    def _see(self, records: tuple[TaskRecord, ...]) -> None:
        for record in records:
            task = record.task
            if task.id not in self._known:
                there = record.state is TaskState.DONE
                self._known.add(task.id)
                self.observer.added(self.job.id, task, there=there)
                if there:
                    self._settled.add(task.id)
            if record.state in SETTLED and task.id not in self._settled and record.outcome:
                self._settled.add(task.id)
                self.observer.settled(task, record.outcome)
            self._seq = max(self._seq, record.seq)
