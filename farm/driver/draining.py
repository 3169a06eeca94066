"""Taking one node out: which node somebody means, and until when it may still be at work.

    farm drain NODE --within 30m ─▶ the one node meant ─▶ Pool.drain ─▶ NodeDraining ─▶ the scheduler

A node goes by what people see of it: its name, where it is the only one of that name, or the beginning of its id. It
drains once; again only to be free sooner.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from farm.driver.seams import Pool
from farm.errors import InputError
from farm.scheduler.events import NodeDraining
from farm.scheduler.fleet import NodeState
from farm.scheduler.views import NodeView
from farm.spans import span

LONGEST_S = 7 * 86_400
"""How long a node may drain: one that is to stay needs no draining yet."""
SHOWN = 12
"""Nodes that are named to whoever asked for none of them."""
ID_SHOWN = 12
"""Digits of a node's id: enough to tell it from all others, and few enough to type."""


def drain(
    pool: Pool, nodes: Sequence[NodeView], named: str, within_s: int, now_us: int
) -> tuple[dict[str, JsonValue], NodeDraining]:
    """Have a node drained; gives what to tell whoever asked, and the scheduler, at once.

    Raises `InputError` where that cannot be.
    """
    node = meant(named, nodes)
    deadline_us = (now_us // 1000 + within_s * 1000) * 1000  # whole milliseconds, as Ray counts
    _check_sooner(node, deadline_us, now_us)
    pool.drain(node.id, deadline_us)
    answer: dict[str, JsonValue] = {"node": label(node), "id": node.id, "workers": node.workers}
    return answer | {"deadline_us": deadline_us}, NodeDraining(node.id, deadline_us)


def checked_within(asked: JsonValue) -> int:
    """How long a node may take, in seconds, as it was asked for. Raises `InputError` for what is none."""
    if isinstance(asked, bool) or not isinstance(asked, int) or not 0 <= asked <= LONGEST_S:
        raise InputError(f"a node drains within 0 s to {span(LONGEST_S)}, not {asked}")
    return asked


def meant(named: str, nodes: Sequence[NodeView]) -> NodeView:
    """The node that somebody means. Raises `InputError` for none, several, and one that is gone."""
    found = _found(named, nodes)
    there = [node for node in found if node.state != NodeState.LOST]
    if len(there) == 1:
        return there[0]
    if there:
        ids = ", ".join(f"{node.id[:ID_SHOWN]}" for node in there[:SHOWN])
        raise InputError(
            f'{len(there)} nodes go by "{named}": {ids}{_more(there)} (name one by the beginning of its id)'
        )
    if found:
        raise InputError(f"node {label(found[0])} is gone already")
    raise InputError(f'there is no node "{named}": {_those(nodes)}')


def _check_sooner(node: NodeView, deadline_us: int, now_us: int) -> None:
    """Raise `InputError` for a node that drains already, unless it is wanted back sooner."""
    if node.state == NodeState.DRAINING and deadline_us >= node.deadline_us:
        raise InputError(
            f"node {label(node)} drains already, and goes in {span((node.deadline_us - now_us) / 1e6)} at the latest "
            "(a shorter --within brings that forward)"
        )


def label(node: NodeView) -> str:
    """What people call it."""
    return node.name or node.id[:ID_SHOWN]


def _found(named: str, nodes: Sequence[NodeView]) -> Sequence[NodeView]:
    if not named:
        return ()
    return [node for node in nodes if node.name == named] or [node for node in nodes if node.id.startswith(named)]


def _those(nodes: Sequence[NodeView]) -> str:
    """The nodes there are; those that share a name are told by their ids."""
    there = sorted((node for node in nodes if node.state != NodeState.LOST), key=lambda node: (node.name, node.id))
    if not there:
        return "none is up"
    names = [node.name for node in there]
    shown = [label(node) if names.count(node.name) == 1 else f"{label(node)} ({node.id[:ID_SHOWN]})" for node in there]
    return f"there is {', '.join(shown[:SHOWN])}{_more(there)}"


def _more(nodes: Sequence[NodeView]) -> str:
    return f" and {len(nodes) - SHOWN} more" if len(nodes) > SHOWN else ""
