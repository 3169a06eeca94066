"""Who runs next: what could run now, in the order in which it should.

    lane ──▶ floor ──▶ band ──▶ project ──▶ job ──▶ task
             behind    urgent   least       priority,   its order within
             first     first    virtual     then age    the job
                                time

Behind its floor, and by virtual time: see `farm.scheduler.shares`, which has the projects' clocks.

`Queues` owns which tasks could run. It does not know what runs: a picked task stays queued until it is removed.
Everything is deterministic: equals are told apart by name.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TypeAlias

from farm.scheduler.jobqueue import JobQueue
from farm.scheduler.policy import Band, Policy
from farm.scheduler.shares import Project, Shares
from farm.tasks import Lane, TaskId

Rank: TypeAlias = tuple[int, int, int, str]
"""A job's place within its project: band, priority downwards, creation, name."""

_BANDS = tuple(Band)
_BEHIND = -1
"""Before every band: projects under their floor."""


@dataclass(slots=True)
class _Share:
    """What one project could run in one lane: the queues of its open jobs that are not empty, best job first."""

    project: Project
    queues: list[tuple[Rank, JobQueue]] = field(default_factory=list[tuple[Rank, JobQueue]])


@dataclass(slots=True)
class _LaneQueues:
    shares: dict[str, _Share] = field(default_factory=dict[str, _Share])
    """By project; none is empty."""
    wanted: dict[TaskId, int] = field(default_factory=dict[TaskId, int])
    """How many open jobs want each task that could run."""


@dataclass(slots=True)
class _Job:
    name: str
    project: Project
    rank: Rank
    open: bool
    queues: dict[Lane, JobQueue] = field(default_factory=dict[Lane, JobQueue])
    """By lane; none is empty."""


