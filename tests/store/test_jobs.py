"""The contract of a job store, run on every database behind it."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest

from farm.changes import AttemptEnded, TaskMoved
from farm.errors import FailureKind, LeaseError, StorageError
from farm.store.fold import IllegalChange
from farm.store.records import ChangeKind, JobState, Membership
from farm.tasks import AttemptState, Input, Outcome, TaskState


def state_of(store):
    """Everything the store can tell, to compare before and after."""
    return store.snapshot(live_only=False), store.changes_after(0)


def test_a_job_comes_back_as_it_was(store, epoch, make) -> None:
    job = make.job("night", document={"shots": [{"code": "sh010", "take": "é"}]}, options={"takes": 3}, created_us=7)
    store.create_job(epoch, job)
    found = store.job("night")
    assert found == job.__class__(**{**{name: getattr(job, name) for name in job.__slots__}, "seq": 1})
    assert store.jobs() == (found,)
    assert store.job("other") is None


def test_jobs_come_oldest_first_and_move(store, epoch, make) -> None:
    store.create_job(epoch, make.job("b", created_us=2))
    store.create_job(epoch, make.job("a", created_us=3))
    store.create_job(epoch, make.job("c", created_us=1))
    store.set_job_state(epoch, "b", JobState.DONE, 9)
    assert [(job.id, job.state) for job in store.jobs()] == [("c", "active"), ("b", "done"), ("a", "active")]
    assert set(store.snapshot().jobs) == {"a", "c"}
    assert set(store.snapshot(live_only=False).jobs) == {"a", "b", "c"}


def test_a_job_id_is_taken_once_and_an_unknown_job_cannot_move(store, epoch, make) -> None:
    store.create_job(epoch, make.job())
    before = state_of(store)
    with pytest.raises(IllegalChange, match="there is a job job already"):
        store.create_job(epoch, make.job())
    with pytest.raises(IllegalChange, match="no job other"):
        store.set_job_state(epoch, "other", JobState.DONE, 1)
    assert state_of(store) == before


def test_tasks_are_added_once_and_keep_their_order(store, epoch, make) -> None:
    store.create_job(epoch, make.job())
    tasks = [make.task(number) for number in (3, 1, 2)]
    assert store.add_tasks(epoch, "job", [*tasks, tasks[0]], 5) == 3
    assert store.add_tasks(epoch, "job", tasks, 6) == 0
    assert store.add_tasks(epoch, "job", [tasks[1], make.task(4)], 7) == 1
    records = store.load("job")
    assert [record.task for record in records] == [*tasks, make.task(4)]
    assert {(record.state, record.attempts, record.winner) for record in records} == {(TaskState.WAITING, 0, 0)}
    assert [record.outcome for record in records] == [None] * 4


def test_a_task_of_two_jobs_is_one_task_under_two_names(store, epoch, make) -> None:
    """GIVEN a job that has done a task WHEN another asks for the same under another shot THEN it is done there too."""
    mine, yours = make.task(1, shot="sh010", take=1), make.task(1, shot="sh999", take=4)
    assert mine.id == yours.id
    store.create_job(epoch, make.job("a", created_us=1))
    store.create_job(epoch, make.job("b", created_us=2))
    store.add_tasks(epoch, "a", [mine], 1)
    store.commit(epoch, make.done(mine))
    store.add_tasks(epoch, "b", [yours], 2)
    assert [record.task for record in store.load("a")] == [mine]
    assert [record.task for record in store.load("b")] == [yours]
    assert [record.state for record in store.load("b")] == [TaskState.DONE]
    snapshot = store.snapshot()
    assert snapshot.members == {"a": (mine.id,), "b": (mine.id,)}
    assert snapshot.tasks[mine.id].task == mine
    assert store.memberships([mine.id]) == {mine.id: (Membership("a", "sh010", 1, 3), Membership("b", "sh999", 4, 7))}


def test_a_done_task_has_its_winners_manifest(store, epoch, make) -> None:
    task = make.task()
    store.create_job(epoch, make.job())
    store.add_tasks(epoch, "job", [task], 1)
    store.commit(epoch, make.failed(task, 1, FailureKind.TRANSIENT, TaskState.WAITING))
    store.commit(epoch, make.done(task, 2, facts={"total": 0.5, "parts": [1, {"é": None}]}))
    (record,) = store.load("job")
    manifest = make.manifest(task, 2, facts={"total": 0.5, "parts": [1, {"é": None}]})
    assert (record.state, record.winner, record.attempts) == (TaskState.DONE, 2, 2)
    assert record.manifest == manifest
    assert record.failures == {FailureKind.TRANSIENT: 1}
    assert record.outcome == Outcome(TaskState.DONE, manifest)
    assert store.tasks([task.id, "unknown"]) == {task.id: record}


def test_a_failed_task_says_why_and_is_counted_afresh_when_asked_for_again(store, epoch, make) -> None:
    task = make.task()
    store.create_job(epoch, make.job())
    store.add_tasks(epoch, "job", [task], 1)
    store.commit(epoch, make.failed(task, 1, FailureKind.BUG, TaskState.WAITING))
    store.commit(epoch, make.failed(task, 2, FailureKind.BUG, TaskState.FAILED, "no such luck"))
    (record,) = store.load("job")
    assert (record.state, record.failure, record.message) == (TaskState.FAILED, FailureKind.BUG, "no such luck")
    assert record.history.failures == {FailureKind.BUG: 2}
    assert record.outcome.manifest.attempt == 2
    store.commit(epoch, [TaskMoved(task.id, TaskState.WAITING, 30)])
    store.commit(epoch, make.failed(task, 3, FailureKind.OOM, TaskState.WAITING))
    (record,) = store.load("job")
    assert (record.state, record.failure, record.message, record.attempts) == (TaskState.WAITING, None, "", 3)
    assert record.history.failures == {FailureKind.OOM: 1}


def test_attempts_are_kept_one_by_one(store, epoch, make) -> None:
    task, other = make.task(1), make.task(2)
    store.create_job(epoch, make.job())
    store.add_tasks(epoch, "job", [task, other], 1)
    store.commit(epoch, make.failed(task, 1, FailureKind.CRASHED, TaskState.WAITING))
    store.commit(epoch, [make.started(task, 2)])
    found = store.attempts([task.id, other.id])
    assert list(found) == [task.id]
    first, second = found[task.id]
    assert (first.number, first.state, first.manifest.failure) == (1, AttemptState.FAILED, FailureKind.CRASHED)
    assert (second.number, second.state, second.manifest) == (2, AttemptState.RUNNING, None)
    assert (second.worker, second.node, second.started_us) == ("cpu-1", "node", 10)


def test_a_cancelled_attempt_leaves_the_task_wanted(store, epoch, make) -> None:
    task = make.task()
    store.create_job(epoch, make.job())
    store.add_tasks(epoch, "job", [task], 1)
    cancelled = make.manifest(task, state=AttemptState.CANCELLED)
    store.commit(epoch, [make.started(task), AttemptEnded(cancelled), TaskMoved(task.id, TaskState.WAITING, 20)])
    (record,) = store.load("job")
    assert (record.state, record.attempts, record.failures) == (TaskState.WAITING, 1, {})


def test_who_reads_what(store, epoch, make) -> None:
    source = make.task(1)
    reader = make.task(2, inputs={"a": Input(task=source.id, output="x"), "b": Input(task=source.id, output="y")})
    store.create_job(epoch, make.job())
    store.add_tasks(epoch, "job", [source, reader], 1)
    assert store.readers([source.id, reader.id]) == {source.id: (reader.id,)}


# -- the outbox -------------------------------------------------------------------------------------------------


def test_every_change_has_the_next_number(store, epoch, make) -> None:
    task, other = make.task(1), make.task(2)
    store.create_job(epoch, make.job())
    store.add_tasks(epoch, "job", [task, other], 5)
    assert store.commit(epoch, [make.started(task), *make.done(other)]) == 7
    store.set_job_state(epoch, "job", JobState.DONE, 30)
    lines = store.changes_after(0)
    assert [(line.seq, line.kind, line.state, line.task, line.attempt, line.at_us) for line in lines] == [
        (1, ChangeKind.JOB, "active", None, None, 1),
        (2, ChangeKind.TASK_ADDED, "waiting", task.id, None, 5),
        (3, ChangeKind.TASK_ADDED, "waiting", other.id, None, 5),
        (4, ChangeKind.ATTEMPT_STARTED, "running", task.id, 1, 10),
        (5, ChangeKind.ATTEMPT_STARTED, "running", other.id, 1, 10),
        (6, ChangeKind.ATTEMPT_ENDED, "done", other.id, 1, 20),
        (7, ChangeKind.TASK_MOVED, "done", other.id, 1, 20),
        (8, ChangeKind.JOB, "done", None, None, 30),
    ]
    assert {line.job for line in lines if line.kind in {ChangeKind.JOB, ChangeKind.TASK_ADDED}} == {"job"}
    assert [record.seq for record in store.load("job")] == [4, 7]
    assert store.snapshot(live_only=False).seq == 8


def test_readers_follow_the_outbox_each_at_their_own_pace(store, epoch, make) -> None:
    store.create_job(epoch, make.job())
    store.add_tasks(epoch, "job", [make.task(number) for number in range(9)], 1)
    assert [line.seq for line in store.changes_after(3, limit=4)] == [4, 5, 6, 7]
    assert store.changes_after(10) == ()
    assert store.watermark("catalog") == 0
    store.set_watermark("catalog", 7)
    store.set_watermark("web", 2)
    store.set_watermark("catalog", 5)
    assert (store.watermark("catalog"), store.watermark("web")) == (7, 2)


# -- refusing ---------------------------------------------------------------------------------------------------


@pytest.fixture
def world(store, epoch, make):
    """Two tasks, of which the first runs."""
    tasks = make.task(1), make.task(2)
    store.create_job(epoch, make.job())
    store.add_tasks(epoch, "job", tasks, 1)
    store.commit(epoch, [make.started(tasks[0])])
    return tasks


ILLEGAL = {
    "unknown task": lambda make, a, b: [make.started(make.task(99))],
    "started twice": lambda make, a, b: [make.started(a, 1)],
    "started while it runs": lambda make, a, b: [make.started(a, 2)],
    "an attempt left out": lambda make, a, b: [make.started(b, 2)],
    "attempt 0": lambda make, a, b: [make.started(b, 0)],
    "ended before it started": lambda make, a, b: [AttemptEnded(make.manifest(b))],
    "ended twice": lambda make, a, b: [AttemptEnded(make.manifest(a)), AttemptEnded(make.manifest(a))],
    "ended running": lambda make, a, b: [AttemptEnded(make.manifest(a, state=AttemptState.RUNNING))],
    "done without a winner": lambda make, a, b: [TaskMoved(b.id, TaskState.DONE, 1)],
    "won without an attempt": lambda make, a, b: [TaskMoved(b.id, TaskState.DONE, 1, winner=1)],
    "won while it runs": lambda make, a, b: [TaskMoved(a.id, TaskState.DONE, 1, winner=1)],
    "won after failing": lambda make, a, b: [
        AttemptEnded(make.manifest(a, 1, FailureKind.BUG)),
        TaskMoved(a.id, TaskState.DONE, 1, winner=1),
    ],
    "a winner of what is not done": lambda make, a, b: [TaskMoved(b.id, TaskState.FAILED, 1, winner=1)],
    "waits while an attempt runs": lambda make, a, b: [TaskMoved(a.id, TaskState.WAITING, 1)],
    "waits already": lambda make, a, b: [TaskMoved(b.id, TaskState.WAITING, 1)],
    "runs without an attempt": lambda make, a, b: [TaskMoved(b.id, TaskState.RUNNING, 1)],
    "done twice": lambda make, a, b: [*make.done(b), TaskMoved(b.id, TaskState.DONE, 1, winner=1)],
    "failed after done": lambda make, a, b: [*make.done(b), TaskMoved(b.id, TaskState.FAILED, 1)],
}


@pytest.mark.parametrize("illegal", ILLEGAL.values(), ids=ILLEGAL.keys())
def test_what_cannot_be_changes_nothing(store, epoch, make, world, illegal) -> None:
    """GIVEN a batch whose last change is illegal THEN none of it is kept, not even its numbers."""
    before = state_of(store)
    third = make.task(3)
    with pytest.raises(IllegalChange):
        store.commit(epoch, [*illegal(make, *world)])
    assert state_of(store) == before
    store.add_tasks(epoch, "job", [third], 1)
    with pytest.raises(IllegalChange):
        store.commit(epoch, [*make.done(third), *illegal(make, *world)])
    assert store.tasks([third.id])[third.id].state is TaskState.WAITING


def test_a_stale_epoch_changes_nothing(store, reopen, make) -> None:
    """GIVEN a leader that lost the lead without noticing WHEN it writes THEN every write is refused."""
    task = make.task()
    with store.lead() as old:
        store.create_job(old.epoch, make.job())
        store.add_tasks(old.epoch, "job", [task], 1)
        assert store.version(old.epoch, "demo", "sh010", "review", "x") == 1
    other = reopen()
    with other.lead() as new:
        assert new.epoch == old.epoch + 1
        before = state_of(store)
        for write in (
            lambda: store.create_job(old.epoch, make.job("new")),
            lambda: store.set_job_state(old.epoch, "job", JobState.DONE, 1),
            lambda: store.add_tasks(old.epoch, "job", [make.task(2)], 1),
            lambda: store.commit(old.epoch, make.done(task)),
            lambda: store.commit(old.epoch, []),
            lambda: store.version(old.epoch, "demo", "sh010", "review", "y"),
            lambda: store.version(old.epoch + 7, "demo", "sh010", "review", "y"),
        ):
            with pytest.raises(LeaseError, match=rf"no longer leads: epoch {new.epoch} does"):
                write()
        assert state_of(store) == before
        other.commit(new.epoch, make.done(task))
    assert store.load("job")[0].state is TaskState.DONE


# -- versions ---------------------------------------------------------------------------------------------------


def test_versions_are_allocated_once(store, epoch) -> None:
    ask = [("sh010", "review", "x"), ("sh010", "review", "y"), ("sh010", "review", "x"), ("sh010", "prores", "x")]
    ask += [("sh020", "review", "y"), ("sh010", "review", "z"), ("sh010", "review", "y")]
    assert [store.version(epoch, "demo", *what) for what in ask] == [1, 2, 1, 1, 1, 3, 2]
    assert store.version(epoch, "other", "sh010", "review", "z") == 1


# -- a database that goes away ------------------------------------------------------------------------------------


@pytest.fixture
def cut(store, monkeypatch: pytest.MonkeyPatch):
    """Loses the database at the end of the next transaction: after it was kept, or before."""

    def lose(*, kept: bool) -> None:
        @contextmanager
        def writing(connection):
            with original(connection) as transaction:
                yield
                if not kept:
                    transaction.rollback()
            patch.undo()
            raise StorageError("the connection was lost")

        patch = pytest.MonkeyPatch()
        original = store._database.writing
        patch.setattr(store._database, "writing", writing)

    return lose


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "not kept"])
@pytest.mark.parametrize("between", [True, False], ids=["with another write between", "at once"])
def test_changes_may_be_handed_in_again_after_the_database_went_away(store, epoch, make, cut, kept, between) -> None:
    """GIVEN a commit that nobody could confirm WHEN it is tried again THEN it counts once."""
    first, second = make.task(1), make.task(2)
    store.create_job(epoch, make.job())
    store.add_tasks(epoch, "job", [first, second], 1)
    cut(kept=kept)
    with pytest.raises(StorageError):
        store.commit(epoch, make.done(first))
    if between:
        store.set_priority(epoch, "job", 3, 1)
    assert store.tasks([first.id])[first.id].state == ("done" if kept else "waiting")
    last = store.commit(epoch, make.done(first))
    assert store.tasks([first.id])[first.id].state is TaskState.DONE
    assert len([line for line in store.changes_after(0) if line.task == first.id]) == 4
    assert store.changes_after(last - 1)[0].task == first.id
    store.commit(epoch, make.done(second))
    with pytest.raises(IllegalChange):
        store.commit(epoch, make.done(second))
    assert store.counts("job") == {("prepare", TaskState.DONE): 2}


# -- durability and concurrency ---------------------------------------------------------------------------------


def test_everything_survives_reopening(store, reopen, make) -> None:
    tasks = [make.task(number) for number in range(5)]
    with store.lead() as lease:
        store.create_job(lease.epoch, make.job())
        store.add_tasks(lease.epoch, "job", tasks, 1)
        store.commit(lease.epoch, [change for task in tasks[:3] for change in make.done(task)])
        before = state_of(store)
    store.close()
    assert state_of(reopen()) == before


def test_readers_see_whole_commits_while_the_driver_writes(store, epoch, make) -> None:
    """Two tasks that always move together are never seen apart."""
    pairs = [(make.task(2 * number), make.task(2 * number + 1)) for number in range(40)]
    store.create_job(epoch, make.job())
    store.add_tasks(epoch, "job", [task for pair in pairs for task in pair], 1)
    torn: list[int] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            states = [record.state for record in store.load("job")]
            torn.extend(index for index in range(0, len(states), 2) if states[index] != states[index + 1])

    reader = threading.Thread(target=read)
    reader.start()
    for one, two in pairs:
        store.commit(epoch, [*make.done(one), *make.done(two)])
    stop.set()
    reader.join()
    assert torn == []


def test_thousands_of_tasks_in_one_go(store, epoch, make) -> None:
    tasks = [make.task(number) for number in range(2_000)]
    store.create_job(epoch, make.job())
    assert store.add_tasks(epoch, "job", tasks, 1) == 2_000
    assert store.add_tasks(epoch, "job", tasks, 1) == 0
    store.commit(epoch, [change for task in tasks for change in make.done(task)])
    assert {record.state for record in store.load("job")} == {TaskState.DONE}
    assert len(store.tasks(task.id for task in tasks)) == 2_000
    assert len(store.attempts(task.id for task in tasks)) == 2_000
