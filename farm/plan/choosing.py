"""Which takes of a shot are delivered: a person's choice, or else the ranking's.

scores ─▶ select ─▶ chosen            choices ─▶ chosen, before the ranking or after it
"""

from __future__ import annotations

from dataclasses import replace

from farm.chain import (
    SelectParams,
    StageName,
)
from farm.plan.brief import Brief, Known, make_task
from farm.plan.shot import ShotPlan
from farm.plan.takes import TakePlan
from farm.shots.model import Select
from farm.tasks import Input, Outcome

HELD = "on hold: a take is to be chosen"


def rank(brief: Brief, start: ShotPlan, known: Known) -> ShotPlan:
    """With the ranking of the takes that came out, once all have settled."""
    if any(take.score.id not in known for take in start.takes):
        return start
    usable = [take for take in start.takes if known[take.score.id].done]
    if not usable:
        return replace(start, reason=_first_failure(start.takes, known))
    select = make_task(
        brief,
        StageName.SELECT,
        SelectParams(takes=tuple(take.number for take in usable), top=min(start.shot.picks, len(usable))),
        start.shot,
        inputs={f"score_{take.number}": Input(task=take.score.id, output="score") for take in usable},
    )
    return replace(start, select=select)


def choose(brief: Brief, ranked: ShotPlan, known: Known) -> ShotPlan:
    """With the chosen takes, or why there are none: a person's choice, or else the ranking's."""
    choice = brief.choices.get(ranked.shot.code)
    if choice is not None:
        return _heed(ranked, choice, known)
    outcome = known.get(ranked.select.id) if ranked.select else None
    if outcome is None:
        return ranked
    if not outcome.done:
        return replace(ranked, reason=outcome.message)
    if ranked.shot.select is Select.HOLD:
        return replace(ranked, held=True, reason=HELD)
    chosen = _chosen(ranked.takes, outcome)
    if not chosen:
        return replace(ranked, reason=str(outcome.facts.get("attention", "no take passed")))
    return replace(ranked, chosen=chosen)


def _heed(ranked: ShotPlan, choice: int, known: Known) -> ShotPlan:
    """With a person's choice, once that take has been made and judged."""
    take = next((take for take in ranked.takes if take.number == choice), None)
    if take is None:
        is_final = all(each.score.id in known for each in ranked.takes)
        return replace(ranked, reason=_no_such_take(ranked, choice) if is_final else "")
    if take.score.id not in known:
        return ranked
    made = known.get(take.generate.id)  # open once more while its files are made again
    if made and not made.done:
        return replace(ranked, reason=f"take {choice} was chosen, and failed: {made.message} (choose another)")
    return replace(ranked, chosen=(take,), reason="")


def check_choice(planned: ShotPlan, take: int, known: Known) -> str:
    """Why a person cannot choose that take of a shot; "" when it can be chosen, made already or not."""
    found = next((each for each in planned.takes if each.number == take), None)
    if found is None:
        return _no_such_take(planned, take)
    made = known.get(found.generate.id)
    if made and not made.done:
        return f"take {take} of {planned.shot.code} failed: {made.message}"
    return ""


def _no_such_take(planned: ShotPlan, take: int) -> str:
    if not planned.takes:
        return f"{planned.shot.code} has no takes: {planned.reason}"
    numbers = ", ".join(str(each.number) for each in planned.takes)
    return f"{planned.shot.code} has no take {take} (it has {numbers})"


def _chosen(takes: tuple[TakePlan, ...], outcome: Outcome) -> tuple[TakePlan, ...]:
    numbers = outcome.facts.get("chosen", [])
    assert isinstance(numbers, list)
    by_number = {take.number: take for take in takes}
    return tuple(by_number[number] for number in numbers if isinstance(number, int))


def _first_failure(takes: tuple[TakePlan, ...], known: Known) -> str:
    return next(known[take.score.id].message for take in takes)
