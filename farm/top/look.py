"""What keys do to what a person looks at: pure, but for what is asked of the farm after a `y`.

↑ ↓ ──▶ another job is selected        p, r ──▶ a question ──y──▶ Ask          any other key ──▶ no question
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from farm.jobview import JobView
from farm.overview.values import Overview
from farm.store.records import JobState, Verb
from farm.top.frame import Look
from farm.top.keys import Key

PAGE = 10

_STEPS: Mapping[Key, int] = {Key.UP: -1, Key.DOWN: 1, Key.PAGE_UP: -PAGE, Key.PAGE_DOWN: PAGE}
_ENDS: Mapping[Key, int] = {Key.FIRST: 0, Key.LAST: -1}
_VERBS: Mapping[Key, Verb] = {Key.PAUSE: Verb.PAUSE, Key.RESUME: Verb.RESUME}
_FROM: Mapping[Verb, frozenset[str]] = {
    Verb.PAUSE: frozenset({JobState.ACTIVE}),
    Verb.RESUME: frozenset({JobState.PAUSED, JobState.HELD}),
}


@dataclass(frozen=True, slots=True)
class Ask:
    """Something to be asked of the driver, once somebody has said yes."""

    verb: Verb
    job: str


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a key came to."""

    look: Look
    question: Ask | None = None
    """Open: the next key answers it."""
    ask: Ask | None = None
    """Answered: to be asked now."""


def press(key: Key, look: Look, question: Ask | None, view: Overview) -> Pressed:
    """What follows from a key that is not `QUIT`."""
    if question and key is Key.YES:
        return Pressed(replace(look, message=""), ask=question)
    calm = replace(look, message="")
    jobs = [line.job for line in view.jobs]
    if key in _VERBS:
        return _question(_VERBS[key], calm, jobs)
    if not jobs or key not in {*_STEPS, *_ENDS}:
        return Pressed(calm)
    place = next((at for at, job in enumerate(jobs) if job.id == look.selected), None)
    if key in _ENDS:
        place = _ENDS[key] % len(jobs)
    elif place is None:
        place = 0
    else:
        place = max(0, min(len(jobs) - 1, place + _STEPS[key]))
    return Pressed(replace(calm, selected=jobs[place].id))


def _question(verb: Verb, look: Look, jobs: list[JobView]) -> Pressed:
    job = next((job for job in jobs if job.id == look.selected), None)
    if job is None:
        return Pressed(replace(look, message=f"select a job to {verb} first: ↑ ↓"))
    if job.state not in _FROM[verb]:
        return Pressed(replace(look, message=f"{job.id} is {job.state}: nothing to {verb}"))
    return Pressed(replace(look, message=f"{verb} {job.id}? y for yes, any other key for no"), Ask(verb, job.id))
