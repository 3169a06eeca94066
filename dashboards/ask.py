"""PromQL that many panels ask with: rates, what was gained in a window, shares, quantiles.

A counter that has just appeared is new to Prometheus: `increase` sees its second sample as the first change, so that
the first failure of a kind would never show. `gained` takes the whole value of what was not there a window ago.
"""

from __future__ import annotations

from dashboards.panel import Query

_GRAIN = "$__rate_interval"
"""As wide as a point of the picture, and never too narrow for a rate."""


def rate(counter: str, by: str = "", grain: str = _GRAIN) -> str:
    """Of a counter, in a second, for each value of the labels `by`."""
    return f"{_sum(by)}(rate({counter}[{grain}]))"


def gained(counter: str, window: str, by: str = "") -> str:
    """By how much a counter grew in the window that ends now."""
    return f"{_sum(by)}(({counter} unless {counter} offset {window}) or increase({counter}[{window}]))"


def share(part: str, whole: str, window: str, by: str = "") -> str:
    """What part of one counter's growth is another's."""
    return f"{gained(part, window, by)} / {gained(whole, window, by)}"


def quantile(of: float, histogram: str, by: str = "", grain: str = _GRAIN) -> str:
    """A quantile of a histogram, which may have matchers, for each value of the label `by`."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({of:g}, {rate(_part(histogram, 'bucket'), labels, grain)})"


def quantiles(histogram: str, by: str, *shares: float, grain: str = _GRAIN) -> tuple[Query, ...]:
    """Quantiles with their names: "generate p95". What is rare wants a wide grain."""
    return tuple(Query(quantile(each, histogram, by, grain), f"{{{{{by}}}}} p{each * 100:g}") for each in shares)


def by_all(narrow: str, wide: str, by: str) -> str:
    """Sums of `narrow` by labels, 0 where there is only `wide`: a column of a table without gaps."""
    return f"sum by ({by}) ({narrow}) or 0 * sum by ({by}) ({wide})"


def driver_durations() -> tuple[Query, ...]:
    """Of the driver's turns and of its commits, typically and at worst."""
    families = {"turn": "farm_turn_duration_seconds", "commit": "farm_commit_duration_seconds"}
    return tuple(
        Query(quantile(each, family), f"{what} p{each * 100:g}")
        for what, family in families.items()
        for each in (0.5, 0.99)
    )


def _sum(by: str) -> str:
    return f"sum by ({by}) " if by else "sum"


def _part(histogram: str, part: str) -> str:
    """`x{a="b"}` as `x_bucket{a="b"}`."""
    family, brace, matchers = histogram.partition("{")
    return f"{family}_{part}{brace}{matchers}"
