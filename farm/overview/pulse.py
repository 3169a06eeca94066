"""The driver's last word, read by somebody who may be older or newer than it: what cannot be read is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from farm.overview.values import LaneLine, NodeLine, PoolLine, Rates, WaitLine
from farm.scheduler.waits import WaitReason

Document = Mapping[str, JsonValue]

Line = TypeVar("Line", bound=BaseModel)

_URGENCY: Mapping[str, int] = {WaitReason.INCAPABLE: -1, WaitReason.UPSTREAM: 1}


def rates(document: Document) -> Rates:
    """Each of them by itself: one that cannot be read says nothing about the others."""
    found = document.get("rates")
    said: dict[str, JsonValue] = found if isinstance(found, dict) else {}
    return Rates.model_validate({name: value for name, value in said.items() if _is_one(Rates, name, value)})


def lanes(document: Document) -> tuple[LaneLine, ...]:
    """Those that have workers, work, or a reason why they have none; the most GPUs first."""
    found = (lane for lane in _lines(LaneLine, document.get("lanes")) if _is_told(lane))
    return tuple(sorted(found, key=lambda lane: (-lane.gpus * lane.workers, -lane.gpus, -lane.workers, lane.name)))


def nodes(document: Document) -> tuple[NodeLine, ...]:
    return tuple(sorted(_lines(NodeLine, document.get("nodes")), key=lambda node: (node.pools, node.label)))


def pools(nodes: Iterable[NodeLine]) -> tuple[PoolLine, ...]:
    """Those with the most GPUs first."""
    of_pool: dict[tuple[str, ...], list[NodeLine]] = {}
    for node in nodes:
        of_pool.setdefault(node.pools, []).append(node)
    found = [_pool(", ".join(names), members) for names, members in of_pool.items()]
    return tuple(sorted(found, key=lambda pool: (-pool.gpus, pool.name)))


def waits(document: Document) -> tuple[WaitLine, ...]:
    """Over all jobs: first what no machine can run, then the most, last what comes by itself."""
    found: dict[str, Counter[str]] = {}
    for job, reasons in _items(document.get("waits")):
        for reason, count in _items(reasons):
            if isinstance(count, int) and count > 0:
                found.setdefault(reason, Counter())[job] += count
    lines = [WaitLine(reason=name, tasks=jobs.total(), jobs=dict(jobs.most_common())) for name, jobs in found.items()]
    return tuple(sorted(lines, key=lambda line: (_URGENCY.get(line.reason, 0), -line.tasks, line.reason)))


def _is_told(lane: LaneLine) -> bool:
    return bool(lane.workers or lane.queued or lane.blocked or lane.on_trial)


def _pool(name: str, members: list[NodeLine]) -> PoolLine:
    there = [node for node in members if node.is_there]
    return PoolLine(
        name=name,
        nodes=dict(Counter(node.state for node in members)),
        cpus=sum(node.cpus for node in there),
        gpus=sum(node.gpus for node in there),
        free_cpus=sum(max(0, node.free_cpus) for node in there),
        free_gpus=sum(max(0, node.free_gpus) for node in there),
        workers=sum(node.workers for node in there),
    )


def _lines(kind: type[Line], value: JsonValue) -> Iterator[Line]:
    for item in value if isinstance(value, list) else ():
        try:
            yield kind.model_validate(item)
        except ValidationError:  # of another version
            continue


def _is_one(kind: type[BaseModel], name: str, value: JsonValue) -> bool:
    try:
        kind.model_validate({name: value})
    except ValidationError:
        return False
    return True


def _items(value: JsonValue) -> Iterable[tuple[str, JsonValue]]:
    return value.items() if isinstance(value, dict) else ()
