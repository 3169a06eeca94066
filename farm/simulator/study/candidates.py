"""The policies that are compared: two that stand for a way of thinking, and a few of their neighbours.

eager   a node for every take that waits, and none that waits for takes
paced   nodes for as much as is queued for some minutes of theirs; one worker of a lane stays warm for a while
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from farm.scheduler.policy import SPOT, NodeShape, Policy, Scaling
from farm.simulator.study.facts import ON_DEMAND

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One policy of the study."""

    name: str
    scaling: Scaling
    idle_stop_s: float = Policy().idle_stop_s
    market: str = ""
    """The only one that it asks; "" for all."""
    shown: str = ""
    """Why it is beside the others; "" for those among which the default is picked."""

    @property
    def may_be_default(self) -> bool:
        return not self.shown

    def policy(self, kinds: Sequence[NodeShape]) -> Policy:
        """That of a farm to which nodes of those kinds may come."""
        asked = tuple(kind for kind in kinds if self.market in {"", kind.market})
        return Policy(elastic=asked, scaling=self.scaling, idle_stop_s=self.idle_stop_s)


def _paced(minutes: float, warm_minutes: float = 15) -> Scaling:
    return Scaling(backlog_s=minutes * MINUTE_S, warm_s=warm_minutes * MINUTE_S)


EAGER = Candidate("eager", Scaling(backlog_s=0.0, warm_s=0.0))
CANDIDATES = (
    EAGER,
    Candidate("eager, warm", _paced(0)),
    *(Candidate(f"paced {minutes}", _paced(minutes)) for minutes in (5, 10, 20, 40)),
    Candidate("paced 20, cold", _paced(20, 0), shown="no worker stays warm"),
    Candidate("paced 20, idle 5", _paced(20), idle_stop_s=300.0, shown="workers idle for five minutes"),
    Candidate("paced 20, on-demand", _paced(20), market=ON_DEMAND, shown="no spot"),
    Candidate("paced 20, spot", _paced(20), market=SPOT, shown="only spot"),
)
"""The number is `backlog_s` in minutes."""
