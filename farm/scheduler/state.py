"""The scheduler: the same events give the same decisions.

    handle(event, now) ──▶ Decision(changes, commands, settled)

           TaskAdded ─▶ waiting ──dispatch──▶ running ──finish──▶ done
                          ▲                      │
                          └──retry (by kind)─────┴──give up──▶ failed ──▶ everything downstream failed

Pure: no clock (time comes with each event), no I/O, no Ray. What is durable is what it answers in `changes`, and
telling it the store's histories rebuilds it. Each event goes to the part that knows it; then what is due by the clock
is done, idle workers get work, and lanes get the size that this leaves them wanting:

    membership ──▶ graph ──▶ queues ──▶ dispatch ◀── workers ◀── sizing ◀── fleet ◀── presence
    (jobs, tasks)    ▲                                  │                             (nodes, workers)
                     └─────────── attempts ◀────────────┘
"""

from __future__ import annotations

from collections.abc import Mapping

from farm.errors import FailureKind
from farm.scheduler.alarms import Alarms, Of
from farm.scheduler.answer import Answer
from farm.scheduler.attempts import Attempts
from farm.scheduler.capability import Capability
from farm.scheduler.demand import Costs, Demand
from farm.scheduler.dispatch import Dispatch
from farm.scheduler.estimates import Estimates
from farm.scheduler.events import (
    AttemptFinished,
    Decision,
    Event,
    JobDropped,
    JobSet,
    NodeDraining,
    NodeLost,
    NodeUp,
    ProjectSpent,
    StopAsked,
    TaskAdded,
    Tick,
    WorkerFreed,
    WorkerLost,
    WorkerReady,
)
from farm.scheduler.explain import Explain
from farm.scheduler.fleet import Fleet
from farm.scheduler.graph import Graph
from farm.scheduler.lanes import Workers
from farm.scheduler.ledger import Ledger, LimitHit
from farm.scheduler.membership import Membership
from farm.scheduler.order import Queues
from farm.scheduler.overdue import Overdue
from farm.scheduler.patience import Patience
from farm.scheduler.phases import TimeSpent
from farm.scheduler.policy import Policy
from farm.scheduler.presence import Presence
from farm.scheduler.reservations import Reservations
from farm.scheduler.rivalry import Rivalry
from farm.scheduler.sizing import Sizing
from farm.scheduler.supply import Supply
from farm.scheduler.views import LaneView, NodeView
from farm.scheduler.waits import Wait, WaitReason
from farm.scheduler.warmth import Warmth
from farm.tasks import Task, TaskId, TaskState


