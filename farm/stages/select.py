"""select: the takes that pass every gate, strongest first.

Takes keep their absolute scores: nothing here depends on how many takes there are. Totals less than a point apart are
equal, and fall to the lower take number. When no take passes, nothing is chosen, and the shot needs attention.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, JsonValue

from farm.chain import SelectParams
from farm.stages.stage import Context, Output, Outputs
from farm.tasks import FileClass

SAME = 1.0
"""Points that two totals must differ by before one is the better."""


class Ranked(BaseModel):
    """One take in the ranking, best first."""

    take: int
    total: float
    passed: bool
    why: str


def run(inputs: Mapping[str, Path], params: SelectParams, ctx: Context) -> Outputs:
    """Rank the takes. Fact `chosen` lists the best `top` that passed; `attention` says why there is none."""
    scores = {take: json.loads(inputs[f"score_{take}"].read_text(encoding="utf-8")) for take in params.takes}
    ranking = ranked(scores)
    chosen = [entry.take for entry in ranking if entry.passed][: params.top]
    facts: dict[str, JsonValue] = {"chosen": [*chosen], "ranking": [entry.model_dump() for entry in ranking]}
    if not chosen:
        facts["attention"] = "; ".join(f"take {entry.take} {entry.why}" for entry in ranking) or "there are no takes"
    path = ctx.scratch / "ranking.json"
    path.write_text(json.dumps(facts, indent=2, ensure_ascii=False), encoding="utf-8")
    ctx.progress(1.0)
    return Outputs({"ranking": Output(path, FileClass.LOG)}, facts)


def ranked(scores: Mapping[int, Mapping[str, JsonValue]]) -> list[Ranked]:
    """Takes with their scores: those that passed first, then by total, and within a point by take number."""
    entries = [
        Ranked.model_validate({"take": take, **{name: score[name] for name in ("total", "passed", "why")}})
        for take, score in scores.items()
    ]
    return [
        *_in_order(entry for entry in entries if entry.passed),
        *_in_order(entry for entry in entries if not entry.passed),
    ]


def _in_order(entries: Iterable[Ranked]) -> Iterator[Ranked]:
    left = list(entries)
    while left:
        best = max(entry.total for entry in left)
        first = min((entry for entry in left if entry.total > best - SAME), key=lambda entry: entry.take)
        left.remove(first)
        yield first
