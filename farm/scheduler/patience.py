"""How long a worker may go on as it is before somebody must look after it."""

from __future__ import annotations

from dataclasses import dataclass, field

from farm.scheduler.alarms import Alarms, Of
from farm.scheduler.estimates import Estimates
from farm.scheduler.lanes import Worker, WorkerState
from farm.scheduler.policy import Policy

LATE_STARTS = 3.0
"""A node may take so many times what its kind usually takes to come."""
CANCEL_S = 60.0
"""An attempt that was cancelled may take so long to end before its worker is stopped."""


@dataclass(slots=True)
class Patience:
    policy: Policy
    estimates: Estimates
    alarms: Alarms
    shortest_us: int = field(init=False)
    """No worker's time is up sooner."""

    def __post_init__(self) -> None:
        policy = self.policy
        self.shortest_us = int(1e6 * min(policy.start_timeout_s, policy.idle_stop_s, policy.timeout_floor_s, CANCEL_S))

    def due_us(self, worker: Worker) -> int | None:
        """When a worker's time is up in the state it is in; None when it may stay so."""
        match worker.state:
            case WorkerState.STARTING:
                if worker.node:
                    return _after(worker.since_us, self.policy.start_timeout_s)
                return _after(worker.since_us, LATE_STARTS * worker.kind.start_s) if worker.kind else None
            case WorkerState.IDLE if worker.written is not None:
                return _after(worker.since_us, self.estimates.timeout_s(worker.lane.name, worker.written.entry.shape))
            case WorkerState.IDLE:
                return _after(worker.since_us, self.policy.idle_stop_s)
            case WorkerState.BUSY if worker.entry is not None:
                if worker.cancelled_us is not None:
                    return _after(worker.cancelled_us, CANCEL_S)
                return _after(worker.since_us, self.estimates.timeout_s(worker.lane.name, worker.entry.shape))
            case _:
                return None

    def watch(self, worker: Worker) -> None:
        """See to it that a worker's alarm goes off in time; it may go off before."""
        if worker.alarm_us and worker.alarm_us <= worker.since_us + self.shortest_us:
            return  # soon enough, whatever it is in
        match worker.state:
            case WorkerState.BUSY if worker.cancelled_us is None:
                # No timeout is shorter than the floor; what it is exactly is worked out when that has passed.
                at_us = _after(worker.since_us, self.policy.timeout_floor_s)
            case _:
                due_us = self.due_us(worker)
                if due_us is None:
                    return
                at_us = due_us
        self.remind(worker, at_us)

    def remind(self, worker: Worker, at_us: int) -> None:
        if not worker.alarm_us or at_us < worker.alarm_us:
            worker.alarm_us = at_us
            self.alarms.set(at_us, Of.WORKER, worker.name)


def _after(since_us: int, seconds: float) -> int:
    return since_us + int(seconds * 1e6)
