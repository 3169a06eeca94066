"""Which lane's work comes before another's, so that a warm worker gives way to it.

    more urgent work                                      ──▶ at once
    another project's, which is owed more                 ──▶ when it has waited ten times what loading takes
    the same project's, in a lane that has no worker      ──▶ after thirty times

Owns the lanes' ranks as of the last look; `farm.scheduler.sizing` acts on them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from farm.scheduler.demand import usage
from farm.scheduler.graph import Graph
from farm.scheduler.lanes import LaneWorkers, Workers
from farm.scheduler.order import Queues
from farm.scheduler.policy import Band, Policy, ProjectPolicy

_BANDS = tuple(Band)
_DEFAULT_TERMS = ProjectPolicy()
OTHER_PROJECT_LOADS = 10
OWN_PROJECT_LOADS = 30
LOOK_S = 1.0
"""How old the comparison of lanes may be."""


@dataclass(frozen=True, slots=True)
class Rank:
    """What a lane's work is worth against that of others, as of the last look."""

    band: int
    """0 is the most urgent."""
    place: int
    """Among the lanes that want workers, by their best task."""
    projects: frozenset[str]


@dataclass(slots=True)
class Rivalry:
    graph: Graph
    queues: Queues
    workers: Workers
    policy: Policy
    ranks: dict[LaneWorkers, Rank] = field(default_factory=dict[LaneWorkers, Rank])
    """Of the lanes that have work."""
    _looked_us: int = 0

    def look(self, now_us: int) -> list[LaneWorkers]:
        """Look at all lanes' work; gives those that have any, best first."""
        wanting = [self.workers.of(lane) for lane in self.queues.lanes_wanting()]
        self._looked_us = now_us
        self.ranks = {
            lane: Rank(_BANDS.index(self.graph.band(lane.lane)), place, self.graph.projects(lane.lane))
            for place, lane in enumerate(wanting)
        }
        return wanting

    def refresh(self, lane: LaneWorkers, now_us: int) -> None:
        """Look again where the last look is old, or did not know of a lane's work."""
        if now_us - self._looked_us >= LOOK_S * 1e6 or lane not in self.ranks:
            self.look(now_us)

    def outranks(self, claim: LaneWorkers, lane: LaneWorkers, now_us: int) -> bool:
        """Whether a worker of `lane` gives way to a lane that could use more."""
        mine, theirs = self.ranks.get(claim), self.ranks[lane]
        if mine is None:
            return False  # its work is gone
        if mine.band < theirs.band:
            return True
        waited_s = (now_us - claim.unmet_since_us) / 1e6
        if mine.projects - theirs.projects and mine.place < theirs.place:
            return waited_s >= OTHER_PROJECT_LOADS * claim.load_s and self._evens_out(claim, lane)
        return mine.band == theirs.band and not claim.workers and waited_s >= OWN_PROJECT_LOADS * claim.load_s

    def _evens_out(self, claim: LaneWorkers, lane: LaneWorkers) -> bool:
        """Whether a worker of `lane` that goes to `claim` brings them nearer to their projects' shares, not past."""
        if not claim.workers:
            return True
        more = usage(claim, len(claim.workers) + 1) / self._weight(claim)
        return more <= usage(lane, len(lane.workers)) / self._weight(lane)

    def _weight(self, lane: LaneWorkers) -> float:
        terms = self.policy.projects
        return sum(terms.get(project, _DEFAULT_TERMS).weight for project in self.ranks[lane].projects)
