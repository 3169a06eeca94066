"""What a day came to: money per clip, how much of it worked, and how long whom was kept waiting.

trace (attempts, nodes) + register (when each task could begin) ──▶ waits ──▶ Figures
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from farm.scheduler.policy import SPOT
from farm.simulator.simulation import Register, Simulation
from farm.simulator.study.day import REROLL
from farm.simulator.trace import NodeRow, Trace, seconds
from farm.simulator.world import US_PER_S
from farm.tasks import AttemptState, TaskId


@dataclass(frozen=True, slots=True)
class Wait:
    """A task of a model lane, from when it could begin until it did."""

    job: str
    stage: str
    ready_s: float
    started_s: float

    @property
    def seconds(self) -> float:
        return self.started_s - self.ready_s

    @property
    def urgent(self) -> bool:
        return self.job.startswith(REROLL)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one day, or the means of several."""

    clips: float
    """Delivered."""
    cost_per_clip: float
    """In the farm's currency."""
    billed: float
    """Likewise, all nodes of the day."""
    used: float
    """The part of the GPU time that was paid for in which a take, or an upscale, ran."""
    wait_mean_s: float
    """Of takes that are not urgent, from when they could begin until they did."""
    wait_p95_s: float
    urgent_mean_s: float
    """Of urgent re-rolls."""
    urgent_p95_s: float
    chosen_p95_s: float
    """From a person's choice until the chosen take is being made larger."""
    list_s: float
    """From handing a list in until its last take is there to look at, on average."""
    nodes: float
    """Granted."""
    spot: float
    """The part of the node time that was spot's."""
    reclaimed: float
    """Attempts that were lost with their node, and made again."""


def waits(trace: Trace, register: Register) -> Iterator[Wait]:
    """Of every task on a GPU that began."""
    started_s: dict[TaskId, float] = {}
    for row in trace.attempts:
        if row.gpus:
            began_s = seconds(row.started_us)
            task = TaskId(row.task)
            started_s[task] = min(began_s, started_s.get(task, began_s))
    for name, began_s in started_s.items():
        task = register.tasks[name]
        (job,) = register.jobs[name]
        inputs = [register.settled_s[source.task] for source in task.inputs.values()]
        yield Wait(job, task.stage, max(register.added_s[name], *inputs), began_s)


def measured(sim: Simulation, found: Sequence[Wait]) -> Figures:
    """The figures of a day that is over."""
    trace, register = sim.trace, sim.register
    paid = [row for row in trace.nodes if row.market]
    billed = sum(row.billed_micros for row in paid) / 1e6
    gpu_s = sum(row.gpus * _paid_s(row) for row in paid)
    clips = sum(row.stage == "deliver" and row.outcome == AttemptState.DONE for row in trace.attempts)
    takes = [wait.seconds for wait in found if wait.stage == "generate" and not wait.urgent]
    urgent = [wait.seconds for wait in found if wait.urgent]
    return Figures(
        clips=clips,
        cost_per_clip=billed / clips,
        billed=billed,
        used=sum(row.gpus * row.seconds for row in trace.attempts) / gpu_s,
        wait_mean_s=mean(takes),
        wait_p95_s=percentile(takes, 95),
        urgent_mean_s=mean(urgent),
        urgent_p95_s=percentile(urgent, 95),
        chosen_p95_s=percentile([wait.seconds for wait in found if wait.stage == "upscale"], 95),
        list_s=mean(_lists(sim, register)),
        nodes=len(paid),
        spot=sum(row.gpus * _paid_s(row) for row in paid if row.market == SPOT) / gpu_s,
        reclaimed=sum(row.outcome == "lost" for row in trace.attempts),
    )


def _paid_s(row: NodeRow) -> float:
    return (row.ended_us - row.granted_us) / US_PER_S


def _lists(sim: Simulation, register: Register) -> Iterator[float]:
    """Of each list, how long until its last take was scored."""
    began: dict[str, float] = {}
    over: dict[str, float] = {}
    for name, task in register.tasks.items():
        (job,) = register.jobs[name]
        if not job.startswith(REROLL) and task.stage in {"prepare", "score"}:
            began[job] = min(register.added_s[name], began.get(job, math.inf))
            over[job] = max(register.settled_s[name], over.get(job, 0.0))
    return (over[job] - began[job] for job in sim.submitted if job in over)


def mean(numbers: Iterable[float]) -> float:
    found = list(numbers)
    return sum(found) / len(found) if found else math.nan


def percentile(numbers: Iterable[float], percent: int) -> float:
    """The smallest of them that at least so many percent are not above."""
    found = sorted(numbers)
    return found[max(0, math.ceil(len(found) * percent / 100) - 1)] if found else math.nan


def together(days: Sequence[Figures]) -> Figures:
    """The means."""
    return Figures(**{name: mean(getattr(day, name) for day in days) for name in _NAMES})


def as_mapping(figures: Figures) -> Mapping[str, float]:
    return {name: getattr(figures, name) for name in _NAMES}


_NAMES = tuple(each.name for each in fields(Figures))
