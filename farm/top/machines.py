"""The machines, by pool: what of their GPUs and CPUs is in use, and those that go away or are kept free."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from farm.jobview import clock
from farm.overview.values import NodeLine, Overview, PoolLine
from farm.spans import span
from farm.top.bars import BUSY, IDLE, divided
from farm.top.grid import Column, Grid, Row
from farm.top.words import count

WIDE = 100

COLUMNS = (
    Column("POOLS", least=10),
    Column("in use"),
    Column("GPUs", right=True),
    Column("CPUs", right=True),
    Column("workers", right=True),
    Column("machines", grows=True, least=8),
)


def machines(view: Overview, width: int) -> Grid:
    bar = 12 if width < WIDE else 24
    return Grid(COLUMNS, [_row(pool, view, bar) for pool in view.pools], "pools")


def _row(pool: PoolLine, view: Overview, bar: int) -> Row:
    members = [node for node in view.nodes if ", ".join(node.pools) == pool.name]
    whole, free = (pool.gpus, pool.free_gpus) if pool.gpus else (pool.cpus, pool.free_cpus)
    cells = (
        Text(pool.name or _only(members) or "no pool", "bold"),
        divided([(whole - free, BUSY), (free, IDLE)], bar),
        _used(pool.gpus, pool.free_gpus),
        _used(pool.cpus, pool.free_cpus),
        Text(f"{pool.workers:,}"),
        _states(pool),
    )
    return Row(cells, [remark for node in members for remark in _remarks(node, view.at_us)])


def _only(members: Sequence[NodeLine]) -> str:
    """The name of a machine that is alone."""
    return members[0].label if len(members) == 1 else ""


def _states(pool: PoolLine) -> Text:
    """ "4 up, 1 draining, 2 lost"."""
    styles = {"draining": "yellow", "lost": "dim"}
    return Text(", ").join(Text(f"{number:,} {state}", styles.get(state, "")) for state, number in pool.nodes.items())


def _remarks(node: NodeLine, now_us: int) -> Iterator[Text]:
    if node.state == "draining":
        goes = f", goes at {clock(node.deadline_us)} (in {span((node.deadline_us - now_us) / 1e6)})"
        still = f"; {count(node.workers, 'worker')} still there" if node.workers else ""
        yield Text(f"{node.label} is draining{goes if node.deadline_us else ''}{still}", "yellow")
    if node.reserved_for:
        yield Text(f"{node.label} is kept free for {node.reserved_for}", "cyan")


def _used(whole: int, free: int) -> Text:
    return Text(f"{whole - free:,}/{whole:,}") if whole else Text("·", "dim")
