"""Attempts: how many, how they ended, how long they took and their tasks had waited, and what became of the tasks.

AttemptStarted ─▶ noted ─▶ AttemptEnded ─▶ counted          TaskMoved to its end ─▶ counted

Owns who is under way: what the end of an attempt does not say of itself (lane, model, project) was noted at its start.
This is what a driver does most: the cells of attempts that are alike are looked up once and kept together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from farm.changes import AttemptEnded, AttemptStarted, TaskMoved
from farm.errors import FailureKind
from farm.metrics.rates import Rates
from farm.metrics.series import Board, Count, Series, Times
from farm.tasks import SETTLED, AttemptState, Manifest, Task, TaskId, TaskState

KINDS_MAX = 1_000
"""The cells of so many kinds of attempts, and of so many projects, are kept at hand."""


class Alike(NamedTuple):
    """The cells of attempts of one stage, lane and model."""

    stage: str
    lane: str
    model: str
    cold: Count
    warm: Count
    waited: Times
    lasted: Times
    done: Count
    settled: Count
    """Tasks of the stage that are done."""


class OfProject(NamedTuple):
    """The cells of one project."""

    cost: Count
    settled: Count
    """Tasks that are done."""


class UnderWay(NamedTuple):
    """An attempt that runs."""

    task: Task
    """Far away in memory by the time it ends: not looked at for what is beside it here."""
    alike: Alike
    project: OfProject
    since_us: int


def model_of(task: Task) -> str:
    """The model that a task runs; "" for none."""
    model = task.params.get("model")
    return model if isinstance(model, str) else ""


@dataclass(slots=True)
class Attempts:
    """Counts for one lead."""

    board: Board
    rates: Rates
    under_way: dict[TaskId, UnderWay] = field(default_factory=dict[TaskId, UnderWay])
    _alike: dict[tuple[str, str, str], Alike] = field(default_factory=dict[tuple[str, str, str], Alike])
    _projects: dict[str, OfProject] = field(default_factory=dict[str, OfProject])
    _warm: set[str] = field(default_factory=set[str])
    """Workers that have run something."""
    _last: UnderWay | None = None
    """What ended just now, and of which task."""
    _last_task: TaskId | None = None
    _has_crashed: bool = False
    """Whether that ended its worker."""
    _written: Series[Count] = field(init=False)

    def __post_init__(self) -> None:
        self._written = self.board.counts["farm_storage_written_bytes_total"]

    def started(self, change: AttemptStarted, task: Task, ready_us: int) -> None:
        """An attempt of a task that could run since `ready_us`."""
        key = (task.stage, task.lane.name, model_of(task))
        alike = self._alike.get(key) or self._meet(*key)
        project = self._projects.get(task.project) or self._project(task.project)
        self.under_way[change.task] = UnderWay(task, alike, project, change.at_us)
        if change.worker in self._warm:
            alike.warm.value += 1
        else:
            self._warm.add(change.worker)
            alike.cold.value += 1
        alike.waited.observe((change.at_us - ready_us) / 1e6 if change.at_us > ready_us else 0.0)

    def ended(self, change: AttemptEnded, at_us: int) -> UnderWay | None:
        """What was noted of an attempt that has ended."""
        manifest = change.manifest
        self._last_task = manifest.task
        known = self._last = self.under_way.pop(manifest.task, None)
        if known is None:
            return None
        alike, lasted_us = known.alike, at_us - known.since_us
        alike.lasted.observe(lasted_us / 1e6 if lasted_us > 0 else 0.0)
        if manifest.state is AttemptState.DONE and manifest.failure is None:
            alike.done.value += 1
            self._has_crashed = False
        else:
            self._count_failed(alike, manifest, lasted_us)
        if change.cost_micros > 0:
            known.project.cost.value += change.cost_micros
            self.rates.cost_micros += change.cost_micros
        if manifest.files:
            self._keep(manifest)
        return known

    def moved(self, change: TaskMoved, task_of: Callable[[TaskId], Task]) -> None:
        """A task came to another state."""
        last, state = self._last, change.state
        if state is TaskState.DONE and last and change.task == self._last_task:
            last.alike.settled.value += 1
            last.project.settled.value += 1
            self.rates.done += 1
        elif state in SETTLED:
            self._settle(change, task_of(change.task))

    def gone(self, worker: str) -> None:
        """A worker is no more."""
        self._warm.discard(worker)

    def _count_failed(self, alike: Alike, manifest: Manifest, lasted_us: int) -> None:
        kind, counts = manifest.failure, self.board.counts
        self._has_crashed = kind is FailureKind.CRASHED
        failure, outcome = kind.value if kind else "", manifest.state.value
        counts["farm_attempts_total"].of(alike.stage, alike.lane, alike.model, outcome, failure).value += 1
        counts["farm_wasted_seconds_total"].of(alike.lane).value += max(0, lasted_us)

    def _settle(self, change: TaskMoved, task: Task) -> None:
        counts, state = self.board.counts, change.state
        counts["farm_tasks_settled_total"].of(task.stage, state.value).value += 1
        counts["farm_project_tasks_settled_total"].of(task.project, state.value).value += 1
        if state is TaskState.DONE:
            self.rates.done += 1
        elif state is TaskState.FAILED:
            self.rates.failed += 1
            if change.task == self._last_task and self._has_crashed:
                counts["farm_quarantined_total"].of(task.stage).value += 1

    def _keep(self, manifest: Manifest) -> None:
        for file in manifest.files.values():
            if file.size > 0:
                self._written.of(file.file_class._value_).value += file.size  # as `value`, without a detour

    def _meet(self, stage: str, lane: str, model: str) -> Alike:
        """The cells of attempts of a kind that has not been seen."""
        counts, times = self.board.counts, self.board.times
        alike = Alike(
            stage,
            lane,
            model,
            cold=counts["farm_dispatches_total"].of(lane, "no"),
            warm=counts["farm_dispatches_total"].of(lane, "yes"),
            waited=times["farm_queue_duration_seconds"].of(lane),
            lasted=times["farm_attempt_duration_seconds"].of(stage, lane),
            done=counts["farm_attempts_total"].of(stage, lane, model, AttemptState.DONE.value, ""),
            settled=counts["farm_tasks_settled_total"].of(stage, TaskState.DONE.value),
        )
        if len(self._alike) < KINDS_MAX:
            self._alike[stage, lane, model] = alike
        return alike

    def _project(self, name: str) -> OfProject:
        known = self._projects.get(name)
        if known is None:
            counts = self.board.counts
            known = OfProject(
                counts["farm_cost_total"].of(name),
                counts["farm_project_tasks_settled_total"].of(name, TaskState.DONE.value),
            )
            if len(self._projects) < KINDS_MAX:
                self._projects[name] = known
        return known
