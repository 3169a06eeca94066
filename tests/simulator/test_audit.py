"""The audit finds what is wrong with the books."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from farm.changes import AttemptEnded, AttemptStarted, TaskMoved
from farm.errors import FailureKind
from farm.scheduler.policy import Policy
from farm.simulator.audit import Witness, audit_end
from farm.store.jobs import JobStore
from farm.store.records import Job, JobState, Request, Verb
from farm.tasks import AttemptState, Manifest, Task, TaskState

TASK = Task.of(project="show", stage="generate", version=1, params={}, shot="sh010")


class Books:
    """A store with one job of one task."""

    def __init__(self, folder: Path) -> None:
        self.store = JobStore.open(folder)
        self.lease = self.store.lead()
        self.store.create_job(
            self.lease.epoch, Job(id="job", project="show", name="job", out="memory://x", document={}, created_us=1)
        )
        self.store.add_tasks(self.lease.epoch, "job", [TASK], 1)

    def attempt(
        self, number: int, start_us: int, end_us: int, failure: FailureKind | None = None, cost: int = 0
    ) -> None:
        state = AttemptState.FAILED if failure else AttemptState.DONE
        after = TaskState.WAITING if failure else TaskState.DONE
        manifest = Manifest(
            task=TASK.id,
            attempt=number,
            stage="generate",
            state=state,
            failure=failure,
            message="x",
            started_us=start_us,
            ended_us=end_us,
        )
        self.commit(AttemptStarted(TASK.id, number, "wan-1", "node", start_us, "job"))
        self.commit(AttemptEnded(manifest, cost), TaskMoved(TASK.id, after, end_us, 0 if failure else number))

    def commit(self, *changes: AttemptStarted | AttemptEnded | TaskMoved) -> None:
        self.store.commit(self.lease.epoch, changes)

    def end(self) -> None:
        self.store.set_job_state(self.lease.epoch, "job", JobState.DONE, 9)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    found = Books(tmp_path)
    yield found
    found.lease.release()
    found.store.close()


def test_sound_books_have_no_violations(books: Books) -> None:
    books.attempt(1, 10, 20, FailureKind.CRASHED, cost=3)
    books.attempt(2, 20, 30, cost=4)
    books.end()
    assert list(audit_end(books.store)) == []
    assert books.store.spent("job") == 7


def _left_running(books: Books) -> None:
    books.commit(AttemptStarted(TASK.id, 1, "wan-1", "node", 10, "job"))
    books.end()


def _overlapping(books: Books) -> None:
    books.attempt(1, 10, 30, FailureKind.CRASHED)
    books.attempt(2, 20, 40)
    books.end()


def _unanswered(books: Books) -> None:
    books.attempt(1, 10, 20)
    books.store.ask(Request(id="r", verb=Verb.PAUSE, principal="me", at_us=1, job="job"))
    books.end()


def _still_live(books: Books) -> None:
    books.attempt(1, 10, 20)


def _failed_for_nothing(books: Books) -> None:
    books.commit(TaskMoved(TASK.id, TaskState.FAILED, 10, 0, FailureKind.BUG, ""))
    books.end()


@pytest.mark.parametrize(
    ("sin", "words"),
    [
        (_left_running, "has an attempt that never ended"),
        (_overlapping, "attempt 2 of generate sh010 began before attempt 1 had ended"),
        (_unanswered, "request r (pause) has no outcome"),
        (_still_live, "job job is active still"),
        (_failed_for_nothing, "generate sh010 failed without a reason"),
    ],
)
def test_what_is_wrong_is_told(books: Books, sin: Callable[[Books], None], words: str) -> None:
    sin(books)
    assert any(words in violation for violation in audit_end(books.store))


def test_a_budget_is_kept_when_something_is_reserved() -> None:
    witness = Witness(Policy(), budgets={"job": 100})
    witness.spends("job", 60, 40)
    assert witness.violations == ()
    witness.spends("job", 60, 41)
    witness.spends("job", 60, 41)
    (violation,) = witness.violations
    assert "may 100" in violation
    assert "(2 times)" in violation


def test_many_violations_are_counted(books: Books) -> None:
    witness = Witness(Policy())
    for number in range(30):
        witness.note(f"violation {number}")
    assert len(witness.violations) == 21
    assert witness.violations[-1] == "and 10 more"
