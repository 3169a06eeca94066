"""The autoscaler of paper brings nodes of the market that is asked for, late, and they are taken away again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from farm.driver.seams import Progress
from farm.scheduler.events import Event, NodeDraining, NodeLost, NodeUp
from farm.scheduler.policy import SPOT, NodeShape, Policy
from farm.simulator.audit import Witness
from farm.simulator.autoscaler import Elastic
from farm.simulator.cluster import Cluster
from farm.simulator.market import Terms
from farm.simulator.pool import SimPool
from farm.simulator.trace import Trace
from farm.simulator.world import World
from farm.tasks import Lane

GPU = Lane(name="wan", gpus=1)
CHEAP = NodeShape(cpus=4, gpus=2, at_most=3, market=SPOT, hour_micros=3_600_000)
STEADY = NodeShape(cpus=4, gpus=2, at_most=2, market="on-demand", hour_micros=7_200_000)


@dataclass
class Yard:
    world: World = field(default_factory=lambda: World(1))
    trace: Trace = field(default_factory=Trace)

    def __post_init__(self) -> None:
        self.cluster = Cluster(self.world, self.trace, load_spread=0.0)
        self.pool = SimPool(self.cluster, Witness(Policy()), epoch=1)

    def hear(self, for_s: float) -> list[Event | Progress]:
        until_s = self.world.elapsed_s + for_s
        heard: list[Event | Progress] = []
        while self.world.elapsed_s < until_s:
            heard += self.pool.wait(min(0.5, until_s - self.world.elapsed_s))
        return heard

    def want(self, count: int, market: str = "") -> None:
        for number in range(count):
            self.pool.start(f"wan-{market}-{number}", GPU, None, market)

    @property
    def markets(self) -> list[str]:
        return sorted(node.market for node in self.cluster.nodes.values())


OpenYard = Callable[..., Yard]


@pytest.fixture
def yard() -> OpenYard:
    def opened(*shapes: NodeShape, idle_s: float = 60.0, **terms: Terms) -> Yard:
        found = Yard()
        elastic = Elastic(shapes or (CHEAP, STEADY), arrival_s=30.0, idle_s=idle_s, terms=terms)
        found.cluster.autoscaler.elastic = elastic
        return found

    return opened


@pytest.mark.parametrize(
    ("market", "count", "came"),
    [
        (SPOT, 3, [SPOT, SPOT]),
        ("on-demand", 3, ["on-demand", "on-demand"]),
        ("", 3, [SPOT, SPOT]),
        ("on-demand", 9, ["on-demand", "on-demand"]),
        ("", 9, ["on-demand", "on-demand", SPOT, SPOT, SPOT]),
        ("elsewhere", 1, []),
    ],
    ids=["spot", "steady", "any", "no more than may be", "the next kind when one is at its limit", "unknown"],
)
def test_nodes_come_of_the_market_that_is_asked_for(yard: OpenYard, market: str, count: int, came: list[str]) -> None:
    found = yard()
    found.want(count, market)
    found.hear(40.0)
    assert found.markets == came


def test_a_node_is_paid_for_from_its_grant_to_its_end(yard: OpenYard) -> None:
    found = yard(idle_s=20.0)
    found.want(1, SPOT)
    found.hear(40.0)
    found.pool.stop("wan-spot-0")
    assert any(isinstance(event, NodeLost) for event in found.hear(25.0))
    (row,) = found.trace.nodes
    assert (row.market, row.reclaimed, row.granted_us) == (SPOT, False, row.started_us - 30_000_000)
    lasted_s = -(-(row.ended_us - row.granted_us) // 1_000_000)
    assert row.billed_micros == lasted_s * 1000 == 61_000  # came after 30, was let go at 40.02, idled for 20


def test_nothing_comes_while_a_market_is_dry(yard: OpenYard) -> None:
    found = yard(spot=Terms(start_s=30.0, offered_s=1.0, dry_s=10_000.0))
    market = found.cluster.autoscaler.market(SPOT)
    found.hear(60.0)
    until_s = market.dry_until_s(60.0)
    assert until_s is not None
    found.want(1, SPOT)
    found.hear(until_s - 60.0 - 1.0)
    assert found.markets == []
    found.hear(40.0)
    assert found.markets == [SPOT]


def test_what_is_wanted_no_more_does_not_come_when_a_market_recovers(yard: OpenYard) -> None:
    found = yard(spot=Terms(start_s=30.0, offered_s=1.0, dry_s=10_000.0))
    found.hear(60.0)
    until_s = found.cluster.autoscaler.market(SPOT).dry_until_s(60.0)
    assert until_s is not None
    found.want(1, SPOT)
    found.pool.stop("wan-spot-0")
    found.hear(until_s)
    assert found.markets == []


def test_spot_nodes_are_taken_away_with_a_notice(yard: OpenYard) -> None:
    found = yard(spot=Terms(start_s=30.0, reclaims_per_hour=30.0, notice_s=15.0))
    found.want(1, SPOT)
    heard: list[tuple[float, Event | Progress]] = []
    while not any(isinstance(event, NodeLost) for _, event in heard):
        heard += ((found.world.elapsed_s, event) for event in found.hear(1.0))
    (up_s,) = (at_s for at_s, event in heard if isinstance(event, NodeUp))
    (warned_s,) = (at_s for at_s, event in heard if isinstance(event, NodeDraining))
    (lost_s,) = (at_s for at_s, event in heard if isinstance(event, NodeLost))
    assert up_s < warned_s
    assert lost_s - warned_s == pytest.approx(15, abs=1.1)
    assert found.trace.nodes[0].reclaimed
