"""Laws of the scheduler, whatever happens to it: held by a state machine that plays jobs, nodes, workers and time."""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from laws import tries

from farm.changes import AttemptEnded, AttemptStarted, Committed, TaskMoved
from farm.errors import FailureKind
from farm.scheduler.events import (
    AttemptFinished,
    Event,
    History,
    JobDropped,
    JobSet,
    NodeDraining,
    NodeLost,
    NodeUp,
    Run,
    StartWorker,
    StopAsked,
    StopWorker,
    TaskAdded,
    Tick,
    WorkerFreed,
    WorkerLost,
    WorkerReady,
)
from farm.scheduler.phases import Phase
from farm.scheduler.policy import SPOT, Limits, NodeShape, Policy, Prices, ProjectPolicy, Scaling
from farm.scheduler.state import Scheduler
from farm.scheduler.waits import WaitReason
from farm.store.fold import Standing, fold, subject
from farm.tasks import SETTLED, AttemptState, Input, Lane, Manifest, Task, TaskId, TaskState

KINDS = st.sampled_from(list(FailureKind))
LANES = st.sampled_from(
    [
        Lane(),
        Lane(),
        Lane(name="small", gpus=1),
        Lane(name="other", gpus=1, weights="wan"),
        Lane(name="pair", gpus=2),
        Lane(name="gang", gpus=1, ranks=4),
        Lane(name="pool", gpus=1, pool="l40"),
    ]
)
SIZES = st.sampled_from([(1, 0), (3, 0), (4, 2), (8, 4), (2, 4)])
JOBS = st.sampled_from(["a", "b", "c", "d"])
PROJECT_OF = {"a": "p", "b": "p", "c": "q", "d": "r"}
CAP = 400_000
POLICY = Policy(
    projects={"q": ProjectPolicy(weight=2.0, limits=Limits(gpus=3)), "r": ProjectPolicy(floor=0.1)},
    prices=Prices(cpu_hour_micros=1_000_000, gpu_hour_micros=10_000_000),
    elastic=(
        NodeShape(cpus=8, gpus=4, at_most=2),
        NodeShape(cpus=4, gpus=2, at_most=2, market="spot", hour_micros=1_000_000, start_s=60.0),
        NodeShape(cpus=3, gpus=1, at_most=3, market="on-demand", hour_micros=2_000_000, start_s=60.0),
    ),
    scaling=Scaling(backlog_s=300.0, warm_s=120.0, hour_micros=5_000_000, dry_s=100.0),
    timeout_floor_s=100.0,
    start_timeout_s=200.0,
)


