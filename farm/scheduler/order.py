"""Who runs next: what could run now, in the order in which it should.

    lane ──▶ floor ──▶ band ──▶ project ──▶ job ──▶ task
             behind    urgent   least       priority,   its order within
             first     first    virtual     then age    the job
                                time

**Fair share** is start-time fair queueing. A project's virtual time grows by usage / weight as work is booked, and the
project whose virtual time is least goes first: projects that all have work then differ by at most one booking each,
whatever their tasks' lengths. A project that comes back from idleness starts at the least virtual time of those that
have work, so that it neither owes for the time alone nor hoards for the time away.

**Floors** are a second clock. `_total` is all usage ever booked; `paid_to` of a project is the total up to which it has
had its floor: booking moves it on by usage / floor. A project with work whose `paid_to` lies behind the total is under
its floor, and goes before everything, the one furthest behind first. A project gets its floor from every moment on,
however much it had before, and going first never takes more of the farm than that floor. Where the floors of the
projects with work come to more than the whole farm, they are shares of it.

Work is booked at its start by estimate, and corrected at its end; a correction counts towards a floor as far as its
booking did. Estimates that are wrong by a factor move work by about as much of a booking; they change no share over
time.

**Arrears** of a project that has work and cannot run it (its lane has no worker, it is at a limit, more urgent work is
there) grow no further than what the farm does in about `share_window_s`.

`Queues` owns which tasks could run and every project's clocks. It does not know what runs: a picked task stays queued
until it is removed. Removal is lazy in the heaps, which are rebuilt when more than half of one is dead. Everything is
deterministic: equals are told apart by name.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf
from operator import itemgetter
from typing import TypeAlias

from farm.scheduler.policy import Band, Policy, ProjectPolicy
from farm.tasks import Lane, TaskId

Rank: TypeAlias = tuple[int, int, int, str]
"""A job's place within its project: band, priority downwards, creation, name."""

_BANDS = tuple(Band)
_DEFAULT_TERMS = ProjectPolicy()
_BEHIND = -1
"""Before every band: projects under their floor."""
_SPARE = 64
"""Dead entries that a heap may hold beyond as many as are alive."""
_BOOKINGS = 2
"""How many of the largest bookings arrears may always hold: fair queueing alone makes up to that."""


@dataclass(slots=True)
class _Project:
    name: str
    weight: float
    floor: float
    virtual_s: float
    """Usage / weight so far, or as if so."""
    paid_to: float
    """The farm's total usage up to which this project has had its floor."""
    booked: float = 0.0
    """By attempts that have not ended."""
    forgiven: float = 0.0
    """The part of `booked` that `paid_to` does not hold, as it was beyond the floor."""
    shares: int = 0
    """In how many lanes it has something that could run."""


@dataclass(slots=True)
class _Queue:
    """A job's tasks of one lane. What `orders` does not have is dead in the heap."""

    job: str
    orders: dict[TaskId, tuple[int, ...]] = field(default_factory=dict[TaskId, tuple[int, ...]])
    heap: list[tuple[tuple[int, ...], TaskId]] = field(default_factory=list[tuple[tuple[int, ...], TaskId]])

    def push(self, order: tuple[int, ...], task: TaskId) -> None:
        self.orders[task] = order
        heapq.heappush(self.heap, (order, task))

    def remove(self, task: TaskId) -> None:
        del self.orders[task]
        if len(self.heap) > 2 * len(self.orders) + _SPARE:
            self.heap = [(order, task) for task, order in self.orders.items()]
            heapq.heapify(self.heap)

    def first(self, fits: Callable[[TaskId], bool]) -> TaskId | None:
        """The first task that fits. The queue is not empty."""
        heap, orders = self.heap, self.orders
        while orders.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)
        task = heap[0][1]
        return task if fits(task) else self._first_after_head(fits)

    def _first_after_head(self, fits: Callable[[TaskId], bool]) -> TaskId | None:
        """Walk the heap best first without changing it: a task that does not fit is skipped, not lost."""
        heap, orders = self.heap, self.orders
        frontier = [(heap[i], i) for i in (1, 2) if i < len(heap)]
        heapq.heapify(frontier)
        while frontier:
            (order, task), at = heapq.heappop(frontier)
            if orders.get(task) == order and fits(task):
                return task
            for child in (2 * at + 1, 2 * at + 2):
                if child < len(heap):
                    heapq.heappush(frontier, (heap[child], child))
        return None


