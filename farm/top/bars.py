"""Bars: how something is divided, and how far something is, in cells of a line."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

BUSY, LOADING, IDLE = ("█", "green"), ("▒", "yellow"), ("░", "dim")
"""They differ without colours too."""

_DONE, _LEFT = "━", "─"


def divided(parts: Sequence[tuple[int, tuple[str, str]]], width: int) -> Text:
    """A cell for each thing of each part, with the part's sign and style; where there are more things than cells, the
    cells are divided as they are, and whatever there is at all has one."""
    counts = [count for count, _ in parts]
    bar = Text()
    for cells, (_, (sign, style)) in zip(_cells(counts, width), parts, strict=True):
        bar.append(sign * cells, style)
    return bar


def progress(share: float, width: int, style: str) -> Text:
    """Full only when all of it is done."""
    done = min(int(share * width), width)
    return Text(_DONE * done, style).append(_LEFT * (width - done), "dim")


def _cells(counts: Sequence[int], width: int) -> list[int]:
    whole = sum(counts)
    if whole <= width:
        return list(counts)
    cells = [max(1, count * width // whole) if count else 0 for count in counts]
    while sum(cells) < width:
        short = max(range(len(counts)), key=lambda at: counts[at] * width - cells[at] * whole)
        cells[short] += 1
    while sum(cells) > width:
        cells[cells.index(max(cells))] -= 1
    return cells