class FarmLife(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.scheduler, self.twin = Scheduler(POLICY), Scheduler(POLICY)
        self.now_us = 0
        self.jobs: dict[str, JobSet] = {}
        self.wanted: dict[str, list[TaskId]] = {}
        self.tasks: dict[TaskId, Task] = {}
        self.standings: dict[TaskId, Standing] = {}
        self.failures: dict[TaskId, History] = {}
        self.nodes: dict[str, NodeUp] = {}
        self.gone: set[str] = set()
        self.leaving: set[str] = set()
        self.starting: dict[str, StartWorker] = {}
        self.idle: dict[str, StartWorker] = {}
        self.running: dict[str, Run] = {}
        self.written: dict[str, Run] = {}
        """Attempts that need their worker no more, whether the scheduler made use of that or not."""
        self.place: dict[str, StartWorker] = {}
        self.seq = 0
        self.stopping = False
        self.reclaimed: Counter[TaskId] = Counter()
        self.spent: Counter[tuple[str, Phase]] = Counter()
        """What workers were seen to do with time, in microseconds, by lane and phase."""
        self.asked: dict[tuple[str, TaskId], int] = {}
        """When a job first wanted a task."""

    # -- carrying out -------------------------------------------------------------------------------------------

    def tell(self, event: Event) -> None:
        decision = self.scheduler.handle(event, self.now_us)
        assert decision == self.twin.handle(event, self.now_us), "the same events gave another decision"
        fold({task: self.standings[task] for task in map(subject, decision.changes)}, decision.changes, self.seq)
        self.seq += len(decision.changes)
        for change in decision.changes:
            self.audit(change)
        for command in decision.commands:
            match command:
                case StartWorker():
                    assert not self.stopping
                    assert command.node is None or command.node not in self.gone | self.leaving
                    self.starting[command.worker] = self.place[command.worker] = command
                case StopWorker():
                    self.forget(command.worker)
                case Run():
                    self.run_one(command)
                case _:
                    held = (self.running.get(command.worker), self.written.get(command.worker))
                    assert command.task in {run.task.id for run in held if run}

    def run_one(self, run: Run) -> None:
        assert not self.stopping
        assert run.worker in self.idle, "only an idle worker is given work"
        assert run.task.id not in {other.task.id for other in self.under_way}, "ran twice at once"
        assert self.place[run.worker].lane == run.task.lane
        assert self.place[run.worker].node not in self.gone | self.leaving, "ran on a node that goes away"
        for source in run.task.inputs.values():
            assert self.scheduler.state(source.task) is TaskState.DONE, "ran before its input"
        assert run.alone == (self.scheduler.unsettled == 1)
        if self.reclaimed[run.task.id] >= 2 and self.nodes[self.place[run.worker].node].market == SPOT:
            assert not self.could_be_steady(run.task.lane), "ran on a spot node after two were taken away"
        del self.idle[run.worker]
        self.running[run.worker] = run

    def could_be_steady(self, lane: Lane) -> bool:
        """Whether a node that is not of the spot market is there, or may come, and takes a worker of `lane`."""
        there = [
            node for name, node in self.nodes.items() if name not in self.gone | self.leaving and node.market != SPOT
        ]
        kinds = [kind for kind in POLICY.elastic if kind.market != SPOT]
        return any(
            each.cpus >= lane.ranks and each.gpus >= lane.gpus_in_all and lane.pool in {"", *pools}
            for each, pools in [*((node, node.pools) for node in there), *((kind, {kind.pool}) for kind in kinds)]
        )

    def audit(self, change: Committed) -> None:
        match change:
            case AttemptStarted():
                job = self.jobs[change.job]
                assert job.hold is None, "ran in the name of a job that is held"
                assert change.task in self.wanted[change.job]
            case AttemptEnded():
                assert change.cost_micros >= 0
                self.reclaimed[change.manifest.task] += change.manifest.failure is FailureKind.RECLAIMED
            case TaskMoved():
                pass
        if self.standings[subject(change)].state in SETTLED:  # if it is asked for again it starts over
            del self.reclaimed[subject(change)]

    def forget(self, worker: str) -> None:
        for kept in (self.starting, self.idle, self.running, self.written, self.place):
            kept.pop(worker, None)

    @property
    def under_way(self) -> list[Run]:
        return [*self.running.values(), *self.written.values()]

    # -- jobs and tasks -----------------------------------------------------------------------------------------

    @initialize(size=SIZES)
    def begin(self, size):
        self.node_up("n0", size)
        self.set_job("a", 50, None, None, None)

    @rule(
        job=JOBS,
        priority=st.sampled_from([0, 30, 50, 90]),
        hold=st.sampled_from([None, None, None, WaitReason.HELD, WaitReason.PAUSED]),
        gpus=st.sampled_from([None, None, 1, 2]),
        cost=st.sampled_from([None, None, CAP]),
        awaited=st.booleans(),
    )
    def set_job(self, job, priority, hold, gpus, cost, awaited=False):
        self.jobs[job] = JobSet(job, PROJECT_OF[job], priority, 0, hold, Limits(gpus, cost), awaited=awaited)
        self.wanted.setdefault(job, [])
        self.tell(self.jobs[job])

    @precondition(lambda self: self.jobs)
    @rule(pick=st.integers(0, 9))
    def drop_job(self, pick):
        job = sorted(self.jobs)[pick % len(self.jobs)]
        del self.jobs[job], self.wanted[job]
        self.tell(JobDropped(job))

    @precondition(lambda self: self.jobs)
    @rule(pick=st.integers(0, 9), needs=st.sets(st.integers(0, 40), max_size=2), shot=st.integers(0, 5), lane=LANES)
    def add(self, pick, needs, shot, lane):
        job = sorted(self.jobs)[pick % len(self.jobs)]
        known = self.wanted[job]
        sources = [known[number % len(known)] for number in needs] if known else []
        inputs = {str(index): Input(task=source, output="o") for index, source in enumerate(dict.fromkeys(sources))}
        params = {"n": len(self.tasks)}
        task = Task.of(
            project="p", stage="score", version=1, params=params, inputs=inputs, lane=lane, price_micros=shot * 1000
        )
        self.tasks[task.id] = task
        self.standings[task.id] = Standing(TaskState.WAITING)
        self.want(job, task, shot)

    @precondition(lambda self: self.jobs and self.tasks)
    @rule(pick=st.integers(0, 9), which=st.integers(0, 40), shot=st.integers(0, 5))
    def share(self, pick, which, shot):
        """A job wants a known task too, or wants it again after it failed, with everything that it is made from."""
        job = sorted(self.jobs)[pick % len(self.jobs)]
        self.want_all(job, list(self.tasks)[which % len(self.tasks)], shot)

    def want_all(self, job: str, name: TaskId, shot: int) -> None:
        for source in self.tasks[name].inputs.values():
            self.want_all(job, source.task, shot)
        self.want(job, self.tasks[name], shot)

    def want(self, job: str, task: Task, shot: int) -> None:
        standing = self.standings[task.id]
        state = TaskState.DONE if standing.state is TaskState.DONE else TaskState.WAITING
        if not self.known(task.id) and state is TaskState.WAITING:
            standing.state = TaskState.WAITING  # the driver reopened it in the store, as the scheduler forgot it
        if task.id not in self.wanted[job]:
            self.wanted[job].append(task.id)
            self.asked[job, task.id] = self.now_us
        self.tell(TaskAdded(job, task, (shot,), History(state, len(standing.attempts))))

    def known(self, task: TaskId) -> bool:
        try:
            self.scheduler.state(task)
        except KeyError:
            return False
        return True

    # -- nodes --------------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.nodes) < 6)
    @rule(size=SIZES, market=st.sampled_from(["", "spot", "on-demand"]))
    def new_node(self, size, market):
        self.node_up(f"n{len(self.nodes)}", size, market)

    def node_up(self, name: str, size: tuple[int, int], market: str = "") -> None:
        pools = frozenset({"l40"} if size[1] else ())
        self.nodes[name] = NodeUp(name, size[0], size[1], pools, market=market)
        self.tell(self.nodes[name])

    @rule(pick=st.integers(0, 9), seconds=st.integers(0, 200))
    def drain(self, pick, seconds):
        name = sorted(self.nodes)[pick % len(self.nodes)]
        if name not in self.gone:
            self.leaving.add(name)
            self.tell(NodeDraining(name, self.now_us + seconds * 1_000_000))

    @rule(pick=st.integers(0, 9))
    def lose_node(self, pick):
        name = sorted(self.nodes)[pick % len(self.nodes)]
        self.gone.add(name)
        self.tell(NodeLost(name))

    # -- workers ------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.starting)
    @rule(pick=st.integers(0, 9), where=st.integers(0, 9))
    def worker_ready(self, pick, where):
        worker = sorted(self.starting)[pick % len(self.starting)]
        start = self.starting[worker]
        up = [
            name
            for name, node in sorted(self.nodes.items())
            if name not in self.gone | self.leaving
            and self.room(name, start.lane)
            and start.market in {"", node.market}
        ]
        node = start.node or (up[where % len(up)] if up else None)
        if node is None or node in self.gone:
            return
        del self.starting[worker]
        self.idle[worker] = self.place[worker] = StartWorker(worker, start.lane, node)
        self.tell(WorkerReady(worker, node, frozenset({start.lane.weights} - {""})))

    @precondition(lambda self: self.starting)
    @rule()
    def all_ready(self):
        for _ in range(len(self.starting)):
            if self.starting:
                self.worker_ready(0, 0)

    @precondition(lambda self: self.running)
    @rule(pick=st.integers(0, 9), kind=st.none() | KINDS, cancelled=st.booleans())
    def finish(self, pick, kind, cancelled):
        worker = sorted(self.running)[pick % len(self.running)]
        state = AttemptState.DONE if kind is None else AttemptState.FAILED
        if cancelled and kind is not None:
            state, kind = AttemptState.CANCELLED, None
        self.end(worker, state, kind)

    @precondition(lambda self: self.running.keys() - self.written.keys())
    @rule(pick=st.integers(0, 9))
    def free(self, pick):
        """An attempt has only to be written."""
        free = sorted(self.running.keys() - self.written.keys())
        worker = free[pick % len(free)]
        run = self.written[worker] = self.running.pop(worker)
        self.idle[worker] = self.place[worker]
        self.tell(WorkerFreed(worker, run.task.id, run.attempt))

    @precondition(lambda self: self.written)
    @rule(pick=st.integers(0, 9), kind=st.none() | KINDS)
    def write(self, pick, kind):
        worker = sorted(self.written)[pick % len(self.written)]
        run = self.written.pop(worker)
        state = AttemptState.DONE if kind is None else AttemptState.FAILED
        self.tell_of(worker, run, state, kind)

    @precondition(lambda self: self.running)
    @rule()
    def all_finish(self):
        for worker in sorted(self.running):
            if worker in self.running:
                self.end(worker, AttemptState.DONE, None)

    def end(self, worker: str, state: AttemptState, kind: FailureKind | None) -> None:
        run = self.running.pop(worker)
        self.idle[worker] = self.place[worker]
        self.tell_of(worker, run, state, kind)

    def tell_of(self, worker: str, run: Run, state: AttemptState, kind: FailureKind | None) -> None:
        said = Manifest(task=run.task.id, attempt=run.attempt, stage="score", state=state, failure=kind, message="m")
        self.tell(AttemptFinished(worker, said))

    @precondition(lambda self: self.place)
    @rule(pick=st.integers(0, 9), kind=st.sampled_from([FailureKind.CRASHED, FailureKind.RECLAIMED, FailureKind.BUG]))
    def lose(self, pick, kind):
        worker = sorted(self.place)[pick % len(self.place)]
        self.forget(worker)
        self.tell(WorkerLost(worker, kind, "gone"))

    @rule(seconds=st.sampled_from([0.0, 0.5, 2.0, 10.0, 70.0, 150.0, 700.0]))
    def time_passes(self, seconds):
        passed_us = int(seconds * 1e6)
        for lane in self.scheduler.lanes():
            self.spent[lane.name, Phase.LOADING] += (lane.starting - lane.pending) * passed_us
            self.spent[lane.name, Phase.IDLE] += lane.idle * passed_us
            self.spent[lane.name, Phase.BUSY] += lane.busy * passed_us
        self.now_us += passed_us
        self.tell(Tick())

    @precondition(lambda self: not self.stopping and self.seq > 60)
    @rule()
    def stop(self):
        self.tell(StopAsked())
        self.stopping = True

    # -- laws ---------------------------------------------------------------------------------------------------

    @invariant()
    def every_task_is_settled_running_or_has_one_reason(self):
        running = {run.task.id for run in self.under_way}
        wanted = {task for tasks in self.wanted.values() for task in tasks}
        for task in wanted | running:
            state = self.scheduler.state(task)
            assert state is self.standings[task].state, "the store would stand elsewhere"
            assert (state is TaskState.RUNNING) == (task in running)
            assert (self.scheduler.wait(task, self.now_us) is not None) == (state is TaskState.WAITING)

    @invariant()
    def reasons_add_up(self):
        waits = self.scheduler.waits(self.now_us)
        for job, tasks in self.wanted.items():
            waiting = [task for task in tasks if self.scheduler.state(task) is TaskState.WAITING]
            assert sum(waits[job].values()) == len(waiting)

    @invariant()
    def counters_agree(self):
        for job, tasks in self.wanted.items():
            assert self.scheduler.open_tasks(job) == sum(self.scheduler.state(t) not in SETTLED for t in tasks)
        live = {t for tasks in self.wanted.values() for t in tasks if self.scheduler.state(t) not in SETTLED}
        live |= {run.task.id for run in self.under_way}
        assert self.scheduler.unsettled == len(live)
        assert {task.id for task in self.scheduler.running} == {run.task.id for run in self.under_way}

    @invariant()
    def the_ledger_is_right(self):
        """That no reservation breaches a cap the ledger asserts itself, at each."""
        self.scheduler.audit()
        for job, terms in self.jobs.items():
            if terms.limits.cost_micros is not None:
                assert self.scheduler.overshoot(job) == max(0, self.scheduler.spent(job) - terms.limits.cost_micros)
        assert self.under_way or all(self.scheduler.reserved(job) == 0 for job in self.jobs)

    @invariant()
    def workers_account_for_their_time(self):
        """What they did with it is what they were seen doing whenever it passed."""
        for time in self.scheduler.spent_by_workers(self.now_us):
            assert time.us == {phase: self.spent[time.lane, phase] for phase in Phase}, time.lane

    @invariant()
    def the_oldest_that_could_run_is_known(self):
        """By project, of jobs that are not held: not before it could, nor after it could and the job had asked."""
        if self.stopping:
            return
        could: dict[str, list[tuple[int, int]]] = {}
        for job, tasks in self.wanted.items():
            for task in tasks:
                if self.jobs[job].hold is None and self.is_queued(task):
                    ready_us = self.scheduler.ready_us(task, job)
                    could.setdefault(PROJECT_OF[job], []).append((ready_us, max(ready_us, self.asked[job, task])))
        oldest = self.scheduler.oldest_us()
        assert oldest.keys() == could.keys()
        for project, times in could.items():
            assert min(ready for ready, _ in times) <= oldest[project] <= min(asked for _, asked in times)

    def is_queued(self, task: TaskId) -> bool:
        wait = self.scheduler.wait(task, self.now_us)
        return wait is not None and wait.reason is not WaitReason.UPSTREAM and wait.blocker != task

    @invariant()
    def nodes_are_not_overbooked(self):
        used: dict[str, list[int]] = {}
        for start in self.place.values():
            if start.node is not None:
                place = used.setdefault(start.node, [0, 0])
                place[0] += start.lane.ranks
                place[1] += start.lane.gpus_in_all
        for name, (cpus, gpus) in used.items():
            assert cpus <= self.nodes[name].cpus
            assert gpus <= self.nodes[name].gpus

    def room(self, name: str, lane: Lane) -> bool:
        there = [start.lane for start in self.place.values() if start.node == name]
        gpus = self.nodes[name].gpus - sum(other.gpus_in_all for other in there)
        cpus = self.nodes[name].cpus - sum(other.ranks for other in there)
        return gpus >= lane.gpus_in_all and cpus >= lane.ranks

    @invariant()
    def something_is_going_on_while_work_is_left(self):
        """A queued task that waits for capacity means that workers are busy, coming up, asked for, or cannot be.

        Nor is anything asked for while a node that drains takes up the last place that the autoscaler has for its
        kind: its loss is still to be told.
        """
        if self.stopping or self.under_way or self.starting or self.scheduler.wake_us is not None:
            return
        if any(node.state == "draining" for node in self.scheduler.nodes()):
            return
        for tasks in self.wanted.values():
            for task in tasks:
                wait = self.scheduler.wait(task, self.now_us)
                assert wait is None or wait.reason not in {
                    WaitReason.CAPACITY,
                    WaitReason.SHARE,
                    WaitReason.RESERVED,
                }, wait


FarmLife.TestCase.settings = settings(max_examples=tries(150), stateful_step_count=60, deadline=None)
TestFarmLife = FarmLife.TestCase
