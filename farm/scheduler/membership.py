"""Jobs come, change and let go; tasks are wanted and, when no job is left, cancelled."""

from __future__ import annotations

from dataclasses import dataclass, field

from farm.errors import FailureKind
from farm.scheduler.answer import Answer
from farm.scheduler.attempts import Attempts
from farm.scheduler.events import History, JobDropped, JobSet, ProjectSpent, TaskAdded
from farm.scheduler.graph import Entry, Graph, Place
from farm.scheduler.lanes import Workers
from farm.scheduler.ledger import Ledger
from farm.tasks import SETTLED, TaskId, TaskState


@dataclass(slots=True)
class Membership:
    graph: Graph
    ledger: Ledger
    workers: Workers
    attempts: Attempts
    _unwanted: dict[TaskId, None] = field(default_factory=dict[TaskId, None])
    """Tasks to forget as soon as they have settled, unless a job wants them again."""

    def set_job(self, event: JobSet, now_us: int) -> None:
        self.graph.set_job(event, now_us)
        self.ledger.set_job(event.job, event.project, event.limits, event.spent_micros)

    def count_ended(self, event: ProjectSpent) -> None:
        for job, micros in event.by_job.items():
            self.ledger.end_job(job, event.project, micros)

    def drop_job(self, event: JobDropped, answer: Answer) -> None:
        """Let go of a job's tasks. An unknown job has none."""
        job = self.graph.jobs.get(event.job)
        if job is None:
            return
        for entry in self.graph.drop_job(job):
            self._unwanted[entry.id] = None
            if entry.state is TaskState.RUNNING:
                worker = self.workers.by_name[entry.worker]
                if worker.entry is entry:  # else it is only being written: let it
                    self.attempts.cancel(worker, answer)
            elif not entry.settled:
                self.attempts.drop(entry, answer)
        self.ledger.drop_job(event.job)

    def add(self, event: TaskAdded, answer: Answer) -> None:
        job, history = self.graph.jobs[event.job], event.history
        entry = self.graph.entries.get(event.task.id)
        if entry is None:
            entry = self._new(event)
            self.graph.want(entry, job, event.order)
            if not entry.settled:
                self.attempts.arrive(entry, answer)
            return
        self.graph.want(entry, job, event.order)
        if _asked_again(entry, history):
            entry.attempts = max(entry.attempts, history.attempts)
            self.attempts.reopen(entry, answer)
        elif entry.place is Place.QUEUE:
            job.ready.note(entry)
            self.attempts.dispatch.wake(self.workers.of(entry.lane))

    def _new(self, event: TaskAdded) -> Entry:
        history = event.history
        state = history.state if history.state in SETTLED else TaskState.WAITING
        entry = self.graph.add(event.task, self.workers.of(event.task.lane).lane, state)
        entry.attempts, entry.message = history.attempts, history.message
        if history.failures:
            entry.failures = history.failures
        if entry.state is TaskState.FAILED:
            entry.failure = next(reversed([*entry.failures]), FailureKind.INPUT)
        return entry

    def forget(self) -> None:
        """Forget settled tasks that nobody wants any more: whoever reads of them has done so by now."""
        for task in tuple(self._unwanted):
            entry = self.graph.entries[task]
            if entry.wanted or entry.settled:
                del self._unwanted[task]
            if entry.settled and not entry.wanted:
                self.graph.forget(entry)


def _asked_again(entry: Entry, history: History) -> bool:
    """Whether a known task starts over. A history from before the attempt that was done does not undo it."""
    if history.state is not TaskState.WAITING or not entry.settled:
        return False
    return entry.state is not TaskState.DONE or history.attempts >= entry.attempts
