"""Everything planned so far for one shot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from farm.finish import Finished
from farm.plan.brief import Known
from farm.plan.takes import TakePlan
from farm.shots.model import Shot
from farm.tasks import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotPlan:
    """Everything planned so far for one shot."""

    shot: Shot
    prepare: Task | None = None
    takes: tuple[TakePlan, ...] = ()
    select: Task | None = None
    chosen: tuple[TakePlan, ...] = ()
    """The first one stands in the cut."""
    finished: tuple[Finished, ...] = ()
    """Of the chosen takes, one each."""
    sounds: tuple[Mapping[float, Task], ...] = ()
    """Of the chosen takes: what gives them their sound, by its loudness; empty for a take without."""
    deliver: tuple[Task, ...] = ()
    compare: Task | None = None
    """All its takes beside each other; part of the job, but nothing waits for it."""
    reason: str = ""
    """Why there will be no clip; "" while there may be one."""
    held: bool = False
    """True for a shot that is ranked, and waits for a person's choice."""
    notes: tuple[str, ...] = ()
    asked: bool = True
    """False for a shot that this run leaves alone."""

    @property
    def tasks(self) -> Iterator[Task]:
        if self.prepare:
            yield self.prepare
        for take in self.takes:
            yield take.generate
            yield take.score
        if self.select:
            yield self.select
        for take in self.chosen:
            yield from take.final or ()
        for finished in self.finished:
            yield from finished.tasks
        for sounds in self.sounds:
            yield from sounds.values()
        yield from self.deliver
        if self.compare:
            yield self.compare

    @property
    def failed(self) -> bool:
        """True when there will be no clip, and nobody can choose one."""
        return bool(self.reason) and self.asked and not self.held

    def settled(self, known: Known) -> bool:
        """True when nothing more will come of this shot by itself: delivered, or known to have no clip."""
        awaited = (task for task in self.tasks if task is not self.compare)
        return bool(self.reason or self.deliver) and all(task.id in known for task in awaited)
