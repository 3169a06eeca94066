"""Laws of the scheduler, whatever happens to it: held by a state machine that plays workers, failures and time."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from farm.changes import AttemptEnded, AttemptStarted, TaskMoved
from farm.errors import FailureKind
from farm.scheduler.events import (
    AttemptFinished,
    Event,
    Rank,
    Run,
    StartWorker,
    TaskAdded,
    Tick,
    WorkerLost,
    WorkerReady,
)
from farm.scheduler.lanes import Machine
from farm.scheduler.state import Scheduler
from farm.tasks import SETTLED, AttemptState, Input, Manifest, Task, TaskId, TaskState

KINDS = st.sampled_from(list(FailureKind))


class FarmLife(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.scheduler = Scheduler(Machine(cpus=3))
        self.twin = Scheduler(Machine(cpus=3))
        self.now_us = 0
        self.tasks: dict[TaskId, Task] = {}
        self.starting: list[str] = []
        self.running: dict[str, Run] = {}
        self.attempts_of: dict[TaskId, int] = {}

    def tell(self, event: Event) -> None:
        decision = self.scheduler.handle(event, self.now_us)
        assert decision == self.twin.handle(event, self.now_us), "the same events gave another decision"
        for change in decision.changes:
            self.audit(change)
        for command in decision.commands:
            if isinstance(command, StartWorker):
                self.starting.append(command.worker)
            elif isinstance(command, Run):
                assert command.worker not in self.running
                assert command.task.id not in {run.task.id for run in self.running.values()}, "ran twice at once"
                for source in command.task.inputs.values():
                    assert self.scheduler.state(source.task) is TaskState.DONE, "ran before its input"
                self.running[command.worker] = command

    def audit(self, change: AttemptStarted | AttemptEnded | TaskMoved) -> None:
        if isinstance(change, AttemptStarted):
            assert change.attempt == self.attempts_of.get(change.task, 0) + 1, "attempts are numbered without gaps"
            self.attempts_of[change.task] = change.attempt

    @rule(needs=st.sets(st.integers(0, 40), max_size=3), shot=st.integers(0, 5))
    def add(self, needs, shot):
        known = list(self.tasks)
        sources = [known[number % len(known)] for number in needs] if known else []
        inputs = {str(index): Input(task=source, output="o") for index, source in enumerate(sources)}
        task = Task.of(
            project="p", stage="score", version=1, params={"n": len(self.tasks)}, inputs=inputs, shot=str(shot)
        )
        self.tasks[task.id] = task
        self.tell(TaskAdded(task, Rank(0, 0, shot)))

    @precondition(lambda self: self.starting)
    @rule()
    def worker_ready(self):
        self.tell(WorkerReady(self.starting.pop(0), "node"))

    @precondition(lambda self: self.running)
    @rule(pick=st.integers(0, 9), kind=st.none() | KINDS)
    def finish(self, pick, kind):
        worker = sorted(self.running)[pick % len(self.running)]
        run = self.running.pop(worker)
        state = AttemptState.FAILED if kind else AttemptState.DONE
        said = Manifest(task=run.task.id, attempt=run.attempt, stage="score", state=state, failure=kind)
        self.tell(AttemptFinished(worker, said))

    @precondition(lambda self: self.running or self.starting)
    @rule(pick=st.integers(0, 9), kind=st.sampled_from([FailureKind.CRASHED, FailureKind.RECLAIMED]))
    def lose(self, pick, kind):
        workers = sorted([*self.running, *self.starting])
        worker = workers[pick % len(workers)]
        self.running.pop(worker, None)
        if worker in self.starting:
            self.starting.remove(worker)
        self.tell(WorkerLost(worker, kind, "gone"))

    @rule(seconds=st.floats(0, 100))
    def time_passes(self, seconds):
        self.now_us += int(seconds * 1e6)
        self.tell(Tick())

    @invariant()
    def every_task_is_settled_running_or_has_a_reason(self):
        running = {run.task.id for run in self.running.values()}
        for task in self.tasks:
            state = self.scheduler.state(task)
            assert (state is TaskState.RUNNING) == (task in running)
            assert (self.scheduler.wait_reason(task, self.now_us) is not None) == (state is TaskState.WAITING)

    @invariant()
    def counters_agree(self):
        open_tasks = [task for task in self.tasks if self.scheduler.state(task) not in SETTLED]
        assert self.scheduler.unsettled == len(open_tasks)

    @invariant()
    def no_worker_idles_while_a_task_could_run(self):
        if not self.tasks or self.starting:
            return
        ready = [t for t in self.tasks if self.scheduler.wait_reason(t, self.now_us) == "capacity"]
        assert not ready or len(self.running) == 3 or self.scheduler.unsettled == 0 or self.avoiding(ready)

    def avoiding(self, ready) -> bool:
        """A task may wait for another worker than the one it failed on."""
        return all(self.attempts_of.get(task, 0) > 0 for task in ready)


FarmLife.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestFarmLife = FarmLife.TestCase
