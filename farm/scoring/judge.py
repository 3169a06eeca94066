"""From numbers to a verdict: gates, components on their absolute scales, a total, and one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from farm.chain import ScoreParams
from farm.scoring.components import Component, raw_values
from farm.scoring.expect import Phase, phases
from farm.scoring.gates import gates
from farm.scoring.measure import Measured
from farm.scoring.scales import SCALES
from farm.scoring.signature import signature
from farm.scoring.words import sentence

if TYPE_CHECKING:
    from pydantic import JsonValue

VERSION = 2


@dataclass(frozen=True, slots=True)
class Score:
    """The verdict on one take. `gates` maps each gate to why it fails, "" where it passes."""

    gates: Mapping[str, str]
    components: Mapping[str, Component]
    phases: tuple[Phase, ...]
    total: float
    """0-100, comparable between takes, shots and farms of one scorer version and the same weights."""
    why: str
    signature: Mapping[str, tuple[float, ...]]
    """What tells this take from its likes (`farm.scoring.signature`)."""

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
            "signature": {name: [*values] for name, values in self.signature.items()},
            "phases": [_phase_document(phase) for phase in self.phases],
        }


def judge(take: Measured, params: ScoreParams) -> Score:
    """Judge a measured take against what was asked of it. Pure."""
    verdicts = gates(take, params)
    if not take.frames:
        return Score(verdicts, {}, (), 0.0, sentence(verdicts, {}, ()), {})
    found = phases(params.intent, take.path, params.fps, take.aspect, loop=params.loop)
    lively = bool(params.intent.subject or params.intent.atmosphere)
    components = {
        name: Component(round(raw, 5), round(SCALES[name].scaled(raw, lively=lively), 4), _weight(name, params))
        for name, raw in raw_values(take, params, found).items()
    }
    told = found if "camera" in components else ()
    why = sentence(verdicts, components, told)
    return Score(verdicts, components, found, _total(components), why, signature(take))


def _weight(name: str, params: ScoreParams) -> float:
    return params.weights.get(name, SCALES[name].weight)


def _total(components: Mapping[str, Component]) -> float:
    """The weighted mean, 0-100; where nothing that has a weight applies, the plain one."""
    weight = sum(component.weight for component in components.values())
    if not weight:
        return round(100 * sum(component.scaled for component in components.values()) / len(components), 2)
    return round(100 * sum(component.scaled * component.weight for component in components.values()) / weight, 2)


def _phase_document(phase: Phase) -> dict[str, JsonValue]:
    return {
        "moves": [move.kind.value for move in phase.moves],
        "asked": asdict(phase.asked),
        "measured": asdict(phase.measured),
        "error": round(phase.error, 4),
        "amount": round(phase.amount, 4),
    }
