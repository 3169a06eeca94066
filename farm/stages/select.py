"""select: the takes that pass every gate, strongest first; of several, such as differ.

    scores ─▶ ranking by total ─▶ chosen: the best, then each time the one with the most left of its total
                                          once what it shares with those chosen is taken off

Takes keep their absolute scores: nothing in the ranking depends on how many takes there are. Totals less than a point
apart are equal, and fall to the lower take number. When no take passes, none is chosen, and the shot needs attention.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from pydantic import BaseModel, JsonValue

from farm.chain import SelectParams
from farm.scoring.signature import alikeness
from farm.stages.stage import Context, Output, Outputs
from farm.tasks import FileClass

Signature: TypeAlias = Mapping[str, Sequence[float]]

SAME = 1.0
"""Points that two totals must differ by before one is the better."""

TWIN = 15.0
"""Points that a take loses, when several are chosen, for being the same as one that is chosen already."""


class Ranked(BaseModel):
    """One take in the ranking, best first."""

    take: int
    total: float
    passed: bool
    why: str


def run(inputs: Mapping[str, Path], params: SelectParams, ctx: Context) -> Outputs:
    """Rank the takes. Fact `chosen` lists up to `top` that passed; `attention` says why there is none."""
    scores = {take: json.loads(inputs[f"score_{take}"].read_text(encoding="utf-8")) for take in params.takes}
    ranking = ranked(scores)
    chosen = diverse(ranking, {take: score.get("signature", {}) for take, score in scores.items()}, params.top)
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


def diverse(ranking: Sequence[Ranked], signatures: Mapping[int, Signature], top: int) -> list[int]:
    """Up to `top` of those that passed: greedily, each judged by its total less its likeness to one chosen before."""
    chosen: list[int] = []
    left = [entry for entry in ranking if entry.passed]

    def worth(entry: Ranked) -> float:
        alike = (alikeness(signatures[entry.take], signatures[other]) for other in chosen)
        return entry.total - TWIN * max(alike, default=0.0)

    while left and len(chosen) < top:
        best = max(worth(entry) for entry in left) if chosen else -math.inf
        pick = next(entry for entry in left if worth(entry) >= best)
        left.remove(pick)
        chosen.append(pick.take)
    return chosen


def _in_order(entries: Iterable[Ranked]) -> Iterator[Ranked]:
    left = list(entries)
    while left:
        best = max(entry.total for entry in left)
        first = min((entry for entry in left if entry.total > best - SAME), key=lambda entry: entry.take)
        left.remove(first)
        yield first
