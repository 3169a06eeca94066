"""Why a task waits, in one sentence with what it waits for and the numbers: read only, decides nothing.

    stopping ▶ held, paused ▶ upstream ▶ pause ▶ lane backs off ▶ limit ▶ no node ▶ reserved ▶ loading ▶ share, capacity

The first that holds is the reason. From the fifth on they are the same for all tasks that a job has queued in a lane,
so that counting reasons looks at jobs and lanes, not at tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from farm.scheduler.demand import Costs, Demand
from farm.scheduler.fleet import Fleet
from farm.scheduler.graph import Entry, Graph, LiveJob, Place
from farm.scheduler.lanes import LaneWorkers, Workers
from farm.scheduler.ledger import Ledger, LimitHit, Which
from farm.scheduler.order import Queues
from farm.scheduler.reservations import Reservations
from farm.scheduler.waits import Wait, WaitReason
from farm.tasks import TaskState


@dataclass(frozen=True, slots=True)
class Explain:
    graph: Graph
    queues: Queues
    ledger: Ledger
    costs: Costs
    demand: Demand
    workers: Workers
    fleet: Fleet
    reservations: Reservations

    def wait(self, entry: Entry, now_us: int, *, stopping: bool) -> Wait:
        """The reason of a task that waits."""
        if stopping:
            return Wait(WaitReason.PAUSED, "the farm is stopping: nothing more is started")
        job = self._best_job(entry)
        if job.hold is not None:
            return Wait(job.hold, f"job {job.id} is {job.hold.value}", job.id)
        if entry.place is Place.UPSTREAM:
            return self._upstream(entry, now_us)
        if entry.place is Place.PAUSE:
            return self._pause(entry, now_us)
        return self.queued(job, self.workers.of(entry.lane), entry, now_us)

    def waits(self, now_us: int, *, stopping: bool) -> Mapping[str, Mapping[WaitReason, int]]:
        """How many tasks of each job wait for what."""
        found: dict[str, dict[WaitReason, int]] = {}
        for job in self.graph.jobs.values():
            counts: dict[WaitReason, int] = {WaitReason.UPSTREAM: job.upstream, WaitReason.BACKOFF: job.pausing}
            found[job.id] = counts
        for lane, jobs in self.graph.wanting.items():
            workers = self.workers.of(lane)
            for name, count in jobs.items():
                reason = self.queued(self.graph.jobs[name], workers, None, now_us).reason
                found[name][reason] = found[name].get(reason, 0) + count
        for name, counts in found.items():
            held = WaitReason.PAUSED if stopping else self.graph.jobs[name].hold
            if held is not None:
                found[name] = {held: sum(counts.values())}
        return {name: {reason: n for reason, n in counts.items() if n} for name, counts in found.items()}

    def overspent(self, job: str) -> LimitHit | None:
        """The budget that keeps what a job has queued from ever beginning; None where there is none, or no such job."""
        known = self.graph.jobs.get(job)
        lanes = [lane for lane, jobs in self.graph.wanting.items() if job in jobs] if known else []
        for lane in lanes:
            hit = self._limit(self.graph.jobs[job], self.workers.of(lane), None)
            if hit and hit.which is Which.COST and hit.final:
                return hit
        return None

    def _best_job(self, entry: Entry) -> LiveJob:
        jobs = [self.graph.jobs[name] for name in entry.wanted]
        return min(jobs, key=lambda job: (job.hold is not None, -job.priority, job.id))

    def _upstream(self, entry: Entry, now_us: int) -> Wait:
        above = self.graph.entries[next(iter(entry.upstream))]
        doing = "has not begun"
        if above.state is TaskState.RUNNING:
            worker = self.workers.by_name[above.worker]
            age_s = (now_us - worker.since_us) / 1e6
            doing = f"runs on {above.worker} for {age_s:.0f} s" if worker.entry is above else "is being written"
        more = f", and for {len(entry.upstream) - 1} more" if len(entry.upstream) > 1 else ""
        message = f"waits for {above.task.label}, which {doing}{more}"
        return Wait(WaitReason.UPSTREAM, message, above.id, {"upstream": len(entry.upstream)})

    def _pause(self, entry: Entry, now_us: int) -> Wait:
        left_s = max(0.0, (entry.paused_until_us - now_us) / 1e6)
        failures = sum(entry.failures.values())
        message = f"failed {_times(failures)} ({entry.message}), is tried again in {left_s:.0f} s"
        return Wait(WaitReason.BACKOFF, message, entry.id, {"retry_in_s": left_s, "failures": failures})

    # -- in a queue ---------------------------------------------------------------------------------------------

    def queued(self, job: LiveJob, lane: LaneWorkers, entry: Entry | None, now_us: int) -> Wait:
        """The reason of what a job has queued in a lane; `entry`, if given, adds its place in the queue."""
        if now_us < lane.health.paused_until_us:
            left_s = (lane.health.paused_until_us - now_us) / 1e6
            message = f"lane {lane.name} backs off for another {left_s:.0f} s: {lane.health.why}"
            return Wait(WaitReason.BACKOFF, message, lane.name, {"retry_in_s": left_s})
        if hit := self._limit(job, lane, entry):
            return limited(hit)
        ahead = self._ahead(job, entry)
        if not lane.workers:
            return self._no_workers(job, lane, ahead)
        on_trial = next((node for node in lane.benched if node in lane.trust.trials), None)
        if on_trial and not lane.ready:
            return self._on_trial(lane, on_trial, now_us)
        if not lane.ready and lane.pending and len(lane.pending) == lane.starting:
            return self._coming(lane, now_us, ahead)
        if not lane.ready:
            message = f"{_of(lane.starting, lane)} coming up, which takes about {lane.load_s:.0f} s"
            return Wait(
                WaitReason.LOADING, message, lane.name, {"starting": lane.starting, "load_s": lane.load_s, **ahead}
            )
        return self._busy(job, lane, ahead)

    def _limit(self, job: LiveJob, lane: LaneWorkers, entry: Entry | None) -> LimitHit | None:
        """What stands in the way of the job's next task of a lane, or of this one."""
        gpus = lane.gpus
        if hit := self.ledger.may(job.id, gpus, self.demand.next_micros(lane, job)):
            return hit
        return self.ledger.may(job.id, gpus, self.costs.expected(entry)) if entry else None

    def _ahead(self, job: LiveJob, entry: Entry | None) -> dict[str, float]:
        return {"queued_before": self.queues.ahead(job.id, entry.lane, entry.id)} if entry else {}

    def _no_workers(self, job: LiveJob, lane: LaneWorkers, ahead: dict[str, float]) -> Wait:
        if lane.incapable_since_us >= 0:
            return Wait(WaitReason.INCAPABLE, f"no node that is up can take {needs(lane)}", lane.name, ahead)
        if kept := self.reservations.of(lane):
            message = f"node {kept.node.label} is being kept free for {needs(lane)}"
            return Wait(WaitReason.RESERVED, message, kept.node.id, ahead)
        for kept in self.reservations.by_node.values():
            if kept.node.room_for(lane.lane) and kept.node.holds(lane.lane):
                message = f"room on node {kept.node.label} is being kept free for lane {kept.lane.name}"
                return Wait(WaitReason.RESERVED, message, kept.node.id, ahead)
        others = self._others(job, None)
        if others:
            message = f"no node has room for {needs(lane)} now: {_working(others)}"
            return Wait(WaitReason.SHARE, message, next(iter(others)), {**ahead, "busy": sum(others.values())})
        return Wait(WaitReason.CAPACITY, f"no node has room for {needs(lane)} now", lane.name, ahead)

    def _coming(self, lane: LaneWorkers, now_us: int, ahead: dict[str, float]) -> Wait:
        """All its workers wait for nodes."""
        first = next(iter(lane.pending.values()))
        asked_s = (now_us - first.started_us) / 1e6
        numbers = {"pending": float(len(lane.pending)), "asked_s": asked_s, "load_s": lane.load_s, **ahead}
        market, usual = "", ""
        if first.kind:
            numbers["start_s"] = first.kind.start_s
            market = f" ({first.kind.market})" if first.kind.market else ""
            usual = f"; one usually takes {first.kind.start_s:.0f} s to come"
        message = f"a node{market} for {needs(lane)} was asked for {asked_s:.0f} s ago{usual}"
        return Wait(WaitReason.LOADING, message, lane.name, numbers)

    def _on_trial(self, lane: LaneWorkers, node: str, now_us: int) -> Wait:
        """Workers are there, on nodes that are tried by one worker at a time."""
        trial, label = lane.trust.trials[node], self.fleet.nodes[node].label
        left_s = max(0.0, (trial.until_us - now_us) / 1e6)
        message = f"node {label} is on trial, as {trial.why}; it is tried again in {left_s:.0f} s"
        return Wait(WaitReason.BACKOFF, message, node, {"retry_in_s": left_s})

    def _busy(self, job: LiveJob, lane: LaneWorkers, ahead: dict[str, float]) -> Wait:
        numbers = {"workers": float(len(lane.workers)), "busy": float(lane.busy), **ahead}
        others = self._others(job, lane)
        if others:
            message = f"{_of(lane.busy, lane)} busy: {_working(others)}"
            return Wait(WaitReason.SHARE, message, next(iter(others)), numbers)
        before = f", and {_count(int(ahead['queued_before']), 'task')} will run before it" if ahead else ""
        message = f"{_of(lane.busy, lane)} busy with work of its own project{before}"
        return Wait(WaitReason.CAPACITY, message, lane.name, numbers)

    def _others(self, job: LiveJob, lane: LaneWorkers | None) -> dict[str, int]:
        """What other projects have running, in a lane or everywhere: project to attempts, most first."""
        counts: dict[str, int] = {}
        lanes = [lane] if lane else self.workers.lanes.values()
        for each in lanes:
            for project, count in each.busy_for.items():
                if project != job.project:
                    counts[project] = counts.get(project, 0) + count
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def needs(lane: LaneWorkers) -> str:
    """What a worker of a lane asks of a node: "a worker of wan (4 ranks, 8 GPUs)"."""
    parts: list[str] = []
    if lane.lane.ranks > 1:
        parts.append(f"{lane.lane.ranks} ranks")
    if lane.gpus:
        parts.append(_count(lane.gpus, "GPU"))
    if lane.lane.pool:
        parts.append(f"pool {lane.lane.pool}")
    return f"a worker of {lane.name}" + (f" ({', '.join(parts)})" if parts else "")


