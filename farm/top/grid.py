"""Rows of cells that fill one line each: what does not fit is cut with an ellipsis, by cells and not by characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from farm.printable import printable

HEAD = "bold underline"
"""The style of a table's first line."""
CHOSEN = "bold reverse"
"""The style of the row that a person has selected."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    title: str
    right: bool = False
    least: int = 0
    """It may be cut down to so many cells when there is little room, the last such column first; 0 for never."""
    from_width: int = 0
    """Left out on narrower screens."""
    if_any: bool = False
    """Left out where every cell is empty."""
    grows: bool = False
    """It takes the room that is left over."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of cells, and lines below it that belong to it."""

    cells: Sequence[Text]
    remarks: Sequence[Text] = ()
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table that is drawn to a width and a height."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    noun: str
    """What a row is, for "and 3 more lanes"."""

    @property
    def height(self) -> int:
        """Lines of all of it."""
        return 1 + sum(1 + len(row.remarks) for row in self.rows) if self.rows else 0

    def lines(self, width: int, height: int | None = None, first: int = 0) -> list[Text]:
        """From row `first` on. Where there is no room for all, rows go before remarks, and the last line says how many
        are left out."""
        shown = [index for index, column in enumerate(self.columns) if self._is_shown(index, column, width)]
        widths = self._widths(shown, width)
        lines = [self._line([Text(column.title) for column in self.columns], shown, widths, width, HEAD)]
        rows = self.rows[first:]
        room = len(rows) if height is None else height - 1
        listed = rows if len(rows) <= room else rows[: max(0, room - 1)]
        spare = None if height is None else height - 1 - len(rows)
        for row in listed:
            cells = [Text(cell.plain) for cell in row.cells] if row.is_chosen else row.cells
            lines.append(self._line(cells, shown, widths, width, CHOSEN if row.is_chosen else ""))
            remarks = row.remarks if spare is None else row.remarks[: max(0, spare)]
            lines += [fitted(Text("  ").append_text(remark), width) for remark in remarks]
            spare = None if spare is None else spare - len(remarks)
        if len(listed) < len(rows):
            lines.append(fitted(Text(f"  and {len(rows) - len(listed)} more {self.noun}", "dim"), width))
        return lines[:height]

    def _is_shown(self, index: int, column: Column, width: int) -> bool:
        return width >= column.from_width and (not column.if_any or any(row.cells[index] for row in self.rows))

    def _line(self, cells: Sequence[Text], shown: list[int], widths: list[int], width: int, style: str) -> Text:
        parts = (
            fitted(cells[index], room, right=self.columns[index].right)
            for index, room in zip(shown, widths, strict=True)
        )
        line = fitted(Text(" " * gap(width)).join(parts), width)
        line.stylize_before(style)
        return line

    def _widths(self, shown: list[int], width: int) -> list[int]:
        columns = [self.columns[index] for index in shown]
        cells = [[Text(self.columns[index].title), *(row.cells[index] for row in self.rows)] for index in shown]
        widths = [max(cell.cell_len for cell in column) for column in cells]
        over = sum(widths) + gap(width) * (len(widths) - 1) - width
        for at, column in reversed(list(enumerate(columns))):
            if over > 0 and column.least:
                given = min(over, max(0, widths[at] - column.least))
                widths[at] -= given
                over -= given
        for at, column in enumerate(columns):
            if over < 0 and column.grows:
                widths[at] -= over
                over = 0
        return widths


def gap(width: int) -> int:
    """Cells between columns."""
    return 1 if width < 100 else 2


def fitted(text: Text, width: int, *, right: bool = False) -> Text:
    """Exactly `width` cells of it."""
    line = text.copy()
    line.plain = printable(line.plain)
    line.truncate(max(0, width), overflow="ellipsis")
    if right:
        line.pad_left(width - line.cell_len)
    else:
        line.pad_right(width - line.cell_len)
    return line
