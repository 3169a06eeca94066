"""Attempts: how many, how they ended, how long they took and their tasks had waited, and what became of the tasks.

AttemptStarted ─▶ noted ─▶ AttemptEnded ─▶ counted          TaskMoved to its end ─▶ counted

Owns who is under way: what the end of an attempt does not say of itself (lane, model, project) was noted at its start.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from farm.changes import AttemptEnded, AttemptStarted, TaskMoved
from farm.errors import FailureKind
from farm.metrics.rates import Rates
from farm.metrics.series import Board
from farm.tasks import SETTLED, AttemptState, Manifest, Task, TaskId, TaskState


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An attempt that runs."""

    task: Task
    lane: str
    model: str
    since_us: int


def model_of(task: Task) -> str:
    """The model that a task runs; "" for none."""
    model = task.params.get("model", "")
    return model if isinstance(model, str) else ""


@dataclass(slots=True)
class Attempts:
    """Counts for one lead."""

    board: Board
    rates: Rates
    under_way: dict[TaskId, UnderWay] = field(default_factory=dict[TaskId, UnderWay])
    _warm: set[str] = field(default_factory=set[str])
    """Workers that have run something."""
    _crashed: TaskId | None = None
    """The task that has ended its worker just now."""

    def started(self, change: AttemptStarted, task: Task, ready_us: int) -> None:
        """An attempt of a task that could run since `ready_us`."""
        lane, worker = task.lane.name, change.worker
        self.under_way[task.id] = UnderWay(task, lane, model_of(task), change.at_us)
        is_warm = worker in self._warm
        self._warm.add(worker)
        self.board.counts["farm_dispatches_total"].of(lane, "yes" if is_warm else "no").value += 1
        waited_s = max(0, change.at_us - ready_us) / 1e6
        self.board.times["farm_queue_duration_seconds"].of(lane).observe(waited_s)

    def ended(self, change: AttemptEnded, at_us: int) -> UnderWay | None:
        """What was noted of an attempt that has ended."""
        manifest, counts = change.manifest, self.board.counts
        known = self.under_way.pop(manifest.task, None)
        if known is None:
            return None
        stage, lane, project = known.task.stage, known.lane, known.task.project
        kind = manifest.failure
        self._crashed = manifest.task if kind is FailureKind.CRASHED else None
        failure = kind.value if kind else ""
        counts["farm_attempts_total"].of(stage, lane, known.model, manifest.state.value, failure).value += 1
        lasted_us = max(0, at_us - known.since_us)
        self.board.times["farm_attempt_duration_seconds"].of(stage, lane).observe(lasted_us / 1e6)
        if manifest.state is not AttemptState.DONE:
            counts["farm_wasted_seconds_total"].of(lane).value += lasted_us
        if change.cost_micros > 0:
            counts["farm_cost_total"].of(project).value += change.cost_micros
            self.rates.cost_micros += change.cost_micros
        self._keep(manifest)
        return known

    def moved(self, change: TaskMoved, task: Task) -> None:
        """A task came to another state."""
        if change.state not in SETTLED:
            return
        counts, outcome = self.board.counts, change.state.value
        counts["farm_tasks_settled_total"].of(task.stage, outcome).value += 1
        counts["farm_project_tasks_settled_total"].of(task.project, outcome).value += 1
        if change.state is TaskState.DONE:
            self.rates.done += 1
        elif change.state is TaskState.FAILED:
            self.rates.failed += 1
            if change.task == self._crashed:
                counts["farm_quarantined_total"].of(task.stage).value += 1

    def gone(self, worker: str) -> None:
        """A worker is no more."""
        self._warm.discard(worker)

    def _keep(self, manifest: Manifest) -> None:
        written = self.board.counts["farm_storage_written_bytes_total"]
        for file in manifest.files.values():
            written.of(file.file_class.value).value += max(0, file.size)
