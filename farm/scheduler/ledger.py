"""What jobs and projects have spent and reserved, and whether they may have more.

    may ──▶ reserve (asked) ──▶ settle (what it came to)

What an attempt is expected to cost is reserved before it starts and settled when it ends, so spent + reserved exceeds
no cap when something is reserved. What attempts cost beyond their reservation can still carry `spent` over the cap:
that is the overshoot, and it is reported. GPUs are reserved likewise; they are given back whole.

All money is whole millionths of the farm's currency, so that sums are exact. The ledger owns these sums; `audit`
recomputes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from farm.scheduler.policy import Limits, Policy, ProjectPolicy
from farm.tasks import TaskId


class Whose(StrEnum):
    JOB = "job"
    PROJECT = "project"


class Which(StrEnum):
    COST = "cost"
    """In millionths of the farm's currency."""
    GPUS = "gpus"
    """At once."""


@dataclass(frozen=True, slots=True)
class LimitHit:
    """A limit that leaves no room for what was asked: spent + reserved + asked > limit."""

    whose: Whose
    name: str
    """Of the job or project."""
    which: Which
    limit: int
    spent: int
    """Always 0 for GPUs: they come back."""
    reserved: int
    asked: int

    @property
    def final(self) -> bool:
        """True when waiting does not help, as nothing that is reserved now would make enough room if it came back."""
        return self.spent + self.asked > self.limit


@dataclass(frozen=True, slots=True)
class Standing:
    """What a job or project has used of what it may."""

    limits: Limits
    spent: int = 0
    """In micros."""
    reserved: int = 0
    """In micros."""
    gpus: int = 0
    """In use."""

    @property
    def overshoot(self) -> int:
        """How far `spent` is over the cap, in micros."""
        cap = self.limits.cost_micros
        return 0 if cap is None else max(0, self.spent - cap)


@dataclass(slots=True)
class _Account:
    whose: Whose
    name: str
    limits: Limits
    spent: int = 0
    reserved: int = 0
    gpus: int = 0

    def hit(self, gpus: int, micros: int) -> LimitHit | None:
        cap, at_once = self.limits.cost_micros, self.limits.gpus
        if micros and cap is not None and self.spent + self.reserved + micros > cap:
            return LimitHit(self.whose, self.name, Which.COST, cap, self.spent, self.reserved, micros)
        if gpus and at_once is not None and self.gpus + gpus > at_once:
            return LimitHit(self.whose, self.name, Which.GPUS, at_once, 0, self.gpus, gpus)
        return None

    @property
    def standing(self) -> Standing:
        return Standing(self.limits, self.spent, self.reserved, self.gpus)


class _Reservation(NamedTuple):
    gpus: int
    micros: int


@dataclass(slots=True)
class _Job:
    account: _Account
    project: _Account
    open: dict[TaskId, _Reservation]
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class _Gone:
    project: str
    spent: int


class Ledger:
    """The accounts of all live jobs and of their projects; of ended jobs, what they came to."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._jobs: dict[str, _Job] = {}
        self._projects: dict[str, _Account] = {}
        self._gone: dict[str, _Gone] = {}
        """By name: jobs that have ended or been dropped."""

    def set_job(self, job: str, project: str, limits: Limits, spent_micros: int = 0) -> None:
        """A job is there, or has other limits. What it spent before is heeded when the job is new, or there again."""
        known = self._jobs.get(job)
        if known is not None:
            assert known.project.name == project, f"{job} belongs to {known.project.name}, not to {project}"
            known.account.limits, known.dropped = limits, False
            return
        if gone := self._gone.pop(job, None):
            self._project(gone.project).spent -= gone.spent
        account = _Account(Whose.JOB, job, limits, spent_micros)
        self._jobs[job] = _Job(account, self._project(project), {})
        self._jobs[job].project.spent += spent_micros

    def drop_job(self, job: str) -> None:
        """Forget a job, once its last reservation is settled. What it spent stays with its project."""
        known = self._jobs[job]
        known.dropped = True
        self._forget_if_over(known)

    def end_job(self, job: str, project: str, spent_micros: int) -> None:
        """A job has ended before this ledger began: what it spent counts towards its project's cap, once."""
        if job in self._jobs or job in self._gone:
            return
        self._gone[job] = _Gone(project, spent_micros)
        self._project(project).spent += spent_micros

    def may(self, job: str, gpus: int, micros: int) -> LimitHit | None:
        """The limit that stands in the way of a reservation, the job's before its project's; None when none does.

        What costs nothing is never in the way of a cost cap, even one that is overshot.
        """
        known = self._jobs[job]
        return known.account.hit(gpus, micros) or known.project.hit(gpus, micros)

    def reserve(self, job: str, task: TaskId, gpus: int, micros: int) -> None:
        """Set aside what an attempt is expected to cost. Only where `may` has nothing against it."""
        known = self._jobs[job]
        assert task not in known.open, f"{task} has a reservation by {job}"
        assert gpus >= 0, gpus
        assert micros >= 0, micros
        hit = self.may(job, gpus, micros)
        assert hit is None, hit
        known.open[task] = _Reservation(gpus, micros)
        for account in (known.account, known.project):
            account.reserved += micros
            account.gpus += gpus

    def settle(self, job: str, task: TaskId, micros_spent: int) -> None:
        """An attempt has ended and cost this. Its reservation is given back."""
        known = self._jobs[job]
        reservation = known.open.pop(task)
        assert micros_spent >= 0, micros_spent
        for account in (known.account, known.project):
            account.reserved -= reservation.micros
            account.gpus -= reservation.gpus
            account.spent += micros_spent
        self._forget_if_over(known)

    # -- reading ------------------------------------------------------------------------------------------------

    def spent(self, job: str) -> int:
        """Micros, by attempts that have ended."""
        return self._jobs[job].account.spent

    def reserved(self, job: str) -> int:
        """Micros, for attempts that run."""
        return self._jobs[job].account.reserved

    def overshoot(self, job: str) -> int:
        """Micros spent beyond the job's cap."""
        return self._jobs[job].account.standing.overshoot

    def job(self, job: str) -> Standing:
        return self._jobs[job].account.standing

    def project(self, project: str) -> Standing:
        """Of all jobs of a project, live and ended, that this ledger was told of."""
        return self._project(project).standing

    def audit(self) -> None:
        """Recompute every sum from the open reservations and from the jobs: they are equal, or this is a bug.

        Raises:
            AssertionError: naming the account and both numbers.
        """
        expected = {name: _Account(Whose.PROJECT, name, a.limits) for name, a in self._projects.items()}
        for gone in self._gone.values():
            expected[gone.project].spent += gone.spent
        for job in self._jobs.values():
            sums = (sum(r.micros for r in job.open.values()), sum(r.gpus for r in job.open.values()))
            assert (job.account.reserved, job.account.gpus) == sums, (job.account, sums)
            project = expected[job.project.name]
            project.spent += job.account.spent
            project.reserved += sums[0]
            project.gpus += sums[1]
        assert self._projects == expected, (self._projects, expected)

    # -- accounts -----------------------------------------------------------------------------------------------

    def _project(self, name: str) -> _Account:
        known = self._projects.get(name)
        if known is None:
            terms = self._policy.projects.get(name) or ProjectPolicy()
            known = self._projects[name] = _Account(Whose.PROJECT, name, terms.limits)
        return known

    def _forget_if_over(self, job: _Job) -> None:
        if job.dropped and not job.open:
            self._gone[job.account.name] = _Gone(job.project.name, job.account.spent)
            del self._jobs[job.account.name]
