"""A dashboard as one HTML page, panel by panel, in the places that Grafana would give them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TypeAlias

from dashboards.grafana import place
from dashboards.panel import WIDTH, Bars, Dashboard, Heat, Lines, Panel, Row, Stat, TableOf
from dashboards.picture.answers import Asked, Series
from dashboards.picture.chart import heat_map, lines, spark
from dashboards.picture.colours import EDGE, FAINT, GRID, INK, PANEL, PAPER, of_series, of_value
from dashboards.picture.numbers import written

Answers: TypeAlias = tuple[tuple[Series, ...], ...]

CELL, GAP, UNIT = 58, 8, 30
"""Width of a column, gap between panels, height of a line of the grid; pixels."""
PAGE_WIDTH = WIDTH * CELL + 2 * GAP
HEAD = 52
LETTER = 6
"""How wide a letter of a legend is, about."""
MOST_ROWS = 9
"""Lines of a table, or bars, that a panel has room for."""

_STYLE = f"""
body {{ margin: 0; background: {PAPER}; color: {INK}; font: 13px Inter, "Noto Sans", "DejaVu Sans", sans-serif; }}
main {{ position: relative; width: {PAGE_WIDTH}px; }}
h1 {{ font-size: 20px; font-weight: 500; margin: 0; padding: 14px {GAP * 2}px; }}
h1 small {{ color: {FAINT}; font-size: 13px; margin-left: 14px; font-weight: 400; }}
h2 {{ position: absolute; margin: 0; font-size: 14px; font-weight: 500; }}
section {{ position: absolute; box-sizing: border-box; overflow: hidden; background: {PANEL};
  border: 1px solid {EDGE}; border-radius: 3px; }}
h3 {{ margin: 0; padding: 7px 10px 3px; font-size: 13px; font-weight: 500; white-space: nowrap; }}
.number {{ text-align: center; font-size: 30px; font-weight: 600; position: absolute; left: 0; right: 0; top: 36px; }}
.spark {{ position: absolute; bottom: 0; left: 0; opacity: .8; }}
.none {{ color: {FAINT}; text-align: center; padding-top: 12%; }}
.legend {{ position: absolute; left: 12px; right: 8px; bottom: 5px; font-size: 11px; line-height: 18px; }}
.legend span {{ margin-right: 12px; white-space: nowrap; }}
.legend i {{ display: inline-block; width: 12px; height: 3px; border-radius: 1px; margin-right: 5px;
  vertical-align: middle; }}
