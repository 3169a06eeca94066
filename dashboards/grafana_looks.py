"""How each look is said in Grafana's JSON: the panel's type, its options, and what its fields have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from dashboards.panel import Bars, Column, Heat, Lines, Panel, Scale, Stacking, Stat, TableOf, Unit

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_NOW: Json = {"calcs": ["lastNotNull"], "fields": "", "values": False}


@dataclass(frozen=True, slots=True)
class Said:
    """A look in Grafana's words."""

    name: str
    options: Mapping[str, Json]
    custom: Mapping[str, Json] = field(default_factory=dict[str, "Json"])
    transformations: tuple[Json, ...] = ()
    form: str = "time_series"
    """In which form its queries are to answer."""
    instant: bool = False
    """Whether only the newest value counts."""
    colour: str = "thresholds"


def look_of(panel: Panel) -> Said:
    match panel.look:
        case Stat():
            return _stat(panel.look)
        case Lines():
            return _lines(panel.look)
        case TableOf():
            return _table(panel.look)
        case Bars():
            return _BARS
        case Heat():
            return _HEAT


def targets(panel: Panel) -> list[dict[str, Json]]:
    """The panel's queries, called A, B, C…"""
    said = look_of(panel)
    return [
        {
            "refId": chr(ord("A") + at),
            "expr": query.expr,
            "legendFormat": query.legend or "__auto",
            "format": said.form,
            "instant": said.instant,
            "range": not said.instant,
            "editorMode": "code",
        }
        for at, query in enumerate(panel.queries)
    ]


def field_config(panel: Panel, said: Said) -> Json:
    defaults: dict[str, Json] = {
        "unit": panel.unit,
        "color": {"mode": said.colour},
        "thresholds": _thresholds(panel.scale),
        "custom": dict(said.custom),
    }
    if not isinstance(panel.look, TableOf):
        defaults["min"] = 0
    if panel.most is not None:
        defaults["max"] = panel.most
    if panel.decimals is not None:
        defaults["decimals"] = panel.decimals
    if isinstance(panel.look, Stat) and panel.look.words:
        words: dict[str, Json] = {str(value): {"text": text} for value, text in panel.look.words.items()}
        defaults["mappings"] = [{"type": "value", "options": words}]
    return {"defaults": defaults, "overrides": list(_overrides(panel))}


def _thresholds(scale: Scale) -> Json:
    return {"mode": "absolute", "steps": [{"color": step.colour, "value": step.start} for step in scale]}


def _overrides(panel: Panel) -> Iterator[Json]:
    for name, colour in panel.colours.items():
        fixed: Json = {"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}
        yield {"matcher": {"id": "byName", "options": name}, "properties": [fixed]}
    if isinstance(panel.look, TableOf):
        yield from (_column(column) for column in panel.look.columns)


def _column(column: Column) -> Json:
    properties: list[Json] = [
        {"id": "unit", "value": column.unit},
        {"id": "thresholds", "value": _thresholds(column.scale)},
    ]
    if len(column.scale) > 1:
        properties.append({"id": "custom.cellOptions", "value": {"type": "color-text"}})
    if column.unit is Unit.NUMBER:
        properties.append({"id": "decimals", "value": 2})
    return {"matcher": {"id": "byName", "options": column.title}, "properties": properties}


def _stat(look: Stat) -> Said:
    return Said(
        "stat",
        {
            "reduceOptions": _NOW,
            "colorMode": "background" if look.words else "value",
            "graphMode": "area" if look.spark else "none",
            "justifyMode": "center",
            "textMode": "value",
            "orientation": "auto",
        },
    )


def _lines(look: Lines) -> Said:
    stacked = look.stacking is not Stacking.NONE
    return Said(
        "timeseries",
        {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        {
            "drawStyle": "bars" if look.bars else "line",
            "lineInterpolation": "stepAfter" if stacked and not look.bars else "linear",
            "lineWidth": 1 if stacked else 2,
            "fillOpacity": 80 if look.bars else 45 if stacked else 8,
            "showPoints": "never",
            "spanNulls": False,
            "stacking": {"mode": look.stacking, "group": "A"},
            "thresholdsStyle": {"mode": "dashed" if look.limits else "off"},
            "axisSoftMin": 0,
        },
        colour="palette-classic",
    )


_BARS = Said(
    "bargauge",
    {
        "reduceOptions": _NOW,
        "displayMode": "basic",
        "orientation": "horizontal",
        "showUnfilled": True,
        "valueMode": "color",
        "namePlacement": "left",
        "sizing": "auto",
        "minVizHeight": 16,
        "maxVizHeight": 40,
    },
    instant=True,
)


def _table(look: TableOf) -> Said:
    first = len(look.labels)
    names: dict[str, Json] = {_value(look, at): column.title for at, column in enumerate(look.columns)}
    order: dict[str, Json] = {label: at for at, label in enumerate(look.labels)}
    order |= {_value(look, at): first + at for at in range(len(look.columns))}
    organize: Json = {
        "excludeByName": {"Time": True},
        "indexByName": order,
        "renameByName": {**{label: label for label in look.labels}, **names},
    }
    return Said(
        "table",
        {"showHeader": True, "cellHeight": "sm", "sortBy": [{"displayName": look.columns[0].title, "desc": True}]},
        {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False},
        ({"id": "merge", "options": {}}, {"id": "organize", "options": organize}),
        form="table",
        instant=True,
    )


def _value(look: TableOf, at: int) -> str:
    """What Grafana calls the answers of a query in a merged table."""
    return "Value" if len(look.columns) == 1 else f"Value #{chr(ord('A') + at)}"


_HEAT = Said(
    "heatmap",
    {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5, "fill": "dark-orange"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "yHistogram": True},
        "yAxis": {"axisPlacement": "left", "unit": Unit.SECONDS},
    },
    form="heatmap",
)
