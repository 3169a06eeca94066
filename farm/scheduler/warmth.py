"""Which worker without work stays all the same: the last of a lane that a person will soon want again.

    urgent work, or a job's that waits for a person's choice ──▶ ran in this lane not long ago ──▶ its last worker stays

Who works interactively asks again when the first answer is there: so the end of an urgent job cools no lane.
"""

from __future__ import annotations

from dataclasses import dataclass

from farm.scheduler.graph import Graph
from farm.scheduler.lanes import Worker
from farm.scheduler.policy import Band, Scaling


@dataclass(frozen=True, slots=True)
class Warmth:
    graph: Graph
    scaling: Scaling

    def served(self, worker: Worker, now_us: int) -> None:
        """An attempt of a worker has ended."""
        lane, job = worker.lane, self.graph.jobs.get(worker.job)
        if job is None:
            return
        lane.served[job.id] = now_us
        if job.band is Band.URGENT:
            lane.urgent_us = now_us

    def keeps(self, worker: Worker, now_us: int) -> bool:
        """Whether an idle worker stays though its lane has no work."""
        lane = worker.lane
        if lane.ready > 1:
            return False
        since_us = now_us - int(self.scaling.warm_s * 1e6)
        for job, served_us in tuple(lane.served.items()):
            if job not in self.graph.jobs or served_us <= since_us:
                del lane.served[job]
        return lane.urgent_us > since_us or any(self.graph.jobs[job].awaited for job in lane.served)
