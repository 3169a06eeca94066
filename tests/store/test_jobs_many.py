"""Many jobs in one store: their terms, costs, counts and choices, and the driver's pulse; on every database."""

from __future__ import annotations

from collections import Counter

import pytest

from farm.changes import AttemptEnded, AttemptStarted, TaskMoved
from farm.errors import FailureKind, LeaseError
from farm.store.fold import IllegalChange
from farm.store.records import ChangeKind, JobState, Pulse
from farm.tasks import TaskState


def counted(store, job):
    """The counts as a walk over the tasks gives them."""
    return Counter((record.task.stage, record.state) for record in store.load(job))


def paid(make, task, attempt, job, micros, failure=None):
    """The changes of one whole attempt in a job's name, at a price."""
    ended = AttemptEnded(make.manifest(task, attempt, failure), cost_micros=micros)
    moved = TaskMoved(task.id, TaskState.WAITING, 20) if failure else TaskMoved(task.id, TaskState.DONE, 20, attempt)
    return [AttemptStarted(task.id, attempt, "cpu-1", "node", 10, job=job), ended, moved]


# -- terms ------------------------------------------------------------------------------------------------------


def test_a_jobs_terms_come_back(store, epoch, make) -> None:
    terms = {"priority": 80, "budget_micros": 2_500_000, "principal": "mia", "state": JobState.HELD, "message": "later"}
    store.create_job(epoch, make.job("a", **terms))
    found = store.job("a")
    assert {name: getattr(found, name) for name in terms} == terms
    store.set_priority(epoch, "a", 20, 7)
    found = store.job("a")
    assert (found.priority, found.state, found.seq) == (20, JobState.HELD, 2)
    assert [(line.kind, line.state, line.at_us) for line in store.changes_after(1)] == [(ChangeKind.JOB, "held", 7)]


@pytest.mark.parametrize(
    ("state", "ended_us"), [(state, 0 if state.live else 9) for state in JobState], ids=[*JobState]
)
def test_a_job_says_why_and_when_it_ended(store, epoch, make, state, ended_us) -> None:
    store.create_job(epoch, make.job("a"))
    store.set_job_state(epoch, "a", JobState.FAILED, 5, "first")
    store.set_job_state(epoch, "a", state, 9, "two shots\0 have no clip")
    found = store.job("a")
    assert (found.state, found.ended_us, found.message) == (state, ended_us, "two shots\ufffd have no clip")


def test_terms_of_an_unknown_job_change_nothing(store, epoch) -> None:
    with pytest.raises(IllegalChange, match="no job other"):
        store.set_priority(epoch, "other", 3, 1)
    with pytest.raises(IllegalChange, match="no job other"):
        store.choose(epoch, "other", "sh010", 1, "mia", 1)
    assert store.changes_after(0) == ()


def test_jobs_are_found_by_the_beginning_of_their_ids(store, epoch, make) -> None:
    for at_us, name in enumerate(["b2", "a_1", "ab", "a%", "B2"]):
        store.create_job(epoch, make.job(name, created_us=at_us))
    assert store.find_jobs("a") == ("a_1", "ab", "a%")
    assert store.find_jobs("a_") == ("a_1",)
    assert store.find_jobs("a%") == ("a%",)
    assert store.find_jobs("B") == ("B2",)
    assert store.find_jobs("c") == ()
    assert store.find_jobs("") == ("b2", "a_1", "ab", "a%", "B2")


def test_jobs_of_many_kinds_are_listed_without_their_documents(store, epoch, make) -> None:
    store.create_job(epoch, make.job("a", priority=70, budget_micros=10, principal="mia", created_us=2))
    store.create_job(epoch, make.job("b", created_us=1))
    task = make.task(1)
    store.add_tasks(epoch, "a", [task], 1)
    store.commit(epoch, paid(make, task, 1, "a", 7))
    store.set_job_state(epoch, "a", JobState.DONE, 9, "all there")
    second, first = store.job_lines()
    assert (second.id, dict(second.tasks), second.spent_micros, second.budget_micros) == ("b", {}, 0, None)
    assert (first.id, first.priority, first.budget_micros, first.principal) == ("a", 70, 10, "mia")
    assert (first.state, first.message, first.ended_us, first.created_us) == (JobState.DONE, "all there", 9, 2)
    assert (first.spent_micros, dict(first.tasks)) == (7, {("prepare", TaskState.DONE): 1})


# -- counts -----------------------------------------------------------------------------------------------------