table {{ border-collapse: collapse; width: 100%; font-size: 12px; }}
td, th {{ padding: 4px 10px; text-align: left; border-bottom: 1px solid {GRID}; }}
th {{ color: #6e9fff; font-weight: 500; }}
.bar {{ display: flex; align-items: center; margin: 5px 10px; font-size: 12px; }}
.bar b {{ width: 32%; font-weight: 400; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }}
.bar u {{ flex: 1; background: {GRID}; height: 18px; text-decoration: none; }}
.bar u s {{ display: block; height: 100%; }}
.bar em {{ width: 20%; text-align: right; font-style: normal; font-weight: 600; }}
"""


def page(dashboard: Dashboard, asked: Asked) -> tuple[str, int]:
    """The page, and how high it is in pixels. Rows of which nothing is known are left out."""
    answers = {panel.title: asked.answers(panel) for panel in dashboard.panels}
    rows = [row for row in dashboard.rows if any(any(answers[panel.title]) for panel in row.panels)]
    placed = list(place(rows))
    body = "".join(_placed(what, grid, asked, answers) for what, grid in placed)
    height = HEAD + max((grid["y"] + grid["h"] for _, grid in placed), default=0) * (UNIT + GAP) + GAP
    title = f"<h1>{escape(dashboard.title)}<small>{escape(dashboard.about)}</small></h1>"
    text = f'<!doctype html><meta charset="utf-8"><style>{_STYLE}</style><main>{title}{body}</main>'
    return text, height


def _placed(what: Row | Panel, grid: dict[str, int], asked: Asked, answers: Mapping[str, Answers]) -> str:
    left, top = GAP + grid["x"] * CELL, HEAD + grid["y"] * (UNIT + GAP)
    if isinstance(what, Row):
        return f'<h2 style="left:{left + 6}px;top:{top + 10}px">⌄ {escape(what.title)}</h2>'
    width, height = grid["w"] * CELL - GAP, grid["h"] * (UNIT + GAP) - GAP
    inside = _inside(what, answers[what.title], asked, width - 2, height - 2)
    style = f"left:{left}px;top:{top}px;width:{width}px;height:{height}px"
    return f'<section style="{style}"><h3>{escape(what.title)}</h3>{inside}</section>'


def _inside(panel: Panel, answers: Answers, asked: Asked, width: int, height: int) -> str:
    found = [one for series in answers for one in series]
    if not found:
        return '<div class="none">No data</div>'
    match panel.look:
        case Stat():
            return _number(panel, panel.look, found[0], asked, width, height)
        case Lines():
            legend, legend_height = _legend(panel, found, width)
            return lines(panel, panel.look, found, asked, width, height - 32 - legend_height) + legend
        case Heat():
            return heat_map(found, asked, width, height - 34)
        case Bars():
            return "".join(_bars(panel, found))
        case TableOf():
            return _table(panel.look, answers)


def _number(panel: Panel, look: Stat, one: Series, asked: Asked, width: int, height: int) -> str:
    colour = of_value(panel.scale, one.last)
    text = look.words.get(round(one.last)) if look.words else None
    said = escape(text or written(one.last, panel.unit, panel.decimals))
    curve = f'<div class="spark">{spark(one.points, colour, asked, width, height * 0.36)}</div>' if look.spark else ""
    if look.words:
        style = f"background:{colour};color:#fff;top:32px;bottom:0;padding-top:{height // 2 - 46}px;font-size:26px"
        return f'<div class="number" style="{style}">{said}</div>'
    return f'{curve}<div class="number" style="color:{colour}">{said}</div>'


def _legend(panel: Panel, found: Sequence[Series], width: int) -> tuple[str, int]:
    """The names of the curves, on as many lines as they need, and how high that is."""
    entries = (
        f'<span><i style="background:{of_series(panel, one.name, at)}"></i>{escape(one.name)}</span>'
        for at, one in enumerate(found)
    )
    needed = sum(LETTER * len(one.name) + 30 for one in found)
    return f'<div class="legend">{" ".join(entries)}</div>', 18 * min(3, 1 + needed // (width - 20))


def _bars(panel: Panel, found: Sequence[Series]) -> Iterator[str]:
    most = panel.most or max(one.last for one in found) or 1.0
    for one in sorted(found, key=lambda one: -one.last)[:MOST_ROWS]:
        colour = of_value(panel.scale, one.last)
        yield (
            f'<div class="bar"><b>{escape(one.name)}</b><u><s style="width:{min(one.last / most, 1) * 100:.1f}%;'
            f'background:{colour}"></s></u><em style="color:{colour}">{written(one.last, panel.unit)}</em></div>'
        )


def _table(look: TableOf, answers: Sequence[Sequence[Series]]) -> str:
    cells: dict[tuple[str, ...], dict[int, float]] = {}
    for at, series in enumerate(answers):
        for one in series:
            cells.setdefault(tuple(one.labels.get(label, "") for label in look.labels), {})[at] = one.last
    head = "".join(f"<th>{escape(name)}</th>" for name in (*look.labels, *(column.title for column in look.columns)))
    rows = sorted(cells.items(), key=lambda item: -item[1].get(0, 0.0))[:MOST_ROWS]
    body = "".join(f"<tr>{''.join(_cells(look, names, values))}</tr>" for names, values in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _cells(look: TableOf, names: tuple[str, ...], values: dict[int, float]) -> Iterator[str]:
    yield from (f"<td>{escape(name)}</td>" for name in names)
    for at, column in enumerate(look.columns):
        if at not in values:
            yield "<td></td>"
            continue
        style = f' style="color:{of_value(column.scale, values[at])}"' if len(column.scale) > 1 else ""
        yield f"<td{style}>{written(values[at], column.unit)}</td>"
