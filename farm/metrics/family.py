"""What one family of metrics is: its name, its kind, what it says, by which labels, and where it comes from.

A family is data: nothing is exposed that does not stand in `farm.metrics.families`, the reference page is written from
that table, and dashboards and alerts are tested against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """As Prometheus calls them."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Source(StrEnum):
    """Where the numbers of a family come from, which says when there are any and how exact they are."""

    EVENTS = "events"
    """Counted as the driver decides, since this process began to count. Starts at 0 with the process."""
    PULSE = "pulse"
    """The scheduler's own state at the last pulse, every two seconds. Only while this process leads."""
    STORE = "store"
    """Read from the job store: exact, whatever process wrote it. Only while this process leads."""
    PROCESS = "process"
    """Of this process and its machine, whether it leads or stands by."""
    SERVE = "serve"
    """Told by `farm serve`, of itself and of what it sees of the farm from outside; everything else is a driver's."""


@dataclass(frozen=True, slots=True)
class Label:
    """What tells the series of a family apart."""

    name: str
    says: str
    at_most: int | None = None
    """So many values are told apart, further ones are "other"; None: its values are the farm's own words."""
    is_passing: bool = False
    """True when values come and go, and whoever tells them names no more than `at_most` at once."""


@dataclass(frozen=True, slots=True)
class Family:
    """One row of the table."""

    name: str
    """As it is asked for: with `_total` for counters; histograms add `_bucket`, `_sum` and `_count`."""
    kind: Kind
    source: Source
    says: str
    """One sentence."""
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    """Upper bounds without +Inf."""
    per: int = 1
    """A counter counts in parts of its unit, so many to one: sums of whole parts are exact."""

    @property
    def at_most(self) -> int:
        """So many label sets are told apart; see `farm.metrics.labels`."""
        return HISTOGRAM_SETS if self.kind is Kind.HISTOGRAM else SCALAR_SETS


SCALAR_SETS = 600
HISTOGRAM_SETS = 48
"""Label sets of a family at most: what hostile lists can make of the table stays this large."""


def by_name(families: tuple[Family, ...]) -> Mapping[str, Family]:
    """The table by name. Raises `AssertionError` when a name stands in it twice."""
    found = {family.name: family for family in families}
    assert len(found) == len(families), "two families have one name"
    return found
