"""The lanes: what their workers do, what queues for them, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.text import Text

from farm.overview.values import LaneLine, Overview
from farm.spans import span
from farm.top.bars import BUSY, IDLE, LOADING, divided
from farm.top.grid import Column, Grid, Row
from farm.top.words import amount

WIDE = 100

COLUMNS = (
    Column("LANES", least=14),
    Column("workers"),
    Column("busy", right=True),
    Column("idle", right=True),
    Column("loading", right=True),
    Column("GPUs", right=True),
    Column("queue", right=True),
    Column("loads in", right=True),
    Column("steps/s", right=True, from_width=WIDE, if_any=True),
    Column("", grows=True),
)


def lanes(view: Overview, width: int) -> Grid:
    bar = 12 if width < WIDE else 24
    labels = {node.id: node.label for node in view.nodes}
    return Grid(COLUMNS, [_row(lane, view, labels, bar) for lane in view.lanes], "lanes")


def _row(lane: LaneLine, view: Overview, labels: Mapping[str, str], bar: int) -> Row:
    parts = [(lane.busy, BUSY), (lane.starting, LOADING), (lane.idle, IDLE)]
    steps = view.rates.steps_per_second.get(lane.name)
    remarks = list(_remarks(lane, view.at_us, labels))
    cells = (
        Text(lane.name, f"bold {remarks[0].style}" if remarks else "bold"),
        divided(parts, bar),
        _number(lane.busy, "green"),
        _number(lane.idle),
        _number(lane.starting, "yellow"),
        _number(lane.gpus * lane.workers),
        _number(lane.queued, "bold"),
        Text(span(lane.load_s), "dim"),
        Text(amount(steps) if steps else ""),
        Text(),
    )
    return Row(cells, remarks)


def _remarks(lane: LaneLine, now_us: int, labels: Mapping[str, str]) -> Iterator[Text]:
    """What is wrong, each in a line, the worst first."""
    for node, why in lane.blocked.items():
        yield Text(f"blocked on {labels.get(node, node)}: {why}", "red")
    if lane.backoff_until_us > now_us:
        left = span((lane.backoff_until_us - now_us) / 1e6)
        yield Text(f"backs off for another {left}: {lane.backoff}", "yellow")
    for node, why in lane.on_trial.items():
        yield Text(f"on trial on {labels.get(node, node)}: {why}", "yellow")


def _number(number: int, style: str = "") -> Text:
    return Text(f"{number:,}", style) if number else Text("·", "dim")