class Scheduler:
    """Decides which attempt runs where and what a result means."""

    def __init__(self, policy: Policy) -> None:
        self._ledger = Ledger(policy)
        self._estimates = Estimates(policy)
        self._queues = Queues(policy)
        self._alarms = Alarms()
        self._graph = Graph(self._queues)
        self._fleet = Fleet()
        self._workers = Workers(self._fleet)
        self._stopping = False
        costs = Costs(policy.prices, self._estimates)
        patience = Patience(policy, self._estimates, self._alarms)
        self._demand = demand = Demand(self._graph, self._queues, self._ledger, costs)
        reservations = Reservations(self._fleet, self._workers, self._estimates)
        self._reservations = reservations
        rivalry = Rivalry(self._graph, self._queues, self._workers, policy)
        supply = Supply(
            self._fleet,
            self._workers,
            self._graph,
            self._queues,
            self._estimates,
            self._alarms,
            policy.elastic,
            policy.scaling,
        )
        self._sizing = Sizing(
            self._queues, self._workers, self._fleet, demand, rivalry, reservations, patience, supply, self._alarms
        )
        self._dispatch = Dispatch(
            self._graph,
            self._queues,
            self._ledger,
            costs,
            self._estimates,
            self._workers,
            self._fleet,
            reservations,
            self._sizing,
            patience,
            Warmth(self._graph, policy.scaling),
        )
        self._overdue = Overdue(self._workers, self._queues, self._estimates)
        self._attempts = Attempts(
            self._graph, self._workers, self._dispatch, self._sizing, self._estimates, self._alarms
        )
        self._membership = Membership(self._graph, self._ledger, self._workers, self._attempts)
        self._presence = Presence(
            self._fleet, self._workers, self._attempts, self._sizing, self._dispatch, patience, self._alarms
        )
        self._capability = Capability(self._graph, self._fleet, self._workers, self._attempts, supply, self._alarms)
        self._explain = Explain(
            self._graph, self._queues, self._ledger, costs, demand, self._workers, self._fleet, reservations
        )

    # -- reading ------------------------------------------------------------------------------------------------

    @property
    def unsettled(self) -> int:
        """Tasks that are waiting or running."""
        return self._graph.unsettled

    def open_tasks(self, job: str) -> int:
        """Tasks of a job that are waiting or running; 0 for an unknown job."""
        known = self._graph.jobs.get(job)
        return known.unsettled if known else 0

    @property
    def running(self) -> tuple[Task, ...]:
        """Tasks that run, or are being written."""
        workers = self._workers.by_name.values()
        return tuple(held.entry.task for worker in workers for held in (worker, worker.written) if held and held.entry)

    @property
    def wake_us(self) -> int | None:
        """When the next `Tick` has something to do; None when nothing is due ever."""
        dues = [at_us for at_us in (self._alarms.next_us, self._capability.since_us) if at_us is not None]
        return min(dues, default=None)

    def task(self, task: TaskId) -> Task:
        """A task that is open, or has settled since the last `Tick`, under the name that the first to ask gave it."""
        return self._graph.entries[task].task

    def state(self, task: TaskId) -> TaskState:
        return self._graph.entries[task].state

    def failure(self, task: TaskId) -> tuple[FailureKind | None, str]:
        """Why a failed task failed: kind and message."""
        entry = self._graph.entries[task]
        return entry.failure, entry.message

    def wait(self, task: TaskId, now_us: int) -> Wait | None:
        """Why `task` is not running yet; None when it is not waiting."""
        entry = self._graph.entries[task]
        if entry.state is not TaskState.WAITING:
            return None
        return self._explain.wait(entry, now_us, stopping=self._stopping)

    def waits(self, now_us: int) -> Mapping[str, Mapping[WaitReason, int]]:
        """How many tasks of each job wait, and for what. Looks at jobs and lanes, not at tasks."""
        return self._explain.waits(now_us, stopping=self._stopping)

    def ready_us(self, task: TaskId, job: str) -> int:
        """Since when a task that is open could run in a job's name, or last could; while the job was not on hold."""
        return max(self._graph.entries[task].ready_us, self._graph.jobs[job].open_us)

    def begun(self, task: TaskId, job: str) -> tuple[Task, int]:
        """A task that was begun in a job's name since the last `Tick`, and since when it could run."""
        entry, live = self._graph.entries[task], self._graph.jobs.get(job)
        ready_us = entry.ready_us
        return entry.task, live.open_us if live and live.open_us > ready_us else ready_us

    def oldest_us(self) -> Mapping[str, int]:
        """By project: since when the first of the tasks could run that wait, of jobs that are not on hold."""
        found: dict[str, int] = {}
        for job, since_us in self._graph.first_ready():
            found[job.project] = min(since_us, found.get(job.project, since_us))
        return found

    def spent_by_workers(self, now_us: int) -> tuple[TimeSpent, ...]:
        """What the workers of each lane did with their time."""
        return tuple(lane.spent(now_us) for lane in self._workers.lanes.values())

    def spent(self, job: str) -> int:
        """Micros, by a job's attempts that have ended."""
        return self._ledger.spent(job)

    def reserved(self, job: str) -> int:
        """Micros, for a job's attempts that run."""
        return self._ledger.reserved(job)

    def overshoot(self, job: str) -> int:
        """Micros spent beyond a job's cap."""
        return self._ledger.overshoot(job)

    def overspent(self, job: str) -> LimitHit | None:
        """The budget, the job's or its project's, that keeps what a job has queued from ever beginning."""
        return self._explain.overspent(job)

    def audit(self) -> None:
        """Recompute the ledger's sums. Raises `AssertionError` where one is not the sum of its parts."""
        self._ledger.audit()

    def lanes(self) -> tuple[LaneView, ...]:
        return tuple(
            LaneView(
                name=lane.name,
                starting=lane.starting,
                idle=len(lane.idle) + len(lane.on_bench),
                busy=lane.busy,
                queued=self._queues.depth(lane.lane),
                load_s=lane.load_s,
                blocked=dict(lane.trust.blocked),
                backoff_until_us=lane.health.paused_until_us,
                backoff=lane.health.why,
                on_trial={node: trial.why for node, trial in lane.trust.trials.items()},
                pending=len(lane.pending),
                gpus=lane.gpus,
                could_start=self._demand.of(lane),
            )
            for lane in self._workers.lanes.values()
        )

    def nodes(self) -> tuple[NodeView, ...]:
        kept = self._reservations.by_node
        return tuple(
            NodeView(
                id=node.id,
                name=node.name,
                state=node.state.value,
                cpus=node.cpus,
                gpus=node.gpus,
                free_cpus=node.free_cpus,
                free_gpus=node.free_gpus,
                workers=len(self._workers.on(node)),
                reserved_for=kept[node.id].lane.name if node.id in kept else "",
                deadline_us=node.deadline_us,
                pools=node.pools,
                market=node.market,
            )
            for node in self._fleet.nodes.values()
        )

    # -- deciding -----------------------------------------------------------------------------------------------

    def handle(self, event: Event, now_us: int) -> Decision:
        """What follows from `event` at `now_us` (UTC microseconds)."""
        answer = Answer(now_us, [], [], [])
        self._hear(event, answer)
        if now_us >= self._overdue.next_us:
            self._overdue.book(now_us)
        while (due := self._alarms.due(now_us)) is not None:
            self._wake(*due, answer)
        if not self._stopping:
            self._dispatch.run_all(answer)
            if self._reservations.by_node:
                self._sizing.clear(answer)
            if self._sizing.due:
                self._sizing.resize(answer)
        return answer.decision()

    def _hear(self, event: Event, answer: Answer) -> None:
        match event:
            case AttemptFinished():
                self._attempts.finished(event, answer)
            case TaskAdded():
                self._membership.add(event, answer)
                self._capability.doubt(self._graph.entries[event.task.id].lane, answer.now_us)
            case Tick():
                self._membership.forget()
                self._capability.judge(answer)
            case StopAsked():
                self._stopping = True
                self._attempts.cancel_all(answer)
            case WorkerReady() | WorkerFreed() | WorkerLost():
                self._hear_of_worker(event, answer)
            case NodeUp() | NodeDraining() | NodeLost():
                self._hear_of_node(event, answer)
            case JobSet() | JobDropped() | ProjectSpent():
                self._hear_of_job(event, answer)

    def _hear_of_worker(self, event: WorkerReady | WorkerFreed | WorkerLost, answer: Answer) -> None:
        match event:
            case WorkerReady():
                self._presence.worker_ready(event, answer)
            case WorkerFreed():
                if not self._stopping:
                    self._attempts.freed(event, answer)
            case WorkerLost():
                self._presence.worker_lost(event, answer)

    def _hear_of_job(self, event: JobSet | JobDropped | ProjectSpent, answer: Answer) -> None:
        match event:
            case JobSet():
                self._membership.set_job(event, answer.now_us)
                self._dispatch.wake_all()
            case JobDropped():
                self._membership.drop_job(event, answer)
            case ProjectSpent():
                self._membership.count_ended(event)

    def _hear_of_node(self, event: NodeUp | NodeDraining | NodeLost, answer: Answer) -> None:
        match event:
            case NodeUp():
                self._presence.node_up(event)
            case NodeDraining():
                self._presence.node_draining(event, answer)
            case NodeLost():
                self._presence.node_lost(event, answer)
        self._capability.doubt_all(answer.now_us)

    def _wake(self, of: Of, name: str, answer: Answer) -> None:
        match of:
            case Of.TASK:
                self._attempts.resume(TaskId(name), answer.now_us)
            case Of.WORKER:
                self._presence.look_after(name, answer)
            case Of.NODE:
                self._presence.deadline(name, answer)
            case Of.LANE:
                self._dispatch.wake_all()
                self._capability.doubt_all(answer.now_us)
            case Of.FARM:
                self._sizing.due = True