class Queues:
    """What could run now, of all jobs and lanes, and whose turn it is."""

    def __init__(self, policy: Policy) -> None:
        self._shares = Shares(policy)
        self._jobs: dict[str, _Job] = {}
        self._lanes: dict[Lane, _LaneQueues] = {}
        self.charge = self._shares.charge
        """What work uses, see `Shares.charge`."""

    # -- jobs ---------------------------------------------------------------------------------------------------

    def set_job(self, job: str, project: str, priority: int, created_us: int, *, open: bool) -> None:  # noqa: A002
        """A job is there, or has other terms. Not open (held, paused): its queue is kept and none of it is picked."""
        rank = (_BANDS.index(Band.of(priority)), -priority, created_us, job)
        known = self._jobs.get(job)
        if known is None:
            self._jobs[job] = _Job(job, self._shares.of(project), rank, open)
            return
        if known.open and open and known.project.name == project:
            self._rank_anew(known, rank)
            return
        self._detach_all(known)
        known.project, known.rank, known.open = self._shares.of(project), rank, open
        self._attach_all(known)

    def drop_job(self, job: str) -> None:
        """Forget a job and its queue. An unknown job is nothing to forget."""
        known = self._jobs.pop(job, None)
        if known is not None:
            self._detach_all(known)

    # -- tasks --------------------------------------------------------------------------------------------------

    def push(self, job: str, lane: Lane, order: tuple[int, ...], task: TaskId) -> None:
        """A task could run, in the name of a known job. Pushed again, it takes its new place."""
        owner = self._jobs[job]
        queue = owner.queues.get(lane)
        if queue is None:
            queue = owner.queues[lane] = JobQueue(job)
            queue.push(order, task)
            if owner.open:
                self._attach(owner, lane, queue)
        elif task not in queue:
            queue.push(order, task)
            if owner.open:
                wanted = self._lanes[lane].wanted
                wanted[task] = wanted.get(task, 0) + 1
        elif queue.places[task][0] != order:
            queue.remove(task)
            queue.push(order, task)

    def remove(self, job: str, lane: Lane, task: TaskId) -> None:
        """A task runs, or is not wanted any more. What is not queued needs no removing."""
        owner = self._jobs.get(job)
        queue = owner.queues.get(lane) if owner else None
        if owner is None or queue is None or task not in queue:
            return
        if len(queue) > 1:
            queue.remove(task)
            if owner.open:
                _unwant(self._lanes[lane], task)
            return
        if owner.open:
            self._detach(owner, lane, queue)
        del owner.queues[lane]

    # -- whose turn ---------------------------------------------------------------------------------------------

    def pick(
        self, lane: Lane, now_us: int, may: Callable[[str], bool], fits: Callable[[TaskId], bool]
    ) -> tuple[str, TaskId] | None:
        """The task that should run next in a lane, and the job in whose name. It stays queued until it is removed.

        A job that `may` not is passed over, as at a limit; a task that does not fit is passed over alone. None when
        nothing is left.
        """
        del now_us  # the order changes with what is booked, not with time alone
        queues = self._lanes.get(lane)
        if queues is None:
            return None
        for share, level in self._turns(queues):
            for rank, queue in share.queues:
                if level not in (_BEHIND, rank[0]):
                    if rank[0] > level:
                        break
                    continue
                if may(queue.job) and (task := queue.first(fits)) is not None:
                    return queue.job, task
        return None

    # -- reading ------------------------------------------------------------------------------------------------

    def depth(self, lane: Lane) -> int:
        """How many tasks could run in a lane; one that several jobs want counts once."""
        queues = self._lanes.get(lane)
        return len(queues.wanted) if queues else 0

    def depth_of(self, job: str) -> int:
        """How many tasks of a job are queued, whether it is open or not."""
        known = self._jobs.get(job)
        return sum(len(queue) for queue in known.queues.values()) if known else 0

    def lanes_wanting(self) -> tuple[Lane, ...]:
        """The lanes in which something could run, that with the best task first."""
        best = {
            lane: min((self._turn(share), share.queues[0][0]) for share in queues.shares.values())
            for lane, queues in self._lanes.items()
        }
        return tuple(sorted(best, key=lambda lane: (best[lane], lane.name)))

    def ahead(self, job: str, lane: Lane, task: TaskId) -> int:
        """About how many tasks of its lane run before one that is queued, if nothing is added and nothing corrected.

        Other projects of the same band are taken to run in turns by weight; floors are left out.
        """
        owner = self._jobs[job]
        own = owner.queues[lane].ahead(task)
        others, urgent = 0.0, 0
        queues = self._lanes.get(lane, _LaneQueues())
        band = owner.rank[0]
        own_share = queues.shares.get(owner.project.name, _Share(owner.project))
        own += sum(len(queue) for rank, queue in own_share.queues if band == rank[0] and rank < owner.rank)
        for share in queues.shares.values():
            urgent += sum(len(queue) for rank, queue in share.queues if rank[0] < band)
            if share is not own_share:
                peers = sum(len(queue) for rank, queue in share.queues if rank[0] == band)
                others += min(peers, own * share.project.weight / owner.project.weight)
        return urgent + own + round(others)

    # -- turns --------------------------------------------------------------------------------------------------

    def _turns(self, queues: _LaneQueues) -> Iterator[tuple[_Share, int]]:
        """Projects in their order, each with the level it is at: behind, or a band. A project comes once a band.

        The first comes from one pass over the projects, as it is nearly always the one that is taken.
        """
        first = min(queues.shares.values(), key=self._turn)
        first_level = self._turn(first)[0]
        yield first, first_level
        turns = [(*self._turn(share), share) for share in queues.shares.values()]
        heapq.heapify(turns)
        while turns:
            level, value, name, share = heapq.heappop(turns)
            if share is not first or level != first_level:
                yield share, level
            if level == _BEHIND:
                continue
            later = next((rank[0] for rank, _ in share.queues if rank[0] > level), None)
            if later is not None:
                heapq.heappush(turns, (later, value, name, share))

    def _turn(self, share: _Share) -> tuple[int, float, str]:
        """Level, clock, name: the least goes first. No two projects of a lane have the same."""
        project = share.project
        if project.paid_to < self._shares.total:
            return _BEHIND, project.paid_to, project.name
        return share.queues[0][0][0], project.virtual_s, project.name

    # -- which queues could run ---------------------------------------------------------------------------------

    def _attach_all(self, job: _Job) -> None:
        if job.open:
            for lane, queue in job.queues.items():
                self._attach(job, lane, queue)

    def _detach_all(self, job: _Job) -> None:
        if job.open:
            for lane, queue in job.queues.items():
                self._detach(job, lane, queue)

    def _rank_anew(self, job: _Job, rank: Rank) -> None:
        """Other terms for an open job, whose project keeps its arrears."""
        for lane, queue in job.queues.items():
            share = self._lanes[lane].shares[job.project.name]
            del share.queues[bisect_left(share.queues, job.rank, key=itemgetter(0))]
            insort(share.queues, (rank, queue))
        job.rank = rank

    def _attach(self, job: _Job, lane: Lane, queue: JobQueue) -> None:
        queues = self._lanes.get(lane)
        if queues is None:
            queues = self._lanes[lane] = _LaneQueues()
        share = queues.shares.get(job.project.name)
        if share is None:
            share = queues.shares[job.project.name] = _Share(job.project)
            self._shares.want(job.project)
        insort(share.queues, (job.rank, queue))
        for task in queue.places:
            queues.wanted[task] = queues.wanted.get(task, 0) + 1

    def _detach(self, job: _Job, lane: Lane, queue: JobQueue) -> None:
        queues = self._lanes[lane]
        share = queues.shares[job.project.name]
        del share.queues[bisect_left(share.queues, job.rank, key=itemgetter(0))]
        for task in queue.places:
            _unwant(queues, task)
        if share.queues:
            return
        del queues.shares[job.project.name]
        self._shares.rest(job.project)
        if not queues.shares:
            del self._lanes[lane]


def _unwant(queues: _LaneQueues, task: TaskId) -> None:
    if queues.wanted[task] > 1:
        queues.wanted[task] -= 1
    else:
        del queues.wanted[task]