def limited(hit: LimitHit) -> Wait:
    """The reason that a limit is."""
    numbers = {"limit": hit.limit, "spent": hit.spent, "reserved": hit.reserved, "asked": hit.asked}
    if hit.which is Which.GPUS:
        message = f"{hit.whose} {hit.name} may use {_count(hit.limit, 'GPU')} at once and uses {hit.reserved}"
    else:
        message = (
            f"{hit.whose} {hit.name} may cost {_money(hit.limit)}: {_money(hit.spent)} are spent, "
            f"{_money(hit.reserved)} reserved, and this asks for {_money(hit.asked)}"
        )
    return Wait(WaitReason.LIMIT, message, hit.name, {name: float(number) for name, number in numbers.items()})


def _working(others: Mapping[str, int]) -> str:
    return ", ".join(f"{count} at work for {project}" for project, count in others.items())


def _of(count: int, lane: LaneWorkers) -> str:
    """So many of a lane's workers, as the subject of a sentence."""
    if len(lane.workers) == 1:
        return f"the only worker of lane {lane.name} is"
    return f"{count or 'none'} of the {len(lane.workers)} workers of lane {lane.name} {'is' if count == 1 else 'are'}"


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _money(micros: int) -> str:
    return f"{micros / 1e6:.2f}"
