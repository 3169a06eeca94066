"""How long attempts took, by job and stage, from the end of the outbox; and listings without what ended long ago."""

from __future__ import annotations

import pytest

from farm.errors import FailureKind
from farm.store.records import Durations, JobState
from farm.tasks import TaskState


@pytest.fixture
def books(store, epoch, make):
    """Two jobs: attempts of 10 µs that came out, one of 500, one that failed, one that runs."""
    tasks = [make.task(n) for n in range(4)]
    scores = [make.task(n, stage="score") for n in range(3)]
    for job, its in (("one", tasks[:2] + scores), ("two", tasks[2:])):
        store.create_job(epoch, make.job(job))
        store.add_tasks(epoch, job, its, 1)
    for task in tasks[:3]:
        store.commit(epoch, make.done(task))
    store.commit(epoch, make.done(scores[0], started_us=0, ended_us=500))
    store.commit(epoch, make.failed(scores[1], 1, FailureKind.BUG, TaskState.WAITING))
    store.commit(epoch, [make.started(scores[2])])
    return store


def test_only_what_came_out_counts(books) -> None:
    found = books.durations(1_000)
    assert {stage for _, stage in found} == {"prepare", "score"}
    assert sum(each.attempts for (_, stage), each in found.items() if stage == "prepare") == 3
    (score,) = (each for (_, stage), each in found.items() if stage == "score")
    assert score.attempts == 1


def test_only_the_end_of_the_outbox_is_read(books) -> None:
    assert books.durations(0) == {}
    assert sum(each.attempts for each in books.durations(8).values()) == 1  # behind it: a failure and a start


def test_durations_add_up(books) -> None:
    for each in books.durations(1_000).values():
        assert isinstance(each, Durations)
        assert each.total_us >= 10 * each.attempts
        assert isinstance(each.total_us, int)


def test_jobs_that_ended_long_ago_are_left_out_of_a_listing(store, epoch, make) -> None:
    for name, ended_us in (("live", 0), ("early", 100), ("late", 200)):
        store.create_job(epoch, make.job(name))
        store.add_tasks(epoch, name, [make.task(ended_us)], 1)
        if ended_us:
            store.set_job_state(epoch, name, JobState.DONE, ended_us)
    assert {line.id for line in store.job_lines()} == {"live", "early", "late"}
    lately = store.job_lines(ended_after_us=100)
    assert {line.id for line in lately} == {"live", "late"}
    assert all(sum(line.tasks.values()) == 1 for line in lately)
