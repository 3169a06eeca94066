"""What people may want to hear of: told once for each occurrence, on every database."""

from __future__ import annotations

import pytest

from farm.changes import Notice, NoticeKind
from farm.errors import FailureKind, LeaseError
from farm.store.records import ChangeKind, ChangeRecord
from farm.tasks import TaskState


def notice(*about, **more) -> Notice:
    usual = {"kind": NoticeKind.SHOT_FAILED, "project": "demo", "job": "job", "shot": "sh010", "words": "it broke"}
    return Notice(**{**usual, **more}, about=tuple(task.id for task in about))


@pytest.fixture
def task(store, epoch, make):
    """Failed, of a job."""
    store.create_job(epoch, make.job())
    store.add_tasks(epoch, "job", [task := make.task()], 5)
    store.commit(epoch, make.failed(task, 1, FailureKind.INPUT, TaskState.FAILED))
    return task


def test_a_notice_is_a_line_of_the_outbox_and_its_words(store, epoch, task) -> None:
    before = store.changes_after(0)[-1].seq
    assert store.tell(epoch, [notice(task), notice(task, shot="sh020", words="a\0b")], 77) == 2
    lines = store.changes_after(before)
    assert lines == (
        ChangeRecord(before + 1, ChangeKind.NOTICE, "shot.failed", "job", None, None, 77),
        ChangeRecord(before + 2, ChangeKind.NOTICE, "shot.failed", "job", None, None, 77),
    )
    told = store.notices(before + 1, before + 2)
    assert {each.occurrence for each in told.values()} == {store.tasks([task.id])[task.id].seq}
    assert {seq: (each.shot, each.words) for seq, each in told.items()} == {
        before + 1: ("sh010", "it broke"),
        before + 2: ("sh020", "a\ufffdb"),
    }
    assert store.notices(1, before) == {}


def test_the_same_is_told_once_whoever_finds_it_again(store, epoch, task, reopen) -> None:
    assert store.tell(epoch, [notice(task), notice(task)], 1) == 1
    before = store.changes_after(0)
    assert store.tell(epoch, [notice(task, words="in other words")], 2) == 0
    assert reopen().tell(epoch, [notice(task)], 3) == 0
    assert store.changes_after(0) == before


def test_what_happens_again_is_told_again(store, epoch, task, make) -> None:
    store.tell(epoch, [notice(task)], 1)
    again = make.failed(task, 2, FailureKind.INPUT, TaskState.FAILED)
    store.commit(epoch, [make.failed(task, 1, FailureKind.INPUT, TaskState.WAITING)[-1], *again])
    assert store.tell(epoch, [notice(task)], 2) == 1
    assert store.tell(epoch, [notice(task)], 3) == 0


@pytest.mark.parametrize(
    "other",
    [{"kind": NoticeKind.SHOT_HELD}, {"job": "another"}, {"shot": "sh020"}, {"project": "storm"}],
    ids=lambda other: next(iter(other)),
)
def test_what_is_about_something_else_is_told_too(store, epoch, task, other) -> None:
    assert store.tell(epoch, [notice(task), notice(task, **other)], 1) == 2


def test_a_budget_is_told_of_once_for_each_amount(store, epoch) -> None:
    budget = {"kind": NoticeKind.BUDGET_REACHED, "shot": "", "job": ""}
    assert store.tell(epoch, [notice(occurrence=10, **budget)], 1) == 1
    assert store.tell(epoch, [notice(occurrence=10, **budget), notice(occurrence=20, **budget)], 1) == 1
    assert [line.job for line in store.changes_after(0)] == [None, None]


def test_a_shot_that_was_refused_and_has_no_task_is_told_of_once(store, epoch) -> None:
    assert [store.tell(epoch, [notice()], 1) for _ in range(2)] == [1, 0]


def test_only_the_leader_tells(store, reopen, make) -> None:
    with store.lead() as old:
        pass
    with reopen().lead(), pytest.raises(LeaseError):
        store.tell(old.epoch, [notice()], 1)
    assert store.changes_after(0) == ()


def test_nothing_to_tell_writes_nothing(store, epoch) -> None:
    assert store.tell(epoch, [], 1) == 0
    assert store.changes_after(0) == ()
