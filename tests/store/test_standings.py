"""What a job store remembers of tasks it wrote itself is never older than what is written; on every database."""

from __future__ import annotations

from collections import Counter

import pytest

from farm.changes import AttemptEnded, TaskMoved
from farm.errors import LeaseError
from farm.store.fold import IllegalChange
from farm.tasks import AttemptState, TaskState


@pytest.fixture
def task(store, epoch, make):
    task = make.task()
    store.create_job(epoch, make.job())
    store.add_tasks(epoch, "job", [task], 1)
    return task


def cancelled(task):
    return [TaskMoved(task.id, TaskState.CANCELLED, 30)]


@pytest.mark.parametrize("heard", [True, False], ids=["and another write since", "at once"])
def test_what_another_process_wrote_under_the_same_lease_is_seen(store, reopen, epoch, make, task, heard) -> None:
    """GIVEN a task this store remembers as waiting WHEN another connection ended it THEN it cannot be ended again."""
    reopen().commit(epoch, make.done(task))
    if heard:
        store.set_priority(epoch, "job", 3, 1)
    with pytest.raises(IllegalChange, match="done task cannot become cancelled"):
        store.commit(epoch, cancelled(task))
    assert store.tasks([task.id])[task.id].state is TaskState.DONE


def test_a_batch_that_was_refused_is_not_remembered(store, epoch, make, task) -> None:
    store.commit(epoch, [make.started(task)])
    ended = AttemptEnded(make.manifest(task))
    with pytest.raises(IllegalChange, match="does not run"):
        store.commit(epoch, [ended, ended])
    done = TaskMoved(task.id, TaskState.DONE, 20, winner=1)
    store.commit(epoch, [ended, done])
    assert [record.state for record in store.attempts([task.id])[task.id]] == [AttemptState.DONE]


def test_a_task_that_a_second_job_wants_is_counted_in_both(store, epoch, make, task) -> None:
    store.create_job(epoch, make.job("other"))
    store.add_tasks(epoch, "other", [task, make.task(2)], 1)
    store.commit(epoch, [make.started(task)])
    store.create_job(epoch, make.job("late"))
    store.add_tasks(epoch, "late", [task], 1)
    store.commit(epoch, make.done(task)[1:])
    for job in ("job", "other", "late"):
        expected = Counter((record.task.stage, record.state) for record in store.load(job))
        assert dict(store.counts(job)) == expected, job


def test_a_new_lead_remembers_nothing_of_the_last(store, reopen, make) -> None:
    """GIVEN two leads of one store WHEN somebody else led and wrote between THEN that counts."""
    task, other = make.task(), reopen()
    with store.lead() as lease:
        store.create_job(lease.epoch, make.job())
        store.add_tasks(lease.epoch, "job", [task], 1)
    with other.lead() as between:
        other.commit(between.epoch, make.done(task))
    with pytest.raises(LeaseError):
        store.commit(lease.epoch, cancelled(task))
    with store.lead() as again, pytest.raises(IllegalChange):
        store.commit(again.epoch, cancelled(task))


def test_a_task_settled_long_ago_may_be_asked_for_again(store, epoch, make, task) -> None:
    store.commit(epoch, make.done(task))
    store.commit(epoch, [TaskMoved(task.id, TaskState.WAITING, 40)])
    store.commit(epoch, make.done(task, 2))
    record = store.tasks([task.id])[task.id]
    assert (record.state, record.winner, record.attempts) == (TaskState.DONE, 2, 2)


def test_places_in_a_job_go_on_where_the_last_ones_ended(store, epoch, make, task) -> None:
    more = [make.task(number) for number in range(2, 8)]
    store.commit(epoch, make.done(task))
    for at in range(0, 6, 2):
        store.add_tasks(epoch, "job", [task, *more[at : at + 2]], 1)
    assert [record.task.id for record in store.load("job")] == [each.id for each in [task, *more]]
