"""What a render would do, before it does it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from farm.shotjob import ShotJob
from farm.tasks import Task


class PlannedTake(BaseModel):
    """What a take will be."""

    model_config = ConfigDict(frozen=True)

    number: int
    model: str
    label: str
    overscan: float
    """How much larger than the frame the still is shown, to give the move room: 1.08 is 8 %."""


class PlannedShot(BaseModel):
    """What a shot comes to, before it runs."""

    model_config = ConfigDict(frozen=True)

    code: str
    takes: tuple[PlannedTake, ...]
    to_run: int
    there: int
    notes: tuple[str, ...]
    reason: str


class Outlook(BaseModel):
    """What a render would do. Tasks that hang on choices not made yet are not counted."""

    model_config = ConfigDict(frozen=True)

    project: str
    name: str
    shots: tuple[PlannedShot, ...]
    to_run: int
    there: int
    tasks: tuple[Task, ...]


def outlook_of(looked: ShotJob, tasks: Sequence[Task]) -> Outlook:
    """What is planned of a job, all of whose tasks were named."""
    live = looked.live
    shots: list[PlannedShot] = []
    for planned in live.plan.shots:
        known = [task.id in live.known for task in planned.tasks]
        takes = tuple(
            PlannedTake(
                number=take.number, model=take.model, label=take.resolved.label, overscan=take.resolved.overscan
            )
            for take in planned.takes
        )
        shots.append(
            PlannedShot(
                code=planned.shot.code,
                takes=takes,
                to_run=known.count(False),
                there=known.count(True),
                notes=planned.notes,
                reason=planned.reason,
            )
        )
    there = sum(task.id in live.known for task in tasks)
    listed = live.brief.shot_list
    return Outlook(
        project=listed.project,
        name=listed.name,
        shots=tuple(shots),
        to_run=len(tasks) - there,
        there=there,
        tasks=tuple(tasks),
    )
