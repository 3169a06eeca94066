"""The ledger: no reservation breaks a cap, every sum is the sum of its parts."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from laws import tries

from farm.scheduler.ledger import Ledger, LimitHit, Standing, Which, Whose
from farm.scheduler.policy import Limits, Policy, ProjectPolicy
from farm.tasks import TaskId

T1, T2, T3 = TaskId("t1"), TaskId("t2"), TaskId("t3")


def ledger_of(project: Limits | None = None, **jobs: Limits) -> Ledger:
    ledger = Ledger(Policy(projects={"p": ProjectPolicy(limits=project or Limits())}))
    for job, limits in jobs.items():
        ledger.set_job(job, "p", limits)
    return ledger


@pytest.mark.parametrize(
    ("job", "project", "asked", "hit"),
    [
        pytest.param(Limits(), Limits(), (8, 900), None, id="no limits"),
        pytest.param(Limits(gpus=3, cost_micros=150), Limits(), (2, 90), None, id="just fits"),
        pytest.param(
            Limits(cost_micros=149),
            Limits(),
            (0, 90),
            LimitHit(Whose.JOB, "a", Which.COST, 149, 10, 50, 90),
            id="cost of the job",
        ),
        pytest.param(
            Limits(gpus=2), Limits(), (2, 0), LimitHit(Whose.JOB, "a", Which.GPUS, 2, 0, 1, 2), id="GPUs of the job"
        ),
        pytest.param(
            Limits(),
            Limits(cost_micros=180),
            (0, 90),
            LimitHit(Whose.PROJECT, "p", Which.COST, 180, 10, 90, 90),
            id="cost of the project",
        ),
        pytest.param(
            Limits(),
            Limits(gpus=4),
            (2, 0),
            LimitHit(Whose.PROJECT, "p", Which.GPUS, 4, 0, 3, 2),
            id="GPUs of the project",
        ),
        pytest.param(
            Limits(cost_micros=1),
            Limits(cost_micros=100),
            (0, 1),
            LimitHit(Whose.JOB, "a", Which.COST, 1, 10, 50, 1),
            id="the job's before its project's",
        ),
        pytest.param(Limits(gpus=0, cost_micros=0), Limits(gpus=3), (0, 0), None, id="what costs nothing"),
    ],
)
def test_limits(job: Limits, project: Limits, asked: tuple[int, int], hit: LimitHit | None) -> None:
    """Job a has spent 10 and reserved 50 and a GPU; job b of the same project has reserved 40 and two GPUs."""
    ledger = Ledger(Policy(projects={"p": ProjectPolicy(limits=project)}))
    ledger.set_job("a", "p", Limits(), spent_micros=10)
    ledger.set_job("b", "p", Limits())
    ledger.reserve("a", T1, 1, 50)
    ledger.reserve("b", T2, 2, 40)
    ledger.set_job("a", "p", job)
    assert ledger.may("a", *asked) == hit


def test_a_hit_is_final_when_nothing_that_comes_back_would_help() -> None:
    ledger = ledger_of(a=Limits(gpus=2, cost_micros=100))
    ledger.reserve("a", T1, 2, 60)
    waits, never = ledger.may("a", 0, 50), ledger.may("a", 0, 101)
    assert waits is not None
    assert never is not None
    assert (waits.final, never.final) == (False, True)
    too_large = ledger.may("a", 3, 0)
    assert too_large is not None
    assert too_large.final
    ledger.settle("a", T1, 60)
    spent = ledger.may("a", 0, 50)
    assert spent is not None
    assert spent.final


def test_overshoot_is_what_attempts_cost_beyond_the_cap() -> None:
    ledger = ledger_of(project=Limits(cost_micros=300), a=Limits(cost_micros=100))
    ledger.reserve("a", T1, 1, 60)
    ledger.reserve("a", T2, 1, 40)
    ledger.settle("a", T1, 75)
    assert (ledger.spent("a"), ledger.reserved("a"), ledger.overshoot("a")) == (75, 40, 0)
    ledger.settle("a", T2, 45)
    assert (ledger.spent("a"), ledger.reserved("a"), ledger.overshoot("a")) == (120, 0, 20)
    assert ledger.project("p") == Standing(Limits(cost_micros=300), spent=120)
    assert ledger.may("a", 1, 0) is None
    assert ledger.may("a", 1, 1) is not None


def test_new_limits_are_heeded_and_what_was_spent_before_only_once() -> None:
    ledger = ledger_of()
    ledger.set_job("a", "p", Limits(cost_micros=10), spent_micros=8)
    ledger.set_job("a", "p", Limits(cost_micros=20), spent_micros=8)
    assert ledger.job("a") == Standing(Limits(cost_micros=20), spent=8)
    assert ledger.project("p").spent == 8


def test_a_dropped_job_lives_until_its_last_attempt_ends_and_its_project_remembers() -> None:
    ledger = ledger_of(a=Limits())
    ledger.reserve("a", T1, 1, 5)
    ledger.drop_job("a")
    ledger.audit()
    ledger.settle("a", T1, 7)
    ledger.audit()
    assert ledger.project("p") == Standing(Limits(), spent=7)
    with pytest.raises(KeyError):
        ledger.spent("a")
    ledger.set_job("a", "p", Limits())
    assert ledger.spent("a") == 0


def test_what_ended_jobs_spent_counts_towards_their_projects_cap_once() -> None:
    ledger = Ledger(Policy(projects={"p": ProjectPolicy(limits=Limits(cost_micros=100))}))
    ledger.end_job("old", "p", 60)
    ledger.end_job("old", "p", 60)
    ledger.set_job("new", "p", Limits(), spent_micros=10)
    ledger.end_job("new", "p", 10)
    assert ledger.project("p").spent == 70
    assert ledger.may("new", 0, 30) is None
    assert ledger.may("new", 0, 31) == LimitHit(Whose.PROJECT, "p", Which.COST, 100, 70, 0, 31)
    ledger.audit()


def test_an_ended_job_that_goes_on_is_counted_by_its_own_sum() -> None:
    ledger = ledger_of()
    ledger.end_job("old", "p", 60)
    ledger.set_job("old", "p", Limits(), spent_micros=60)
    assert (ledger.spent("old"), ledger.project("p").spent) == (60, 60)
    ledger.drop_job("old")
    ledger.set_job("old", "p", Limits(), spent_micros=60)
    assert ledger.project("p").spent == 60
    ledger.audit()


@pytest.mark.parametrize(
    ("gpus", "micros"), [(0, 101), (2, 0), (-1, 0), (0, -1)], ids=["cost", "gpus", "fewer than none", "less than 0"]
)
def test_a_reservation_that_may_not_be_is_refused_and_changes_nothing(gpus: int, micros: int) -> None:
    ledger = ledger_of(a=Limits(gpus=1, cost_micros=100))
    with pytest.raises(AssertionError):
        ledger.reserve("a", T1, gpus, micros)
    assert ledger.job("a") == Standing(Limits(gpus=1, cost_micros=100))
    ledger.audit()


def test_the_audit_finds_a_sum_that_is_not_the_sum_of_its_parts() -> None:
    ledger = ledger_of(a=Limits())
    ledger.reserve("a", T1, 1, 5)
    ledger._projects["p"].reserved += 1
    with pytest.raises(AssertionError, match="reserved=6"):
        ledger.audit()


JOBS = {"a": "p", "b": "p", "c": "q"}
limits = st.builds(Limits, gpus=st.none() | st.integers(0, 8), cost_micros=st.none() | st.integers(0, 500))
jobs = st.sampled_from(sorted(JOBS))
tasks = st.sampled_from([T1, T2, T3])


@dataclass
class PlainJob:
    limits: Limits
    spent: int = 0
    open: dict[TaskId, tuple[int, int]] = field(default_factory=dict)


class AgainstPlainSums(RuleBasedStateMachine):
    """The ledger beside a list of reservations that is summed anew each time."""

    PROJECT = Limits(gpus=9, cost_micros=900)

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(Policy(projects={"p": ProjectPolicy(limits=self.PROJECT)}))
        self.jobs: dict[str, PlainJob] = {}
        for job in JOBS:
            self.set_job(job, Limits())

    @rule(job=jobs, limits=limits)
    def set_job(self, job: str, limits: Limits) -> None:
        self.ledger.set_job(job, JOBS[job], limits)
        self.jobs.setdefault(job, PlainJob(limits)).limits = limits

    @rule(job=jobs, task=tasks, gpus=st.integers(0, 4), micros=st.integers(0, 200))
    def reserve(self, job: str, task: TaskId, gpus: int, micros: int) -> None:
        known = self.jobs[job]
        if task in known.open:
            return
        hit = self.ledger.may(job, gpus, micros)
        if hit is not None:
            assert hit.spent + hit.reserved + hit.asked > hit.limit
            return
        self.ledger.reserve(job, task, gpus, micros)
        known.open[task] = (gpus, micros)
        for terms, mine in ((known.limits, [known]), self.of_project(job)):
            reserved_gpus, reserved = (sum(r[i] for j in mine for r in j.open.values()) for i in (0, 1))
            assert not gpus or terms.gpus is None or reserved_gpus <= terms.gpus
            assert not micros or terms.cost_micros is None or reserved + sum(j.spent for j in mine) <= terms.cost_micros

    @rule(job=jobs, task=tasks, micros=st.integers(0, 300))
    def settle(self, job: str, task: TaskId, micros: int) -> None:
        known = self.jobs[job]
        if known.open.pop(task, None) is not None:
            self.ledger.settle(job, task, micros)
            known.spent += micros

    def of_project(self, job: str) -> tuple[Limits, list[PlainJob]]:
        terms = self.PROJECT if JOBS[job] == "p" else Limits()
        return terms, [self.jobs[other] for other in JOBS if JOBS[other] == JOBS[job]]

    @invariant()
    def sums_agree(self) -> None:
        self.ledger.audit()
        for name, job in self.jobs.items():
            reserved = sum(micros for _, micros in job.open.values())
            assert (self.ledger.spent(name), self.ledger.reserved(name)) == (job.spent, reserved)
            cap = job.limits.cost_micros
            assert self.ledger.overshoot(name) == (0 if cap is None else max(0, job.spent - cap))
            project, mine = self.ledger.project(JOBS[name]), self.of_project(name)[1]
            assert project.spent == sum(j.spent for j in mine)
            assert project.gpus == sum(gpus for j in mine for gpus, _ in j.open.values())


AgainstPlainSums.TestCase.settings = settings(max_examples=tries(60), stateful_step_count=40, deadline=None)
TestAgainstPlainSums = AgainstPlainSums.TestCase
