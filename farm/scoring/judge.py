"""From numbers to a verdict: gates, components on their absolute scales, a total, and one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from farm.chain import ScoreParams
from farm.scoring.expect import Phase, motion_error, phases
from farm.scoring.gates import gates
from farm.scoring.measure import Measured
from farm.scoring.scales import SCALES
from farm.scoring.words import sentence
from farm.shots.intent import Camera

if TYPE_CHECKING:
    from pydantic import JsonValue

VERSION = 1


@dataclass(frozen=True, slots=True)
class Component:
    """One component as measured, and between 0 and 1 on its scale."""

    raw: float
    scaled: float
    weight: float


@dataclass(frozen=True, slots=True)
class Score:
    """The verdict on one take. `gates` maps each gate to why it fails, "" where it passes."""

    gates: Mapping[str, str]
    components: Mapping[str, Component]
    phases: tuple[Phase, ...]
    total: float
    """0-100, comparable between takes, shots and farms of one scorer version."""
    why: str

    @property
    def passed(self) -> bool:
        return not any(self.gates.values())

    def document(self) -> dict[str, JsonValue]:
        """Everything kept, as JSON."""
        return {
            "version": VERSION,
            "passed": self.passed,
            "total": self.total,
            "why": self.why,
            "gates": {name: {"passed": not why, "why": why} for name, why in self.gates.items()},
            "components": {name: asdict(component) for name, component in self.components.items()},
            "phases": [_phase_document(phase) for phase in self.phases],
        }


def judge(take: Measured, params: ScoreParams) -> Score:
    """Judge a measured take against what was asked of it. Pure."""
    verdicts = gates(take, params)
    if take.frames < 2:
        return Score(verdicts, {}, (), 0.0, sentence(verdicts, {}, ()))
    found = phases(params.intent, take.path, params.fps, take.aspect, loop=params.loop)
    lively = bool(params.intent.subject or params.intent.atmosphere)
    components = {
        name: Component(round(raw, 5), round(SCALES[name].scaled(raw, lively=lively), 4), SCALES[name].weight)
        for name, raw in _raw(take, params, found).items()
    }
    weight = sum(component.weight for component in components.values())
    total = 100 * sum(component.scaled * component.weight for component in components.values()) / weight
    scaled = {name: component.scaled for name, component in components.items()}
    told = () if take.end is not None else found
    return Score(verdicts, components, found, round(total, 2), sentence(verdicts, scaled, told))


def _raw(take: Measured, params: ScoreParams, found: tuple[Phase, ...]) -> dict[str, float]:
    """The raw value of every component that applies to this take.

    Where the picture changes into an end still, neither the path nor likeness to the first frame is asked for.
    """
    raw: dict[str, float] = {
        "flicker": float(np.abs(np.diff(take.luma, 2)).mean()) if take.frames > 2 else 0.0,
    }
    if take.kept and take.end is None:
        raw["sharpness"] = min(kept.sharpness for kept in take.kept)
        raw["coherence"] = min(kept.correlation for kept in take.kept)
    if take.start is not None:
        raw["likeness"] = take.start.correlation
        raw["sharpness"] = min(raw.get("sharpness", 1.0), take.start.sharpness)
    if take.end is not None:
        raw["likeness"] = min(raw.get("likeness", 1.0), take.end.correlation)
        raw["sharpness"] = min(raw.get("sharpness", 1.0), take.end.sharpness)
    kinds = {move.kind for phase in found for move in phase.moves}
    if Camera.HANDHELD not in kinds:
        raw["steadiness"] = _unsteadiness(take)
    if params.loop:
        raw["seam"] = take.seam / max(float(np.median(take.steps)), 0.5)
    if take.end is None:
        raw["motion"] = motion_error(found)
    return raw


def _unsteadiness(take: Measured) -> float:
    """RMS second difference of the path of the frame's middle, in thousandths of its width."""
    centres = np.array([here.shift for here in take.path])
    return float(1000 * np.sqrt((np.abs(np.diff(centres, 2)) ** 2).mean())) if len(centres) > 2 else 0.0


def _phase_document(phase: Phase) -> dict[str, JsonValue]:
    return {
        "moves": [move.kind.value for move in phase.moves],
        "asked": asdict(phase.asked),
        "measured": asdict(phase.measured),
        "error": round(phase.error, 4),
    }