def test_counts_follow_every_change(store, epoch, make) -> None:
    """GIVEN two jobs that share tasks WHEN they are added, run, fail, are done and reopened THEN counts are sums."""
    tasks = [make.task(number, stage="score" if number % 2 else "prepare") for number in range(6)]
    store.create_job(epoch, make.job("a"))
    store.create_job(epoch, make.job("b"))
    store.add_tasks(epoch, "a", tasks[:4], 1)

    def agree() -> None:
        for job in ("a", "b"):
            assert store.counts(job) == counted(store, job)
        assert store.job_counts() == {job: counts for job in ("a", "b") if (counts := counted(store, job))}

    agree()
    store.commit(epoch, [*make.done(tasks[0]), make.started(tasks[1])])
    agree()
    store.add_tasks(epoch, "b", tasks, 2)
    agree()
    store.add_tasks(epoch, "b", tasks, 2)
    agree()
    store.commit(epoch, make.failed(tasks[2], 1, FailureKind.BUG, TaskState.FAILED))
    store.commit(epoch, [TaskMoved(tasks[0].id, TaskState.WAITING, 30), *make.done(tasks[5])])
    agree()
    with pytest.raises(IllegalChange):
        store.commit(epoch, [*make.done(tasks[3]), make.started(make.task(99))])
    agree()
    assert store.counts("other") == {}


# -- costs ------------------------------------------------------------------------------------------------------


def test_an_attempt_is_paid_by_the_job_in_whose_name_it_ran(store, epoch, make) -> None:
    shared, own = make.task(1), make.task(2)
    for name in ("a", "b", "c"):
        store.create_job(epoch, make.job(name))
    store.add_tasks(epoch, "a", [shared], 1)
    store.add_tasks(epoch, "b", [shared, own], 1)
    store.commit(epoch, paid(make, shared, 1, "a", 300, FailureKind.CRASHED))
    start, *rest = paid(make, shared, 2, "b", 4_000_000_000)
    store.commit(epoch, [start])
    assert store.spent() == {"a": 300, "b": 0, "c": 0}
    store.commit(epoch, [*rest, *paid(make, own, 1, "b", 1)])
    assert store.spent() == {"a": 300, "b": 4_000_000_001, "c": 0}
    assert [(attempt.job, attempt.cost_micros) for attempt in store.attempts([shared.id])[shared.id]] == [
        ("a", 300),
        ("b", 4_000_000_000),
    ]
    store.set_job_state(epoch, "b", JobState.CANCELLED, 9)
    assert store.spent() == {"a": 300, "c": 0}
    assert (store.spent("b"), store.spent("other")) == (4_000_000_001, 0)


def test_a_batch_that_is_refused_costs_nothing(store, epoch, make) -> None:
    task = make.task(1)
    store.create_job(epoch, make.job("a"))
    store.add_tasks(epoch, "a", [task], 1)
    with pytest.raises(IllegalChange):
        store.commit(epoch, [*paid(make, task, 1, "a", 300), make.started(task, 1)])
    assert store.spent("a") == 0


# -- choices and the pulse --------------------------------------------------------------------------------------


def test_a_jobs_document_can_be_amended(store, epoch, make) -> None:
    store.create_job(epoch, make.job("a"))
    store.amend(epoch, "a", {"shots": ["é"]})
    assert store.job("a").document == {"shots": ["é"]}
    with pytest.raises(IllegalChange, match="there is no job b"):
        store.amend(epoch, "b", {})


def test_the_last_choice_for_a_shot_counts(store, epoch, make) -> None:
    store.create_job(epoch, make.job("a"))
    store.create_job(epoch, make.job("b"))
    store.choose(epoch, "a", "sh020", 3, "mia", 1)
    store.choose(epoch, "a", "sh010", 1, "mia", 2)
    store.choose(epoch, "a", "sh020", 2, "ben", 3)
    assert store.choices("a") == {"sh010": 1, "sh020": 2}
    assert store.choices("b") == {}


def test_the_last_pulse_is_the_leaders(store, reopen) -> None:
    assert store.last_pulse() is None
    with store.lead() as old:
        store.beat(old.epoch, "process 1 on here", {"waiting": {"a": 3}}, 5)
        store.beat(old.epoch, "process 1 on here", {"waiting": {"é": 2}}, 9)
        assert store.last_pulse() == Pulse(9, old.epoch, "process 1 on here", {"waiting": {"é": 2}})
    with reopen().lead() as new, pytest.raises(LeaseError, match=f"epoch {new.epoch} does"):
        store.beat(old.epoch, "process 1 on here", {}, 10)
    assert store.last_pulse().at_us == 9
    assert store.changes_after(0) == ()
