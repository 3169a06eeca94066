"""Every component's raw value, from a measured take and what was asked of it; `farm.scoring.scales` has the units.

Only what applies is there: no seam where no loop was asked for, no motion between two stills, nothing about time in a
single frame.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from farm.chain import ScoreParams
from farm.scoring.expect import Phase, amount_error, camera_error, travels
from farm.scoring.measure import Measured
from farm.scoring.pace import frozen, longest, tremble
from farm.shots.intent import Camera

STIRS = 1.0
"""Mean code values by which something that was to move by itself should at least change some part of the picture."""

_DARK = 16.0
"""Code values added to a frame's brightness before flicker is put in relation to it: in the dark nobody sees it."""


@dataclass(frozen=True, slots=True)
class Component:
    """One component as measured, and between 0 and 1 on its scale."""

    raw: float
    scaled: float
    weight: float


def raw_values(take: Measured, params: ScoreParams, found: Sequence[Phase]) -> dict[str, float]:
    """The raw value of every component that applies."""
    values = {"likeness": take.likeness, "sharpness": _sharpness(take), "clipping": _clipping(take)}
    if take.end is not None:
        values["end_frame"] = take.end.correlation
        values["likeness"] = take.start.correlation if take.start else 0.0
    if take.frames < 2:
        return values
    values["flicker"] = flicker(take.luma)
    if take.agreements:
        values["continuity"] = min(take.agreements)
    if Camera.HANDHELD not in {move.kind for phase in found for move in phase.moves}:
        values["steadiness"] = tremble(take.path)
    if params.loop:
        values["seam"] = take.seam / max(float(np.median(take.steps)), 0.5)
    if take.end is None:
        values |= _of_motion(take, params, found)
    return values


def _of_motion(take: Measured, params: ScoreParams, found: Sequence[Phase]) -> dict[str, float]:
    values = {"camera": camera_error(found), "motion": _motion(take, params, found)}
    wanders = [sample.wander for sample in take.samples if sample.wander is not None]
    if wanders:
        values["coherence"] = 100 * max(wanders)
    if travels(params.intent):
        values["freeze"] = longest(frozen(take.path, take.steps, take.repeats))[1] / (take.frames - 1)
    return values


def _motion(take: Measured, params: ScoreParams, found: Sequence[Phase]) -> float:
    """How far the amount of motion is from what was asked; of something that moves by itself, whether it does."""
    error = amount_error(found)
    alive = params.intent.subject or params.intent.atmosphere
    if alive and not params.intent.moves:
        error = max(error, math.log(STIRS / max(take.stirring, 0.01)))
    return error


def _sharpness(take: Measured) -> float:
    """The least detail kept; where the picture turns into an end still, only its two ends are asked for."""
    kept = [edge.sharpness for edge in (take.start, take.end) if edge is not None]
    if take.end is None:
        kept += [sample.sharpness for sample in take.samples]
    return min(kept, default=0.0)


def _clipping(take: Measured) -> float:
    """Of the frame that should be a still, or of the others on average: a flash does not burn a take out."""
    gained = [edge.clipped for edge in (take.start, take.end) if edge is not None]
    if take.end is None and take.samples:
        gained.append(sum(sample.clipped for sample in take.samples) / len(take.samples))
    return max(gained, default=0.0)


def flicker(luma: Sequence[float]) -> float:
    """Luma jitter, mean |L(t+1) - 2 L(t) + L(t-1)|, in per cent of the brightness."""
    if len(luma) < 3:
        return 0.0
    levels = np.asarray(luma)
    return float(100 * np.abs(np.diff(levels, 2)).mean() / (levels.mean() + _DARK))
