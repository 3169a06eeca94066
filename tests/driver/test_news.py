"""What the driver tells the outbox for people's sake: each occurrence once, whatever is started anew."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from farm.errors import FailureKind
from farm.scheduler.policy import Limits, Policy, Prices, ProjectPolicy
from farm.store.jobs import JobStore
from farm.store.records import ChangeKind, JobState, Verb


def told(house) -> list[tuple[str, str, str]]:
    """Kind, job and shot of every notice, in order."""
    lines = [line for line in house.store.changes_after(0) if line.kind is ChangeKind.NOTICE]
    notices = house.store.notices(0, lines[-1].seq) if lines else {}
    assert [line.seq for line in lines] == list(notices)
    return [(line.state, line.job or "", notices[line.seq].shot) for line in lines]


def test_a_shot_that_fails_is_told_of_before_its_job_ends(house, task):
    house.pool.fails["a"] = FailureKind.INPUT
    job = house.submit("shots", task("a"), task("b"))
    house.drive()
    assert told(house) == [("shot.failed", job, "a")]
    ends = [line.seq for line in house.store.changes_after(0) if line.kind is ChangeKind.JOB]
    (notice,) = house.store.notices(0, 10_000)
    assert ends[0] < notice < ends[-1]


def test_a_shot_that_comes_out_is_no_news(house, task):
    house.submit("shots", task("a"), task("b"))
    house.drive()
    assert told(house) == []


def test_a_restart_tells_nothing_again(house, task):
    house.pool.fails["a"] = FailureKind.INPUT
    house.pool.waits.add("b")
    job = house.submit("shots", task("a"), task("b"))
    for _ in range(3):
        house.drive(5)
        house.another_node()
    assert told(house) == [("shot.failed", job, "a")]


def test_a_shot_that_fails_again_is_told_of_again(house, task):
    house.pool.fails["a"] = FailureKind.INPUT
    job = house.submit("shots", task("a"))
    house.drive()
    house.ask(Verb.RETRY, job)
    house.drive()
    assert told(house) == [("shot.failed", job, "a")] * 2


def test_each_job_hears_of_a_shot_that_they_share(house, task):
    house.pool.fails["a"] = FailureKind.INPUT
    jobs = [house.submit("shots", task("a")), house.submit("shots", task("a"))]
    house.drive()
    assert sorted(told(house)) == sorted(("shot.failed", job, "a") for job in jobs)


def test_a_shot_that_waits_for_a_choice_is_told_of_once(house, task):
    house.farm.options = {"asks": True, "takes": {("a", 2): task("a2", shot="a")}}
    job = house.submit("shots", task("a"))
    for _ in range(2):
        house.drive(5)
        house.another_node()
    assert told(house) == [("shot.held", job, "a")]


def test_news_of_a_job_that_was_opened_to_look_at_it_is_old(house, task):
    """Approving a take of an ended job reads its whole plan: what failed of it is known."""
    house.farm.options = {"takes": {("b", 2): task("b2", shot="b")}}
    house.pool.fails["a"] = FailureKind.INPUT
    job = house.submit("shots", task("a"), task("b"))
    house.drive()
    house.another_node()
    house.ask(Verb.APPROVE, job, body={"shot": "b", "take": 2})
    house.drive()
    assert told(house) == [("shot.failed", job, "a")]


def test_a_jobs_report_is_kept_with_its_end(house, task):
    job = house.submit("shots", task("a"))
    house.drive()
    assert house.store.job_line(job).report == "report.html"


# -- budgets ------------------------------------------------------------------------------------------------------

PRICES = Prices(cpu_hour_micros=3_600_000_000)
"""A second of a CPU costs 1.00."""


def test_a_job_at_its_budget_is_told_of_once(house, task):
    house.policy = Policy(prices=PRICES)
    job = house.submit("shots", *map(task, "abcdef"), budget_micros=2)
    for _ in range(2):
        house.drive(10)
        house.another_node()
    assert told(house) == [("budget.reached", job, "")]
    (notice,) = house.store.notices(0, 10_000).values()
    assert notice.words.startswith(f"job {job} may cost 0.00: 0.00 are spent")


def test_a_project_at_its_budget_is_told_of_once_for_all_its_jobs(house, task):
    house.policy = Policy(prices=PRICES, projects={"demo": ProjectPolicy(limits=Limits(cost_micros=2))})
    house.submit("shots", *map(task, "abc"))
    house.submit("more", *map(task, "def"))
    house.drive(10)
    assert told(house) == [("budget.reached", "", "")]
    (notice,) = house.store.notices(0, 10_000).values()
    assert (notice.project, notice.words[:28]) == ("demo", "project demo may cost 0.00: ")


@pytest.mark.parametrize(
    "policy",
    [
        Policy(prices=PRICES, projects={"demo": ProjectPolicy(limits=Limits(cost_micros=10**15))}),
        Policy(projects={"demo": ProjectPolicy(limits=Limits(cost_micros=1))}),
    ],
    ids=["enough", "nothing costs"],
)
def test_a_budget_that_keeps_nothing_from_beginning_is_no_news(house, task, policy):
    house.policy = policy
    job = house.submit("shots", *map(task, "abc"))
    house.drive()
    assert told(house) == []
    assert house.store.job(job).state is JobState.DONE


# -- the law ------------------------------------------------------------------------------------------------------

SHOTS = "abc"
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("drive"), st.integers(1, 40)),
        st.tuples(st.just("retry"), st.sampled_from([*SHOTS, ""])),
        st.tuples(st.just("fails"), st.sampled_from(SHOTS)),
        st.tuples(st.just("works"), st.sampled_from(SHOTS)),
        st.tuples(st.just("waits"), st.sampled_from(SHOTS)),
        st.tuples(st.just("comes"), st.sampled_from(SHOTS)),
    ),
    max_size=14,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DEEDS)
def test_every_failure_is_told_once(house, task, deeds):
    """GIVEN any sequence of failures, retries and dead drivers WHEN all is quiet THEN each failure was told once."""
    with tempfile.TemporaryDirectory() as folder:
        house = type(house)(JobStore.open(Path(folder)))
        job = house.submit("shots", *map(task, SHOTS))
        for deed, what in [*deeds, ("comes", "a"), ("comes", "b"), ("comes", "c"), ("drive", 900), ("drive", 60)]:
            _do(house, job, deed, what)
        lines = house.store.changes_after(0)
        failures = Counter(
            record.task.shot
            for line in lines
            if line.kind is ChangeKind.TASK_MOVED and line.state == "failed"
            for record in house.store.tasks([line.task]).values()
        )
        assert Counter(shot for _, _, shot in told(house)) == failures
        house.store.close()


def _do(house, job: str, deed: str, what) -> None:
    match deed:
        case "drive":
            house.drive(what)
        case "retry":
            house.ask(Verb.RETRY, job, body={"shot": what})
        case "fails":
            house.pool.fails[what] = FailureKind.INPUT
        case "works":
            house.pool.fails.pop(what, None)
        case "waits":
            house.pool.waits.add(what)
        case "comes":
            house.pool.waits.discard(what)
