"""Dashboards as Grafana's JSON (schema 41: Grafana 11 and 12).

    Dashboard ─▶ place: columns and lines of a grid 24 wide ─▶ panel JSON ─▶ document

The data source is a variable, so that one file serves any Grafana; every dashboard links to the others by their tag.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from dashboards.grafana_looks import Json, field_config, look_of, targets
from dashboards.panel import WIDTH, Dashboard, Panel, Row, Variable

SCHEMA = 41
TAG = "farm"
SOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}

Placed: TypeAlias = tuple[Row | Panel, dict[str, int]]


def document(dashboard: Dashboard) -> dict[str, Json]:
    """What Grafana imports."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.about,
        "tags": [TAG],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": dashboard.since, "to": "now"},
        "timezone": "browser",
        "links": [_links()],
        "templating": {"list": [_source(), *(_variable(each) for each in dashboard.variables)]},
        "annotations": {"list": [_alerts()]},
        "panels": [_placed(number, *placed) for number, placed in enumerate(place(dashboard.rows), start=1)],
    }


def place(rows: Iterable[Row]) -> Iterator[Placed]:
    """Every row and panel with its place in the grid. A line is as high as its highest panel."""
    top = 0
    for row in rows:
        yield row, {"x": 0, "y": top, "w": WIDTH, "h": 1}
        top += 1
        left = height = 0
        for panel in row.panels:
            if left + panel.width > WIDTH:
                top, left, height = top + height, 0, 0
            yield panel, {"x": left, "y": top, "w": panel.width, "h": panel.height}
            left, height = left + panel.width, max(height, panel.height)
        top += height


def _placed(number: int, what: Row | Panel, grid: Mapping[str, int]) -> Json:
    where: Json = dict(grid)
    if isinstance(what, Row):
        return {"id": number, "type": "row", "title": what.title, "collapsed": False, "gridPos": where, "panels": []}
    look = look_of(what)
    panel: dict[str, Json] = {
        "id": number,
        "type": look.name,
        "title": what.title,
        "description": what.question,
        "gridPos": where,
        "datasource": SOURCE,
        "targets": [{"datasource": SOURCE, **target} for target in targets(what)],
        "fieldConfig": field_config(what, look),
        "options": dict(look.options),
    }
    if look.transformations:
        panel["transformations"] = list(look.transformations)
    return panel


def _source() -> Json:
    return {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "refresh": 1,
        "hide": 0,
        "current": {},
        "options": [],
        "includeAll": False,
        "multi": False,
    }


def _variable(variable: Variable) -> Json:
    matchers = f"{{{variable.given}}}" if variable.given else ""
    query = f"label_values({variable.family}{matchers}, {variable.label})"
    made: dict[str, Json] = {
        "name": variable.name,
        "label": variable.title,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": "StandardVariableQuery"},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "hide": 0,
        "options": [],
        "current": {},
        "includeAll": variable.several,
        "multi": variable.several,
    }
    if variable.several:
        made |= {"allValue": variable.every, "current": {"selected": True, "text": ["All"], "value": ["$__all"]}}
    return made


def _alerts() -> Json:
    """Alerts that fired, as marks over every panel."""
    return {
        "name": "Alerts",
        "datasource": SOURCE,
        "enable": True,
        "hide": False,
        "iconColor": "red",
        "expr": 'ALERTS{alertstate="firing", alertname=~"Farm.+"}',
        "titleFormat": "{{alertname}}",
        "textFormat": "{{severity}} {{project}} {{lane}}",
        "step": "60s",
    }


def _links() -> Json:
    return {
        "title": "Farm",
        "type": "dashboards",
        "tags": [TAG],
        "asDropdown": True,
        "includeVars": False,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "url": "",
    }
