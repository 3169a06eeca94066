"""What attempts cost, and how many workers a lane could keep busy now.

    cost of an attempt = its time x the price of its worker + the task's own price

Demand is queued work that may run: not that of held jobs, and of jobs at a limit only as much as the limit leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

from farm.scheduler.estimates import Estimates
from farm.scheduler.graph import Entry, Graph, LiveJob
from farm.scheduler.lanes import LaneWorkers
from farm.scheduler.ledger import Ledger, Standing
from farm.scheduler.order import Queues
from farm.scheduler.policy import Prices
from farm.tasks import Lane

GPU_AS_CPUS = 16
"""What a GPU counts in fair shares, in CPUs."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What work costs, in micros and in resource-seconds."""

    prices: Prices
    estimates: Estimates

    def of(self, entry: Entry, duration_s: float) -> int:
        """What an attempt of `duration_s` costs."""
        return self.time(entry.lane, duration_s) + entry.price_micros

    def time(self, lane: Lane, duration_s: float) -> int:
        prices = self.prices
        hour = lane.gpus_in_all * prices.gpu_hour_micros + lane.ranks * prices.cpu_hour_micros
        return round(duration_s * hour / 3600) if hour else 0

    def expected(self, entry: Entry) -> int:
        """What an attempt is expected to cost."""
        return self.of(entry, self.expected_s(entry))

    def expected_s(self, entry: Entry) -> float:
        return self.estimates.expected_s(entry.lane.name, entry.shape)


def usage(lane: LaneWorkers, duration_s: float) -> float:
    """What an attempt of `duration_s` takes of the farm, for fair shares: in CPU-seconds, a GPU being many CPUs."""
    return duration_s * (lane.gpus * GPU_AS_CPUS + lane.lane.ranks)


@dataclass(frozen=True, slots=True)
class Demand:
    graph: Graph
    queues: Queues
    ledger: Ledger
    costs: Costs

    def of(self, lane: LaneWorkers) -> int:
        """How many attempts could start now, if there were a worker for each."""
        total = 0
        by_project: dict[str, int] = {}
        for job, count in self.graph.open_jobs(lane.lane):
            standing = self.ledger.project(job.project)
            left = by_project.get(job.project)
            if left is None:
                left = self._room(lane, job, standing)
            may = min(count, left, self._room(lane, job, self.ledger.job(job.id)))
            by_project[job.project] = left - may
            total += may
        return min(total, self.queues.depth(lane.lane))

    def _room(self, lane: LaneWorkers, job: LiveJob, standing: Standing) -> int:
        """How many attempts of a job a limit leaves."""
        room = 1 << 30
        limits = standing.limits
        if limits.gpus is not None and lane.gpus:
            room = max(0, limits.gpus - standing.gpus) // lane.gpus
        if limits.cost_micros is not None and (each := self.next_micros(lane, job)):
            room = min(room, max(0, limits.cost_micros - standing.spent - standing.reserved) // each)
        return room

    def next_micros(self, lane: LaneWorkers, job: LiveJob) -> int:
        """What the next attempt of a job in a lane is expected to cost."""
        first = self.queues.pick(lane.lane, 0, lambda name: name == job.id, lambda _: True)
        return self.costs.expected(self.graph.entries[first[1]]) if first else 0
