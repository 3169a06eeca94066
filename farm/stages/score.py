"""score: one take measured against its still and its motion intent, on an absolute scale.

mezzanine ──one streaming decode──▶ measured ──judge──▶ score.json (every raw value) · gates, components, total, why
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from farm.chain import ScoreParams
from farm.scoring import judge, measure
from farm.stages.stage import Context, Output, Outputs
from farm.tasks import FileClass

if TYPE_CHECKING:
    from pydantic import JsonValue


def run(inputs: Mapping[str, Path], params: ScoreParams, ctx: Context) -> Outputs:
    """Score one take. A take that cannot be decoded is a failed gate, not an error; raises `Cancelled`."""

    def each(frames: int) -> None:
        ctx.check()
        ctx.progress(min(1.0, frames / params.frames))

    taken = measure(
        inputs["mezzanine"],
        inputs["still"],
        inputs.get("end"),
        expected=params.frames,
        fit=params.fit,
        overscan=params.overscan,
        threads=ctx.threads,
        each=each,
    )
    score = judge(taken, params)
    path = ctx.scratch / "score.json"
    path.write_text(json.dumps(score.document(), indent=2, ensure_ascii=False), encoding="utf-8")
    facts: dict[str, JsonValue] = {
        "passed": score.passed,
        "total": score.total,
        "why": score.why,
        "gates": {name: not why for name, why in score.gates.items()},
        "components": {name: component.scaled for name, component in score.components.items()},
    }
    return Outputs({"score": Output(path, FileClass.LOG)}, facts)
