"""What was made: frames, running time, denoising steps, takes and what the ranking said of them.

From the manifests of attempts that are done. Facts are what workers say of themselves, so that nothing is taken for
granted of them: what is no number, or no number that can be, is not counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from pydantic import JsonValue

from farm.chain import StageName
from farm.metrics.attempts import UnderWay
from farm.metrics.rates import Rates
from farm.metrics.series import Board
from farm.tasks import Manifest, Task, TaskId

MAKING = frozenset({StageName.GENERATE.value, StageName.SELECT.value})
"""Stages of which it is counted what they made."""
SHAPES_MAX = 256
"""Of so many shapes it is remembered how many steps they take."""
STEPS_MAX = 100_000
"""What claims more steps is no denoiser."""


@dataclass(slots=True)
class Made:
    """Counts for one lead."""

    board: Board
    rates: Rates
    _steps: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """By lane and shape: the steps of the last take."""
    _told: dict[TaskId, float] = field(default_factory=dict[TaskId, float])
    """By task that runs: the steps that were counted towards the rate."""

    def ended(self, attempt: UnderWay, manifest: Manifest) -> None:
        """An attempt of one of the stages that make something has ended."""
        if manifest.done:
            if attempt.alike.stage == StageName.GENERATE:
                self._take(attempt.alike.model, attempt.task.params)
                self._denoised(attempt, manifest.facts)
            else:
                self._ranked(attempt.task.project, manifest.facts)
        if self._told:
            self._told.pop(manifest.task, None)

    def progressed(self, task: Task, fraction: float) -> None:
        """So much of an attempt is done: as many steps more, where it is known how many its like take."""
        steps = self._steps.get((task.lane.name, task.shape), 0)
        if steps and 0.0 <= fraction <= 1.0:
            self._towards_rate(task, fraction * steps)

    def _take(self, model: str, params: Mapping[str, JsonValue]) -> None:
        counts = self.board.counts
        frames, fps = _whole(params.get("frames"), 1_000_000), _rate(params.get("fps"))
        self.rates.takes += 1
        if frames and fps:
            counts["farm_frames_total"].of(model).value += frames
            counts["farm_clip_seconds_total"].of(model).value += frames / fps
            self.rates.frames += frames
            self.rates.clip_s += frames / fps

    def _denoised(self, attempt: UnderWay, facts: Mapping[str, JsonValue]) -> None:
        steps, each_s = _whole(facts.get("steps"), STEPS_MAX), facts.get("seconds_per_step")
        if not steps:
            return
        if len(self._steps) >= SHAPES_MAX:
            self._steps.clear()
        model, lane = attempt.alike.model, attempt.alike.lane
        self._steps[lane, attempt.task.shape] = steps
        self._towards_rate(attempt.task, steps)
        self.board.counts["farm_denoise_steps_total"].of(model, lane).value += steps
        if isinstance(each_s, int | float) and math.isfinite(each_s) and each_s >= 0:
            times = self.board.times["farm_denoise_step_duration_seconds"]
            times.of(model, lane).observe(float(each_s), steps)

    def _towards_rate(self, task: Task, steps: float) -> None:
        told = self._told.get(task.id, 0.0)
        if steps > told:
            lane = task.lane.name
            self._told[task.id] = steps
            self.rates.steps[lane] = self.rates.steps.get(lane, 0.0) + steps - told

    def _ranked(self, project: str, facts: Mapping[str, JsonValue]) -> None:
        chosen, ranking = facts.get("chosen"), facts.get("ranking")
        if isinstance(chosen, list) and isinstance(ranking, list):
            takes = self.board.counts["farm_takes_total"]
            takes.of(project, "chosen").value += len(chosen)
            takes.of(project, "rejected").value += max(0, len(ranking) - len(chosen))


def _whole(value: JsonValue, at_most: int) -> int:
    """A count, 0 for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= at_most else 0


def _rate(value: JsonValue) -> float:
    """Frames a second of a parameter: "24", "24000/1001"; 0 for what is none."""
    return _parsed(value) if isinstance(value, str) else 0.0


@lru_cache(maxsize=256)
def _parsed(text: str) -> float:
    try:
        rate = float(Fraction(text))
    except (ValueError, ZeroDivisionError, OverflowError):
        return 0.0
    return rate if rate > 0 else 0.0
