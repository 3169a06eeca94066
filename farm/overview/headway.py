"""How far a job is, and how long it will still take, from its tasks by stage and state.

    what is planned, and what follows from it ──▶ what there will be ── less what has settled ──▶ what is left
    what is left x how long such tasks took lately ──▶ work ── by as many at a time as run for it now ──▶ the time left

A job's last tasks are planned only when takes are chosen, so they are expected before they are known: a job is not
nearly done because its takes are. Stages run behind each other like stations of a line. The one with the most work
left says when the last shot leaves it, and that shot still has the rest of the way to go; where stages share their
workers it takes at least as long as all of their work does. While nothing of what takes long runs, nobody knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from farm.chain import StageName
from farm.overview.values import Eta
from farm.tasks import SETTLED, TaskState

ROUGH_COST: Mapping[str, float] = {
    StageName.GENERATE: 10.0,
    StageName.INTERPOLATE: 10.0,
    StageName.CONFORM: 5.0,
    StageName.LOOP: 5.0,
    StageName.ASSEMBLE: 6.0,
    StageName.UPSCALE: 5.0,
    StageName.COMPARE: 3.0,
    StageName.DELIVER: 3.0,
    StageName.SCORE: 2.0,
}
"""Of a task by stage, relative to each other; 1 for the others."""

UNKNOWN_AT_MOST = 0.5
"""A time is told when the durations of more than this part of what is left, by rough cost, are known; the others are
guessed by their rough cost."""

MATTERS = 0.25
"""A time is told while a stage runs that has at least this part of the work that is left."""

WAY = (
    StageName.PREPARE,
    StageName.GENERATE,
    StageName.SCORE,
    StageName.SELECT,
    StageName.COMPARE,
    StageName.UPSCALE,
    StageName.INTERPOLATE,
    StageName.CONFORM,
    StageName.LOOP,
    StageName.SOUND,
    StageName.DELIVER,
    StageName.ASSEMBLE,
    StageName.MIX,
)
"""The stages in the order in which a shot goes through them."""

Counts = Mapping[tuple[str, TaskState], int]


def rough_cost(stage: str) -> float:
    return ROUGH_COST.get(stage, 1.0)


def expected(planned: Mapping[str, int], shots: int) -> dict[str, int]:
    """How many tasks of each stage there will be: every shot is ranked and delivered, every list assembled."""
    least = {str(StageName.SELECT): shots, str(StageName.DELIVER): shots, str(StageName.ASSEMBLE): min(1, shots)}
    return {stage: max(planned.get(stage, 0), least.get(stage, 0)) for stage in {**planned, **least}}


def share_done(counts: Counts) -> float:
    """How much of a job has settled, 0-1, by rough cost."""
    will_be, settled = _expected(counts), _settled(counts)
    total = sum(rough_cost(stage) * count for stage, count in will_be.items())
    done = sum(rough_cost(stage) * count for stage, count in settled.items())
    return min(1.0, done / total) if total else 0.0


def time_left(counts: Counts, mean_s: Mapping[str, float], at_work: Mapping[str, float]) -> Eta | None:
    """`mean_s`: what a task of a stage takes. `at_work`: how many tasks of a stage run at a time, for this job."""
    settled = _settled(counts)
    left = {
        stage: count - settled[stage] - counts.get((stage, TaskState.RUNNING), 0) / 2
        for stage, count in _expected(counts).items()
        if count > settled[stage]
    }
    known = {stage: count for stage, count in left.items() if stage in mean_s}
    if not known or _cost(known) <= UNKNOWN_AT_MOST * _cost(left):
        return None
    unit_s = sum(count * mean_s[stage] for stage, count in known.items()) / _cost(known)
    takes_s = {stage: mean_s.get(stage, unit_s * rough_cost(stage)) for stage in left}
    work_s = {stage: count * takes_s[stage] for stage, count in left.items()}
    all_s = sum(work_s.values())
    most = max((stage for stage, count in at_work.items() if count), key=lambda of: work_s.get(of, 0.0), default="")
    if work_s.get(most, 0.0) < MATTERS * all_s:
        return None
    behind_s = sum(takes_s[stage] for stage in left if _place(stage) > _place(most))
    seconds = max(work_s[most] / at_work[most], all_s / sum(at_work.values())) + behind_s
    return Eta(seconds=seconds, is_rough=len(known) < len(left))


def _expected(counts: Counts) -> dict[str, int]:
    planned: Counter[str] = Counter()
    for (stage, _), count in counts.items():
        planned[stage] += count
    return expected(planned, planned[StageName.PREPARE])


def _settled(counts: Counts) -> Counter[str]:
    settled: Counter[str] = Counter()
    for (stage, state), count in counts.items():
        settled[stage] += count * (state in SETTLED)
    return settled


def _cost(left: Mapping[str, float]) -> float:
    return sum(rough_cost(stage) * count for stage, count in left.items())


def _place(stage: str) -> int:
    return WAY.index(StageName(stage)) if stage in WAY else -1