@dataclass(slots=True)
class _Share:
    """What one project could run in one lane: the queues of its open jobs that are not empty, best job first."""

    project: _Project
    queues: list[tuple[Rank, _Queue]] = field(default_factory=list[tuple[Rank, _Queue]])


@dataclass(slots=True)
class _LaneQueues:
    shares: dict[str, _Share] = field(default_factory=dict[str, _Share])
    """By project; none is empty."""
    wanted: dict[TaskId, int] = field(default_factory=dict[TaskId, int])
    """How many open jobs want each task that could run."""


@dataclass(slots=True)
class _Job:
    name: str
    project: _Project
    rank: Rank
    open: bool
    queues: dict[Lane, _Queue] = field(default_factory=dict[Lane, _Queue])
    """By lane; none is empty."""


class Queues:
    """What could run now, of all jobs and lanes, and whose turn it is."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._jobs: dict[str, _Job] = {}
        self._projects: dict[str, _Project] = {}
        self._lanes: dict[Lane, _LaneQueues] = {}
        self._total = 0.0
        """All usage booked."""
        self._recent = 0.0
        """Usage booked, halved every `share_window_s`; as of `_recent_us`."""
        self._recent_us = 0
        self._weights = 0.0
        """Of the projects with something that could run."""
        self._front_s = 0.0
        """The greatest virtual time that work was booked at."""
        self._largest_s = 0.0
        """The largest step of a virtual time."""

    # -- jobs ---------------------------------------------------------------------------------------------------

    def set_job(self, job: str, project: str, priority: int, created_us: int, *, open: bool) -> None:  # noqa: A002
        """A job is there, or has other terms. Not open (held, paused): its queue is kept and none of it is picked."""
        rank = (_BANDS.index(Band.of(priority)), -priority, created_us, job)
        known = self._jobs.get(job)
        if known is None:
            self._jobs[job] = _Job(job, self._project(project), rank, open)
            return
        if known.open and open and known.project.name == project:
            self._rank_anew(known, rank)
            return
        self._detach_all(known)
        known.project, known.rank, known.open = self._project(project), rank, open
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
            queue = owner.queues[lane] = _Queue(job)
            queue.push(order, task)
            if owner.open:
                self._attach(owner, lane, queue)
        elif task not in queue.orders:
            queue.push(order, task)
            if owner.open:
                wanted = self._lanes[lane].wanted
                wanted[task] = wanted.get(task, 0) + 1
        elif queue.orders[task] != order:
            queue.remove(task)
            queue.push(order, task)

    def remove(self, job: str, lane: Lane, task: TaskId) -> None:
        """A task runs, or is not wanted any more. What is not queued needs no removing."""
        owner = self._jobs.get(job)
        queue = owner.queues.get(lane) if owner else None
        if owner is None or queue is None or task not in queue.orders:
            return
        if len(queue.orders) > 1:
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

    def charge(self, project: str, now_us: int, usage: float, *, booked: float | None = None) -> None:
        """Book usage, in resource-seconds: what an attempt is expected to use when it starts; at its end the
        difference, which may be negative, with what had been `booked` for it.

        Every booking is corrected once, however its attempt ended.
        """
        assert booked is not None or usage >= 0, f"{usage} for {project}: a correction says what was booked"
        owner = self._project(project)
        self._forget_until(now_us)
        step_s = usage / owner.weight
        if booked is None:
            self._front_s = max(self._front_s, owner.virtual_s)
            self._largest_s = max(self._largest_s, step_s)
            owner.virtual_s = max(owner.virtual_s, self._front_s - self._arrears_s(owner))
        owner.virtual_s += step_s
        if owner.floor and booked is None:
            self._pay_floor(owner, usage)
        elif owner.floor and booked is not None:
            self._correct_floor(owner, usage, booked)
        self._total += usage
        self._recent = max(0.0, self._recent + usage)

    # -- reading ------------------------------------------------------------------------------------------------

    def depth(self, lane: Lane) -> int:
        """How many tasks could run in a lane; one that several jobs want counts once."""
        queues = self._lanes.get(lane)
        return len(queues.wanted) if queues else 0

    def depth_of(self, job: str) -> int:
        """How many tasks of a job are queued, whether it is open or not."""
        known = self._jobs.get(job)
        return sum(len(queue.orders) for queue in known.queues.values()) if known else 0

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
        own_queue = owner.queues[lane]
        place = (own_queue.orders[task], task)
        own = sum((order, other) < place for other, order in own_queue.orders.items())
        others, urgent = 0.0, 0
        queues = self._lanes.get(lane, _LaneQueues())
        band = owner.rank[0]
        own_share = queues.shares.get(owner.project.name, _Share(owner.project))
        own += sum(len(queue.orders) for rank, queue in own_share.queues if band == rank[0] and rank < owner.rank)
        for share in queues.shares.values():
            urgent += sum(len(queue.orders) for rank, queue in share.queues if rank[0] < band)
            if share is not own_share:
                peers = sum(len(queue.orders) for rank, queue in share.queues if rank[0] == band)
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
        if project.paid_to < self._total:
            return _BEHIND, project.paid_to, project.name
        return share.queues[0][0][0], project.virtual_s, project.name

    # -- clocks -------------------------------------------------------------------------------------------------

    def _project(self, name: str) -> _Project:
        known = self._projects.get(name)
        if known is None:
            terms = self._policy.projects.get(name) or _DEFAULT_TERMS
            paid_to = self._total if terms.floor > 0 else inf
            known = self._projects[name] = _Project(name, terms.weight, terms.floor, 0.0, paid_to)
        return known

    def _join(self, project: _Project) -> None:
        """A project has work after having had none."""
        others = [other.virtual_s for other in self._projects.values() if other.shares]
        if others:
            start_s = max(min(others), self._front_s - self._arrears_s(project))
        else:
            start_s = max(other.virtual_s for other in self._projects.values())
        project.virtual_s = max(project.virtual_s, start_s)
        project.paid_to = max(project.paid_to, self._total)
        self._weights += project.weight

    def _pay_floor(self, project: _Project, usage: float) -> None:
        """Move `paid_to` on for a booking: for all of it when the project is behind, else for the largest one only.

        What it uses beyond its floor is forgiven at once: it has its floor from every moment on.
        """
        step = usage / project.floor
        if project.paid_to > self._total:
            paid_to = max(project.paid_to, self._total + step)
            project.forgiven += usage - (paid_to - project.paid_to) * project.floor
        else:
            paid_to = max(project.paid_to, self._total - self._recent - _BOOKINGS * usage) + step
        project.paid_to = paid_to
        project.booked += usage

    @staticmethod
    def _correct_floor(project: _Project, late: float, booked: float) -> None:
        """Of a correction counts what counted of the bookings, on the average of those that are open."""
        forgiven = min(1.0, project.forgiven / project.booked) if project.booked > 0 else 0.0
        project.forgiven = max(0.0, project.forgiven - forgiven * booked)
        project.booked = max(0.0, project.booked - booked)
        project.paid_to += late * (1 - forgiven) / project.floor

    def _arrears_s(self, project: _Project) -> float:
        """How far behind the greatest virtual time a project can be."""
        return self._recent / max(self._weights, project.weight) + _BOOKINGS * self._largest_s

    def _forget_until(self, now_us: int) -> None:
        passed_s = (now_us - self._recent_us) / 1e6
        if passed_s > 0:
            self._recent *= 0.5 ** (passed_s / self._policy.share_window_s)
            self._recent_us = now_us

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

    def _attach(self, job: _Job, lane: Lane, queue: _Queue) -> None:
        queues = self._lanes.get(lane)
        if queues is None:
            queues = self._lanes[lane] = _LaneQueues()
        share = queues.shares.get(job.project.name)
        if share is None:
            share = queues.shares[job.project.name] = _Share(job.project)
            if not job.project.shares:
                self._join(job.project)
            job.project.shares += 1
        insort(share.queues, (job.rank, queue))
        for task in queue.orders:
            queues.wanted[task] = queues.wanted.get(task, 0) + 1

    def _detach(self, job: _Job, lane: Lane, queue: _Queue) -> None:
        queues = self._lanes[lane]
        share = queues.shares[job.project.name]
        del share.queues[bisect_left(share.queues, job.rank, key=itemgetter(0))]
        for task in queue.orders:
            _unwant(queues, task)
        if share.queues:
            return
        del queues.shares[job.project.name]
        job.project.shares -= 1
        if not job.project.shares:
            self._weights -= job.project.weight
        if not queues.shares:
            del self._lanes[lane]


def _unwant(queues: _LaneQueues, task: TaskId) -> None:
    if queues.wanted[task] > 1:
        queues.wanted[task] -= 1
    else:
        del queues.wanted[task]
