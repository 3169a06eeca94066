"""The fake pool keeps the promises of `farm.driver.seams.Pool`, and its witness sees what must not be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from farm.driver.seams import Progress
from farm.errors import FailureKind
from farm.scheduler.events import AttemptFinished, Event, NodeDraining, NodeLost, NodeUp, WorkerLost, WorkerReady
from farm.scheduler.policy import Limits, NodeShape, Policy, ProjectPolicy
from farm.simulator.audit import Witness
from farm.simulator.autoscaler import Elastic
from farm.simulator.cluster import Cluster
from farm.simulator.faults import Faults
from farm.simulator.pool import DriverKilled, SimPool
from farm.simulator.trace import Trace
from farm.simulator.world import BEGIN_US, US_PER_S, World
from farm.tasks import AttemptState, Lane, Task, Work

MakeWork = Callable[..., Work]
GPU = Lane(name="wan", gpus=1)
LIMITED = "limited"


@dataclass
class Yard:
    """A cluster, its pool and its witness; `hear` lets time pass and keeps what was told, with the moment."""

    world: World = field(default_factory=lambda: World(1))
    witness: Witness = field(
        default_factory=lambda: Witness(Policy(projects={LIMITED: ProjectPolicy(limits=Limits(gpus=1))}))
    )

    def __post_init__(self) -> None:
        self.cluster = Cluster(self.world, Trace(), load_spread=0.0)
        self.pool = SimPool(self.cluster, self.witness, epoch=1)
        self.told: list[tuple[float, Event | Progress]] = []

    def hear(self, for_s: float) -> list[Event | Progress]:
        until_s = self.world.elapsed_s + for_s
        heard: list[Event | Progress] = []
        while self.world.elapsed_s < until_s:
            heard += self.pool.wait(min(0.5, until_s - self.world.elapsed_s))
        return heard

    def ready(self, worker: str = "wan-1", lane: Lane = GPU, node: str = "node") -> None:
        """A worker that has come up."""
        self.pool.start(worker, lane, node)
        self.hear(self.cluster.load_s(lane) + 0.1)


@pytest.fixture
def yard() -> Yard:
    found = Yard()
    found.cluster.arrive("node", cpus=8, gpus=2)
    found.hear(0.1)
    return found


@pytest.fixture
def work() -> Callable[..., Work]:
    def make(number: int = 1, attempt: int = 1, seconds: float = 10.0, project: str = "show", **more: object) -> Work:
        lane = more.pop("lane", GPU)
        assert isinstance(lane, Lane)
        params = {"number": number, "seconds": seconds, "spread": 0.0, **more}
        task = Task.of(project=project, stage="generate", version=1, params=params, lane=lane, shot=f"sh{number}")  # pyright: ignore[reportArgumentType]
        return Work(task, attempt)

    return make


def test_a_worker_loads_works_and_tells(yard: Yard, work: MakeWork) -> None:
    yard.pool.start("wan-1", GPU, "node")
    assert yard.hear(4.9) == []
    assert yard.hear(0.2) == [WorkerReady("wan-1", "node")]
    yard.pool.run("wan-1", work(seconds=10.0))
    assert yard.hear(9.9) == []
    (event,) = yard.hear(0.5)
    assert isinstance(event, AttemptFinished)
    assert event.manifest.done
    assert event.manifest.ended_us - event.manifest.started_us == 10_000_000
    assert yard.witness.violations == ()


def test_events_of_one_turn_come_together(yard: Yard, work: MakeWork) -> None:
    for number in (1, 2):
        yard.ready(f"wan-{number}")
    for number in (1, 2):
        yard.pool.run(f"wan-{number}", work(number, seconds=3.0))
    assert len(yard.pool.wait(60.0)) == 2


@pytest.mark.parametrize(
    ("faults", "params", "kind", "dies"),
    [
        pytest.param(Faults(), {"poison": True}, FailureKind.CRASHED, True, id="poison"),
        pytest.param(Faults(bad_nodes=frozenset({"node"})), {}, FailureKind.BUG, False, id="bad node"),
        pytest.param(
            Faults(bad_nodes=frozenset({"node"}), bad_kind=FailureKind.CRASHED),
            {},
            FailureKind.CRASHED,
            True,
            id="worse node",
        ),
        pytest.param(Faults(quota={"wan": 0}), {}, FailureKind.QUOTA, False, id="quota"),
        pytest.param(Faults(crash_rate=1.0), {}, FailureKind.CRASHED, True, id="crash"),
        pytest.param(Faults(transient_rate=1.0), {}, FailureKind.TRANSIENT, False, id="storage"),
    ],
)
def test_faults(
    yard: Yard, work: MakeWork, faults: Faults, params: dict[str, object], kind: FailureKind, dies: bool
) -> None:
    yard.cluster.faults = faults
    yard.ready()
    yard.pool.run("wan-1", work(**params))
    (event,) = yard.hear(10.1)
    if dies:
        assert isinstance(event, WorkerLost)
        assert event.kind is kind
    else:
        assert isinstance(event, AttemptFinished)
        assert event.manifest.failure is kind
        assert event.manifest.message
    assert bool(yard.pool.workers) is not dies


def test_a_cancelled_attempt_ends_soon(yard: Yard, work: MakeWork) -> None:
    yard.ready()
    task = work(seconds=100.0)
    yard.pool.run("wan-1", task)
    yard.hear(3.0)
    yard.pool.cancel("wan-1", task.task.id, 1)
    (event,) = yard.hear(2.0)
    assert isinstance(event, AttemptFinished)
    assert event.manifest.state is AttemptState.CANCELLED


def test_a_cancellation_that_comes_too_late_changes_nothing(yard: Yard, work: MakeWork) -> None:
    yard.ready()
    first, second = work(1, seconds=1.0), work(2, seconds=5.0)
    yard.pool.run("wan-1", first)
    yard.hear(1.5)
    yard.pool.run("wan-1", second)
    yard.pool.cancel("wan-1", first.task.id, 1)
    (event,) = yard.hear(6.0)
    assert isinstance(event, AttemptFinished)
    assert (event.manifest.task, event.manifest.done) == (second.task.id, True)


def test_of_a_stopped_worker_nothing_more_is_told(yard: Yard, work: MakeWork) -> None:
    yard.ready()
    yard.pool.run("wan-1", work(seconds=1.0))
    yard.pool.stop("wan-1")
    assert yard.hear(5.0) == []
    assert yard.cluster.nodes["node"].empty


def test_a_lost_node_is_told_at_once_and_its_workers_when_it_is_certain(yard: Yard, work: MakeWork) -> None:
    yard.ready()
    yard.pool.run("wan-1", work(seconds=100.0))
    yard.world.after(1.0, lambda: yard.cluster.lose("node"))
    assert yard.hear(1.5) == [NodeLost("node")]
    assert yard.hear(yard.cluster.silence_s - 1) == []
    (event,) = yard.hear(1.0)
    assert isinstance(event, WorkerLost)
    assert event.kind is FailureKind.RECLAIMED
    assert yard.cluster.shelf == {}


def test_a_drained_node_goes_at_its_deadline(yard: Yard) -> None:
    yard.world.after(1.0, lambda: yard.cluster.drain("node", 20.0))
    (event,) = yard.hear(2.0)
    assert isinstance(event, NodeDraining)
    assert yard.hear(18.0) == []
    assert yard.hear(2.0) == [NodeLost("node")]


def test_a_node_is_drained_by_hand(yard: Yard) -> None:
    yard.pool.drain("node", yard.world.now_us + 20_000_000)
    (event,) = yard.hear(19.0)
    assert isinstance(event, NodeDraining)
    assert yard.hear(2.0) == [NodeLost("node")]


def test_a_worker_without_a_node_waits_for_room(yard: Yard) -> None:
    large = Lane(name="large", gpus=1, ranks=4)
    yard.pool.start("large-1", large, None)
    assert yard.hear(20.0) == []
    yard.world.after(1.0, lambda: yard.cluster.arrive("big", cpus=8, gpus=4))
    assert yard.hear(7.0) == [NodeUp("big", 8, 4, frozenset(), "big"), WorkerReady("large-1", "big")]


def test_nodes_come_for_those_that_wait_and_go_when_they_idle(yard: Yard) -> None:
    yard.cluster.autoscaler.elastic = Elastic((NodeShape(cpus=8, gpus=4, at_most=3),), arrival_s=30.0, idle_s=20.0)
    for number in range(7):  # 2 find room on the node that is there, 5 need two more
        yard.pool.start(f"wan-{number}", GPU, None)
    heard = yard.hear(40.0)
    assert sum(isinstance(event, NodeUp) for event in heard) == 2
    assert sum(isinstance(event, WorkerReady) for event in heard) == 7
    for number in range(7):
        yard.pool.stop(f"wan-{number}")
    assert [type(event) for event in yard.hear(25.0)] == [NodeLost, NodeLost]
    assert list(yard.cluster.nodes) == ["node"]


def test_a_killed_driver_calls_nothing_more(yard: Yard, work: MakeWork) -> None:
    yard.ready()
    yard.pool.kill_driver(calls_left=1)
    yard.pool.run("wan-1", work(seconds=5.0))
    with pytest.raises(DriverKilled):
        yard.pool.start("wan-2", GPU, "node")


def test_workers_of_a_dead_driver_finish_or_end_themselves(yard: Yard, work: MakeWork) -> None:
    for number in (1, 2):
        yard.ready(f"wan-{number}")
    short, long = work(1, seconds=5.0), work(2, seconds=500.0)
    yard.pool.run("wan-1", short)
    yard.pool.run("wan-2", long)
    yard.pool.abandon()
    yard.hear(yard.cluster.silence_s + 1)
    assert set(yard.cluster.shelf) == {(short.task.id, 1)}
    assert yard.pool.workers == ()


def test_a_new_driver_ends_the_workers_of_the_one_before(yard: Yard, work: MakeWork) -> None:
    yard.ready()
    yard.pool.run("wan-1", work(seconds=5.0))
    yard.pool.abandon()
    after = SimPool(yard.cluster, yard.witness, epoch=2)
    assert after.wait(0.0) == [NodeUp("node", 8, 2, frozenset(), "node")]
    assert yard.cluster.nodes["node"].empty
    assert after.wait(30.0) == []
    assert yard.cluster.shelf == {}


def test_a_run_for_a_worker_that_has_died_is_no_attempt(yard: Yard, work: MakeWork) -> None:
    yard.ready()
    yard.cluster.lose("node")
    yard.pool.run("wan-1", work())
    yard.hear(30.0)
    assert yard.cluster.trace.attempts == []
    assert yard.witness.violations == ()


# -- what the witness sees ----------------------------------------------------------------------------------------


def _twice_at_once(yard: Yard, work: MakeWork) -> None:
    for number in (1, 2):
        yard.ready(f"wan-{number}")
        yard.pool.run(f"wan-{number}", work(1, seconds=50.0))


def _again_when_done(yard: Yard, work: MakeWork) -> None:
    yard.ready()
    yard.pool.run("wan-1", work(seconds=1.0))
    yard.hear(2.0)
    yard.pool.run("wan-1", work(attempt=2, seconds=1.0))


def _two_on_one_worker(yard: Yard, work: MakeWork) -> None:
    yard.ready()
    yard.pool.run("wan-1", work(1))
    yard.pool.run("wan-1", work(2))


def _too_many_on_a_node(yard: Yard, work: MakeWork) -> None:
    for number in range(3):
        yard.pool.start(f"wan-{number}", GPU, "node")


def _wrong_lane(yard: Yard, work: MakeWork) -> None:
    yard.ready()
    yard.pool.run("wan-1", work(lane=Lane()))


def _nobody_there(yard: Yard, work: MakeWork) -> None:
    yard.pool.run("wan-9", work())


def _beyond_a_gpu_limit(yard: Yard, work: MakeWork) -> None:
    for number in (1, 2):
        yard.ready(f"wan-{number}")
        yard.pool.run(f"wan-{number}", work(number, project=LIMITED, seconds=50.0))


def _stopped_while_it_loads(yard: Yard, work: MakeWork) -> None:
    del work
    yard.pool.start("wan-1", GPU, "node")
    yard.hear(3.0)
    yard.pool.stop("wan-1")


def _stopped_when_it_has_just_come_up(yard: Yard, work: MakeWork) -> None:
    del work
    yard.ready()
    yard.hear(3.0)
    yard.pool.stop("wan-1")


@pytest.mark.parametrize(
    ("sin", "words"),
    [
        (_stopped_while_it_loads, "wan-1 was loading on node and was stopped after 3 s"),
        (_stopped_when_it_has_just_come_up, "wan-1 had just come up on node and was stopped after 3 s"),
        (_twice_at_once, "began on wan-2 while it ran on wan-1"),
        (_again_when_done, "began again although it was done"),
        (_two_on_one_worker, "was not idle"),
        (_too_many_on_a_node, "node node is full"),
        (_wrong_lane, "of lane cpu"),
        (_nobody_there, "is not there"),
        (_beyond_a_gpu_limit, "worked on 2 GPUs, and may on 1"),
    ],
)
def test_the_witness(yard: Yard, work: MakeWork, sin: Callable[[Yard, MakeWork], None], words: str) -> None:
    sin(yard, work)
    (violation,) = yard.witness.violations
    assert words in violation


def _drained(yard: Yard) -> None:
    yard.pool.start("wan-1", GPU, "node")
    yard.cluster.drain("node", 30.0)


def _after_its_load_time(yard: Yard) -> None:
    yard.ready()
    yard.hear(yard.cluster.load_s(GPU) + 0.1)


def _pending(yard: Yard) -> None:
    yard.pool.start("wan-1", Lane(name="large", gpus=8), None)


def _started_anywhere(yard: Yard) -> None:
    """Where it is, and that it loads, the driver cannot know."""
    yard.pool.start("wan-1", GPU, None)


@pytest.mark.parametrize("arrange", [_drained, _after_its_load_time, _pending, _started_anywhere])
def test_who_may_be_stopped(yard: Yard, arrange: Callable[[Yard], None]) -> None:
    arrange(yard)
    yard.pool.stop("wan-1")
    assert yard.witness.violations == ()


def test_one_that_has_worked_may_be_stopped_at_once(yard: Yard, work: MakeWork) -> None:
    yard.ready()
    yard.pool.run("wan-1", work(seconds=0.5))
    yard.hear(0.6)
    yard.pool.stop("wan-1")
    assert yard.witness.violations == ()


def test_a_driver_that_keeps_a_pace_sleeps_until_something_is_due(yard: Yard) -> None:
    pool = SimPool(yard.cluster, yard.witness, epoch=2, pace_s=5.0)
    pool.wait(0.0)
    began_s = yard.world.elapsed_s
    pool.wait(0.5)
    assert yard.world.elapsed_s - began_s == pytest.approx(300, abs=0.1)
    due_s = yard.world.elapsed_s + 40.0
    pool.wake_us = lambda: BEGIN_US + round(due_s * US_PER_S)
    pool.wait(0.5)
    assert yard.world.elapsed_s == pytest.approx(due_s, abs=0.1)
    pool.wait(0.5)
    assert yard.world.elapsed_s == pytest.approx(due_s + 5.0, abs=0.1)
