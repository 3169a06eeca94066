"""Reads of a PromQL query what it is about: which metrics with which matchers, and by which labels it groups.

    "sum by (lane) (rate(farm_frames_total{model="a"}[5m]))"
        ─▶ Selector("farm_frames_total", {"model"})   grouped: {"lane"}

No parser of the language, which `promtool check rules` and Prometheus itself are: only enough to hold each query
against the table of metric families.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
_GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)")
_RANGE = re.compile(r"\[[^\]]*\]")
_SELECTOR = re.compile(r"(?<![\w:.$])([a-zA-Z_:][\w:]*)\s*(\{[^{}]*\})?(?!\s*\()(?![\w:])")
_MATCHER = re.compile(r"([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)")

_WORDS = frozenset(
    {"by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset", "and", "or", "unless"}
    | {"sum", "max", "min", "avg", "count", "inf", "nan", "start", "end"}
)


@dataclass(frozen=True, slots=True)
class Selector:
    """One metric that a query asks for."""

    metric: str
    labels: frozenset[str]
    """Labels that it is narrowed by."""


def selectors(expr: str) -> tuple[Selector, ...]:
    """Every metric that a query names, in order."""
    return tuple(_selectors(_RANGE.sub("", _GROUPING.sub(" ", _STRING.sub('""', expr)))))


def _selectors(bare: str) -> Iterator[Selector]:
    for found in _SELECTOR.finditer(bare):
        name, matchers = found[1], found[2] or ""
        inside = bare.rfind("{", 0, found.start()) > bare.rfind("}", 0, found.start())
        if name.lower() not in _WORDS and not inside:
            yield Selector(name, frozenset(_MATCHER.findall(matchers)))


def grouped(expr: str) -> frozenset[str]:
    """Every label that a query groups or joins by."""
    lists = (found[2] for found in _GROUPING.finditer(_STRING.sub('""', expr)))
    return frozenset(label for labels in lists for label in re.findall(r"\w+", labels))


def filled(expr: str, values: Mapping[str, str]) -> str:
    """A query of a dashboard with its variables in place: `$project`, `$__rate_interval`."""
    for name in sorted(values, key=len, reverse=True):
        expr = expr.replace(f"${name}", values[name])
    return expr
