"""Whatever is committed, in whatever order: the job store says what a dictionary would say."""

from __future__ import annotations

import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from laws import tries

from farm.changes import AttemptEnded, AttemptStarted, TaskMoved
from farm.errors import FailureKind
from farm.store.fold import IllegalChange
from farm.store.jobs import JobStore
from farm.store.records import Job
from farm.store.totals import Totals
from farm.tasks import TRANSITIONS, AttemptState, Manifest, Task, TaskState

LEGAL = {(before, after) for (before, _), after in TRANSITIONS.items()}
TASKS = [Task.of(project="demo", stage="prepare", version=1, params={"n": number}) for number in range(4)]
numbers = st.integers(0, len(TASKS) - 1)


class Entry:
    def __init__(self) -> None:
        self.state = TaskState.WAITING
        self.attempts: list[AttemptState] = []
        self.winner = 0


class JobStoreModel(RuleBasedStateMachine):
    """The model: a state, a list of attempts and a winner per task, and what all attempts cost."""

    def __init__(self, fresh: Callable[[], AbstractContextManager[Callable[[], JobStore]]]) -> None:
        super().__init__()
        self.fresh = fresh

    @initialize()
    def begin(self) -> None:
        self.life = self.fresh()
        self.open = self.life.__enter__()
        self.store = self.open()
        self.lease = self.store.lead()
        self.store.create_job(
            self.lease.epoch, Job(id="job", project="demo", name="job", out="out", document={}, created_us=0)
        )
        self.model: dict[str, Entry] = {}
        self.seq = 1
        self.spent = 0
        self.totals = Totals()

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.lease.release()
            self.store.close()
            self.life.__exit__(None, None, None)

    def commit(self, change: AttemptStarted | AttemptEnded | TaskMoved, *, legal: bool) -> bool:
        if not legal:
            with pytest.raises(IllegalChange):
                self.store.commit(self.lease.epoch, [change])
            return False
        seq = self.store.commit(self.lease.epoch, [change])
        assert seq > self.seq
        self.seq = seq
        return True

    @rule(number=numbers)
    def add(self, number: int) -> None:
        task = TASKS[number]
        assert self.store.add_tasks(self.lease.epoch, "job", [task], 1) == (task.id not in self.model)
        self.model.setdefault(task.id, Entry())

    @rule(number=numbers, skip=st.sampled_from([0, 0, 0, 1]))
    def start(self, number: int, skip: int) -> None:
        task = TASKS[number]
        entry = self.model.get(task.id)
        legal = entry is not None and entry.state is TaskState.WAITING and not skip
        attempt = len(entry.attempts) + 1 + skip if entry else 1
        if self.commit(AttemptStarted(task.id, attempt, "w", "n", 1, job="job"), legal=legal) and entry:
            entry.state = TaskState.RUNNING
            entry.attempts.append(AttemptState.RUNNING)

    @rule(
        number=numbers,
        state=st.sampled_from([AttemptState.DONE, AttemptState.FAILED, AttemptState.CANCELLED]),
        cost_micros=st.integers(0, 1 << 40),
    )
    def end(self, number: int, state: AttemptState, cost_micros: int) -> None:
        task = TASKS[number]
        entry = self.model.get(task.id)
        legal = entry is not None and entry.attempts[-1:] == [AttemptState.RUNNING]
        attempt = len(entry.attempts) if entry else 1
        failure = FailureKind.BUG if state is AttemptState.FAILED else None
        manifest = Manifest(task=task.id, attempt=attempt, stage="prepare", state=state, failure=failure)
        if self.commit(AttemptEnded(manifest, cost_micros), legal=legal) and entry:
            entry.attempts[-1] = state
            self.spent += cost_micros

    @rule(number=numbers, state=st.sampled_from(list(TaskState)), winner=st.integers(0, 2))
    def move(self, number: int, state: TaskState, winner: int) -> None:
        task = TASKS[number]
        entry = self.model.get(task.id)
        legal = (
            entry is not None
            and state is not TaskState.RUNNING
            and (entry.state, state) in LEGAL
            and AttemptState.RUNNING not in entry.attempts
            and (state is TaskState.DONE) == bool(winner)
            and (not winner or (winner <= len(entry.attempts) and entry.attempts[winner - 1] is AttemptState.DONE))
        )
        if self.commit(TaskMoved(task.id, state, 1, winner=winner), legal=legal) and entry:
            entry.state, entry.winner = state, winner

    @precondition(lambda self: hasattr(self, "store"))
    @rule()
    def crash_and_reopen(self) -> None:
        self.lease.release()
        self.store.close()
        self.store = self.open()
        lease = self.store.lead_when_free(threading.Event(), poll_s=0.01)  # a server may hear of the end a little later
        assert lease
        self.lease = lease

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "store"):
            return
        records = {record.task.id: record for record in self.store.load("job")}
        assert set(records) == set(self.model)
        for task, entry in self.model.items():
            record = records[task]
            assert (record.state, record.attempts, record.winner) == (entry.state, len(entry.attempts), entry.winner)
            assert (record.manifest is not None) >= bool(entry.winner)
        assert self.store.counts("job") == Counter(("prepare", entry.state) for entry in self.model.values())
        assert self.store.spent("job") == self.spent
        self.totals = self.store.totals(self.totals)
        states = Counter(state for entry in self.model.values() for state in entry.attempts)
        assert self.totals.attempts == {state: states[state] for state in AttemptState}
        seqs = [line.seq for line in self.store.changes_after(0)]
        assert seqs == sorted(set(seqs))


SETTINGS = settings(max_examples=tries(20), stateful_step_count=25, deadline=None)


@pytest.mark.hypothesis
def test_sqlite_says_what_a_dictionary_would_say() -> None:
    @contextmanager
    def fresh() -> Iterator[Callable[[], JobStore]]:
        with tempfile.TemporaryDirectory() as folder:
            yield lambda: JobStore.open(Path(folder))

    run_state_machine_as_test(lambda: JobStoreModel(fresh), settings=SETTINGS)


@pytest.mark.hypothesis
def test_postgresql_says_what_a_dictionary_would_say(postgres_server, postgres_template) -> None:
    @contextmanager
    def fresh() -> Iterator[Callable[[], JobStore]]:
        name = postgres_server.database(postgres_template)
        yield lambda: JobStore.connect(postgres_server.url(name))
        postgres_server.drop(name)

    run_state_machine_as_test(lambda: JobStoreModel(fresh), settings=SETTINGS)
