"""The driver's loop, over a pool that answers from a script: what is committed, when, and what follows."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

import pytest

from farm.changes import AttemptStarted, TaskMoved
from farm.cluster.driver import Driver
from farm.cluster.worker import Progress
from farm.errors import FailureKind, OutOfSpace
from farm.liveplan import LivePlan
from farm.scheduler.events import AttemptFinished, WorkerLost, WorkerReady
from farm.scheduler.lanes import Machine
from farm.scheduler.state import Scheduler
from farm.tasks import AttemptState, TaskState
from farm.watch import Watch


@dataclass
class Books:
    """Remembers what was written, in order."""

    added: list = field(default_factory=list)
    changes: list = field(default_factory=list)
    follows: int = 0

    def add(self, tasks) -> None:
        self.added += tasks

    def reopen(self, tasks):
        return {}

    def commit(self, changes) -> None:
        self.changes += changes

    def follow(self) -> None:
        self.follows += 1


@dataclass
class ScriptedPool:
    """Every attempt comes out at once, as `answer` says; checks the order of book and deed."""

    books: Books
    answer: object
    heard: deque = field(default_factory=deque)
    ran: list = field(default_factory=list)

    def start(self, worker, lane) -> None:
        self.heard.append(WorkerReady(worker, "node"))

    def run(self, worker, work) -> None:
        started = [(c.task, c.attempt) for c in self.books.changes if isinstance(c, AttemptStarted)]
        assert (work.task.id, work.attempt) in started, "dispatched before its row was durable"
        assert work.task in self.books.added
        self.ran.append(work)
        self.heard.extend(self.answer(worker, work))

    def cancel(self, worker, task, attempt) -> None:
        work = next(work for work in self.ran if (work.task.id, work.attempt) == (task, attempt))
        self.heard.append(AttemptFinished(worker, manifest(work, AttemptState.CANCELLED)))

    def wait(self, timeout_s):
        heard, self.heard = list(self.heard), deque()
        return heard


def manifest(work, state=AttemptState.DONE, **more):
    from farm.tasks import Manifest

    return Manifest(task=work.task.id, attempt=work.attempt, stage=work.task.stage, state=state, **more)


@pytest.fixture
def drive(end):
    """`drive(brief, answer=None, stop=None)`: run a driver to its end; gives live plan, books, pool, published."""

    def well(worker, work):
        said = end(work.task).manifest
        return [Progress(work.task.id, work.attempt, 0.5), AttemptFinished(worker, said.model_copy(update={
            "attempt": work.attempt
        }))]  # fmt: skip

    def run(asked, answer=None, stop=None):
        live, books, published = LivePlan(asked, {}), Books(), []
        pool = ScriptedPool(
            books, (lambda worker, work: answer(worker, work) or well(worker, work)) if answer else well
        )
        driver = Driver(
            live=live,
            scheduler=Scheduler(Machine(cpus=2)),
            books=books,
            publish=lambda task, manifest: published.append(task.label),
            pool=pool,
            observer=Watch(None),
            stop=stop or threading.Event(),
        )
        driver.run()
        return live, books, pool, published

    return run


def test_a_job_runs_to_its_end(drive, brief, shot):
    live, books, pool, published = drive(brief(shot("sh010"), shot("sh020")))
    assert live.plan.assemble.id in live.known
    assert len(pool.ran) == len(live.tasks) == len(books.added)
    assert {"deliver sh010 take 1", "deliver sh020 take 1", "assemble"} <= set(published)
    assert books.follows > 0


def test_inputs_are_the_winners_files(drive, brief, shot):
    live, _, pool, _ = drive(brief(shot("sh010")))
    deliver = next(work for work in pool.ran if work.task.stage == "deliver")
    generate = live.plan.shots[0].chosen[0].generate
    assert deliver.inputs == {"mezzanine": f"{generate.id}/mezzanine"}
    made = next(work for work in pool.ran if work.task.stage == "generate")
    assert "still" in made.inputs
    assert "*" not in made.inputs


def test_a_crash_is_tried_again_on_a_new_worker(drive, brief, shot):
    def crash_once(worker, work):
        first = work.task.stage == "generate" and work.task.take == 1 and work.attempt == 1
        return [WorkerLost(worker, FailureKind.RECLAIMED, "the node went")] if first else None

    live, books, pool, _ = drive(brief(shot("sh010")), crash_once)
    attempts = [work.attempt for work in pool.ran if work.task.stage == "generate" and work.task.take == 1]
    assert attempts == [1, 2]
    assert live.plan.assemble.id in live.known
    moved = [change.state for change in books.changes if isinstance(change, TaskMoved)]
    assert TaskState.FAILED not in moved


def test_a_bad_still_ends_in_a_slate_with_its_reason(drive, brief, shot):
    def refuse(worker, work):
        if work.task.label != "prepare sh010":
            return None
        said = manifest(work, AttemptState.FAILED, failure=FailureKind.INPUT, message="still.png is no picture")
        return [AttemptFinished(worker, said)]

    live, _, pool, published = drive(brief(shot("sh010"), shot("sh020")), refuse)
    assert live.plan.assemble.params["entries"][0]["slate"] == "still.png is no picture"
    assert "assemble" in published
    assert not [work for work in pool.ran if work.task.shot == "sh010" and work.task.stage != "prepare"]


def test_a_stop_cancels_what_runs_and_keeps_the_rest_wanted(drive, brief, shot):
    stop = threading.Event()

    def stop_at_generate(worker, work):
        if work.task.stage == "generate":
            stop.set()
            return [Progress(work.task.id, work.attempt, 0.1)]
        return None

    live, books, _, published = drive(brief(shot("sh010"), shot("sh020")), stop_at_generate, stop)
    states = {change.task: change.state for change in books.changes if isinstance(change, TaskMoved)}
    generating = [task.id for task in live.tasks.values() if task.stage == "generate" and task.id in states]
    assert generating
    assert all(states[task] is TaskState.WAITING for task in generating)
    assert "assemble" not in published


def test_a_store_that_fails_ends_the_run_before_anything_is_dispatched(drive, brief, shot, monkeypatch):
    def full(self, changes) -> None:
        raise OutOfSpace("no space is left for farm.sqlite")

    monkeypatch.setattr(Books, "commit", full)
    with pytest.raises(OutOfSpace):
        drive(brief(shot("sh010")))
