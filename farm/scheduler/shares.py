"""Whose turn it is among projects: what each has used, against what it may.

**Fair share** is start-time fair queueing. A project's virtual time grows by usage / weight as work is booked, and the
project whose virtual time is least goes first: projects that all have work then differ by at most one booking each,
whatever their tasks' lengths. A project that comes back from idleness starts at the least virtual time of those that
have work, so that it neither owes for the time alone nor hoards for the time away.

**Floors** are a second clock. `total` is all usage ever booked; `paid_to` of a project is the total up to which it has
had its floor: booking moves it on by usage / floor. A project with work whose `paid_to` lies behind the total is under
its floor, and goes before everything, the one furthest behind first. A project gets its floor from every moment on,
however much it had before, and going first never takes more of the farm than that floor. Where the floors of the
projects with work come to more than the whole farm, they are shares of it.

Work is booked at its start by estimate, and corrected at its end; a correction counts towards a floor as far as its
booking did. Estimates that are wrong by a factor move work by about as much of a booking; they change no share over
time.

**Arrears** of a project that has work and cannot run it (its lane has no worker, it is at a limit, more urgent work is
there) grow no further than what the farm does in about `share_window_s`.

`Shares` owns every project's clocks. Which projects have something that could run, `farm.scheduler.order` tells it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from farm.scheduler.policy import Policy, ProjectPolicy

_DEFAULT_TERMS = ProjectPolicy()
_BOOKINGS = 2
"""How many of the largest bookings arrears may always hold: fair queueing alone makes up to that."""


@dataclass(slots=True, eq=False)
class Project:
    name: str
    weight: float
    floor: float
    virtual_s: float
    """Usage / weight so far, or as if so."""
    paid_to: float
    """The farm's total usage up to which this project has had its floor."""
    booked: float = 0.0
    """By attempts that have not ended."""
    forgiven: float = 0.0
    """The part of `booked` that `paid_to` does not hold, as it was beyond the floor."""
    wants: int = 0
    """In how many lanes it has something that could run."""


class Shares:
    """The clocks of all projects."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._projects: dict[str, Project] = {}
        self.total = 0.0
        """All usage booked."""
        self._recent = 0.0
        """Usage booked, halved every `share_window_s`; as of `_recent_us`."""
        self._recent_us = 0
        self._weights = 0.0
        """Of the projects with something that could run."""
        self._front_s = 0.0
        """The greatest virtual time that work was booked at."""
        self._largest_s = 0.0
        """The largest step of a virtual time."""

    def of(self, name: str) -> Project:
        known = self._projects.get(name)
        if known is None:
            terms = self._policy.projects.get(name) or _DEFAULT_TERMS
            paid_to = self.total if terms.floor > 0 else inf
            known = self._projects[name] = Project(name, terms.weight, terms.floor, 0.0, paid_to)
        return known

    def want(self, project: Project) -> None:
        """A project has something that could run in one lane more."""
        if not project.wants:
            self._join(project)
        project.wants += 1

    def rest(self, project: Project) -> None:
        """In one lane less."""
        project.wants -= 1
        if not project.wants:
            self._weights -= project.weight

    def charge(self, name: str, now_us: int, usage: float, *, booked: float | None = None) -> None:
        """Book usage, in resource-seconds: what an attempt is expected to use when it starts, and what it is expected
        to use beyond while it runs; at its end the difference, which may be negative, with all that had been `booked`
        for it.

        Every attempt is corrected once, however it ended.
        """
        assert booked is not None or usage >= 0, f"{usage} for {name}: a correction says what was booked"
        project = self.of(name)
        if now_us > self._recent_us:
            self._recent *= 0.5 ** ((now_us - self._recent_us) / 1e6 / self._policy.share_window_s)
            self._recent_us = now_us
        step_s = usage / project.weight
        if booked is None:
            self._book(project, usage, step_s)
        elif project.floor:
            _correct_floor(project, usage, booked)
        project.virtual_s += step_s
        self.total += usage
        self._recent = max(0.0, self._recent + usage)

    def _book(self, project: Project, usage: float, step_s: float) -> None:
        self._front_s = max(self._front_s, project.virtual_s)
        self._largest_s = max(self._largest_s, step_s)
        project.virtual_s = max(project.virtual_s, self._front_s - self._arrears_s(project))
        if project.floor:
            self._pay_floor(project, usage)

    def _join(self, project: Project) -> None:
        """A project has work after having had none."""
        others = [other.virtual_s for other in self._projects.values() if other.wants]
        if others:
            start_s = max(min(others), self._front_s - self._arrears_s(project))
        else:
            start_s = max(other.virtual_s for other in self._projects.values())
        project.virtual_s = max(project.virtual_s, start_s)
        project.paid_to = max(project.paid_to, self.total)
        self._weights += project.weight

    def _pay_floor(self, project: Project, usage: float) -> None:
        """Move `paid_to` on for a booking: for all of it when the project is behind, else for the largest one only.

        What it uses beyond its floor is forgiven at once: it has its floor from every moment on.
        """
        step = usage / project.floor
        if project.paid_to > self.total:
            paid_to = max(project.paid_to, self.total + step)
            project.forgiven += usage - (paid_to - project.paid_to) * project.floor
        else:
            paid_to = max(project.paid_to, self.total - self._recent - _BOOKINGS * usage) + step
        project.paid_to = paid_to
        project.booked += usage

    def _arrears_s(self, project: Project) -> float:
        """How far behind the greatest virtual time a project can be."""
        return self._recent / max(self._weights, project.weight) + _BOOKINGS * self._largest_s


def _correct_floor(project: Project, late: float, booked: float) -> None:
    """Of a correction counts what counted of the bookings, on the average of those that are open."""
    forgiven = min(1.0, project.forgiven / project.booked) if project.booked > 0 else 0.0
    project.forgiven = max(0.0, project.forgiven - forgiven * booked)
    project.booked = max(0.0, project.booked - booked)
    project.paid_to += late * (1 - forgiven) / project.floor
