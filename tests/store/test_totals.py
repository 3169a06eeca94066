"""Totals are what a walk over everything finds, on every database, whether or not they go on from earlier ones."""

from __future__ import annotations

from collections import Counter

import pytest

from farm.changes import AttemptEnded, AttemptStarted, TaskMoved
from farm.errors import FailureKind
from farm.store.records import JobState
from farm.store.totals import JobSum, LiveTotals, Totals
from farm.tasks import AttemptState, TaskState


def walked(store) -> Totals:
    """The same as `totals`, by looking at each thing."""
    jobs = store.jobs()
    records = [(job, record) for job in jobs for record in store.load(job.id)]
    tasks = Counter((job.project, record.task.stage, record.state) for job, record in records)
    attempts = store.attempts({record.task.id for _, record in records}).values()
    states = Counter(attempt.state for each in attempts for attempt in each)
    sums: dict[tuple[str, JobState], JobSum] = {}
    for job in jobs:
        old = sums.get((job.project, job.state), JobSum(0, 0))
        sums[job.project, job.state] = JobSum(old.jobs + 1, old.spent_micros + store.spent(job.id))
    live = [job for job in sorted(jobs, key=lambda job: (-job.created_us, job.id)) if job.state.live]
    last = store.changes_after(0)
    return Totals(
        last[-1].seq if last else 0,
        dict(tasks),
        sums,
        {state: states[state] for state in AttemptState},
        tuple(
            LiveTotals(
                job.id,
                job.project,
                store.spent(job.id),
                job.budget_micros,
                dict(Counter(record.state for owner, record in records if owner.id == job.id)),
            )
            for job in live
        ),
    )


def started(task, attempt=1, job=""):
    return AttemptStarted(task.id, attempt, "cpu-1", "node", 10, job)


@pytest.fixture
def busy(store, epoch, make):
    """Two projects, three jobs, tasks in every state, one of them shared."""
    store.create_job(epoch, make.job("a", project="lake", created_us=1, budget_micros=9_000_000))
    store.create_job(epoch, make.job("b", project="lake", created_us=2))
    store.create_job(epoch, make.job("c", project="sea", created_us=3, state=JobState.HELD))
    tasks = [make.task(number) for number in range(1, 6)]
    store.add_tasks(epoch, "a", tasks, 1)
    store.add_tasks(epoch, "b", tasks[:1], 1)
    done, failed, running, retried, _ = tasks
    store.commit(
        epoch,
        [
            started(done, job="a"),
            AttemptEnded(make.manifest(done, 1), cost_micros=1_250_000),
            TaskMoved(done.id, TaskState.DONE, 20, 1),
            started(failed, job="a"),
            AttemptEnded(make.manifest(failed, 1, FailureKind.BUG), cost_micros=3),
            TaskMoved(failed.id, TaskState.FAILED, 20, 0, FailureKind.BUG, "no"),
            started(running, job="a"),
            started(retried, job="a"),
            AttemptEnded(make.manifest(retried, 1, FailureKind.CRASHED)),
            TaskMoved(retried.id, TaskState.WAITING, 20),
        ],
    )
    return tasks


def test_an_empty_store_has_nothing(store):
    assert store.totals() == Totals(0, {}, {}, dict.fromkeys(AttemptState, 0), ())


def test_totals_are_what_a_walk_finds(store, busy):
    found = store.totals()
    assert found == walked(store)
    assert found.attempts[AttemptState.RUNNING] == 1
    assert found.attempts[AttemptState.FAILED] == 2
    assert found.jobs["lake", JobState.ACTIVE] == JobSum(2, 1_250_003)


def test_totals_go_on_from_earlier_ones(store, epoch, make, busy):
    early = store.totals()
    _, _, running, retried, _ = busy
    store.commit(
        epoch,
        [
            AttemptEnded(make.manifest(running, 1), cost_micros=5),
            TaskMoved(running.id, TaskState.DONE, 30, 1),
            started(retried, 2, "a"),
        ],
    )
    store.set_job_state(epoch, "b", JobState.CANCELLED, 40)
    assert store.totals(early) == store.totals() == walked(store)
    assert store.totals(store.totals(early)) == walked(store)


def test_only_the_newest_live_jobs_are_told_apart(store, epoch, make):
    for number in range(5):
        store.create_job(epoch, make.job(f"job-{number}", created_us=number))
    store.set_job_state(epoch, "job-3", JobState.DONE, 9)
    assert [job.id for job in store.totals(live_at_most=3).live] == ["job-4", "job-2", "job-1"]
    assert store.totals(live_at_most=3).jobs["demo", JobState.ACTIVE].jobs == 4
