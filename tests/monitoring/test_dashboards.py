"""Dashboards ask for what there is, say what they ask, and are committed as the code says."""

from __future__ import annotations

import json
import re

import pytest

from dashboards import DASHBOARDS, FOLDER, file_of, written
from dashboards.check import stale
from dashboards.grafana import place
from dashboards.panel import WIDTH, Bars, Lines, Panel, Stat, TableOf
from dashboards.promql import Selector, filled, grouped, selectors

PANELS = [
    pytest.param(panel, id=f"{dashboard.uid}: {panel.title}") for dashboard in DASHBOARDS for panel in dashboard.panels
]
EACH = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.uid)
LEGEND = re.compile(r"{{(\w+)}}")


@EACH
def test_committed_files_are_what_the_code_says(dashboard):
    assert file_of(dashboard).read_text(encoding="utf-8") == written(dashboard), "run: python -m dashboards"


def test_no_other_files_are_committed():
    assert {path.name for path in FOLDER.iterdir()} == {file_of(dashboard).name for dashboard in DASHBOARDS}
    assert list(stale()) == []


@pytest.mark.parametrize("panel", PANELS)
def test_queries_name_families_and_labels_that_exist(panel, known):
    for query in panel.queries:
        found = selectors(query.expr)
        assert found
        for selector in found:
            assert selector.metric in known
            assert selector.labels <= known[selector.metric], selector
        assert grouped(query.expr) <= frozenset().union(*(known[each.metric] for each in found))


@pytest.mark.parametrize("panel", PANELS)
def test_every_panel_asks_one_question_and_says_it(panel):
    assert panel.question.count("?") == 1, panel.question
    assert panel.question[0].isupper()
    assert panel.question[-1] in ".?"


@pytest.mark.parametrize("panel", PANELS)
def test_series_are_named_by_labels_that_are_left(panel):
    for query in panel.queries:
        named = set(LEGEND.findall(query.legend))
        assert named <= grouped(query.expr), "a label that the query sums away"
        if isinstance(panel.look, TableOf):
            assert set(panel.look.labels) <= grouped(query.expr)
        elif isinstance(panel.look, Lines | Bars):
            assert named or len(query.legend) > 0
    names = [query.legend for query in panel.queries]
    assert isinstance(panel.look, TableOf) or len(set(names)) == len(names), "two curves of one name"


@pytest.mark.parametrize("panel", PANELS)
def test_a_table_has_a_column_for_each_query(panel):
    if isinstance(panel.look, TableOf):
        assert len(panel.look.columns) == len(panel.queries)
    if isinstance(panel.look, Stat | Bars):
        assert len(panel.queries) == 1


@EACH
def test_panels_fill_the_width_and_do_not_overlap(dashboard):
    cells: dict[tuple[int, int], str] = {}
    for what, grid in place(dashboard.rows):
        for x in range(grid["x"], grid["x"] + grid["w"]):
            for y in range(grid["y"], grid["y"] + grid["h"]):
                assert cells.setdefault((x, y), what.title) == what.title
    height = max(y for _, y in cells) + 1
    assert len(cells) == WIDTH * height, "a hole"


@EACH
def test_variables_are_used_and_exist(dashboard, known):
    document = json.loads(written(dashboard))
    names = {variable.name for variable in dashboard.variables}
    asked = " ".join(query.expr for panel in dashboard.panels for query in panel.queries)
    used = set(re.findall(r"\$(?!__)(\w+)", asked))
    assert used == names
    for variable in dashboard.variables:
        assert variable.label in known[variable.family]
    assert [each["name"] for each in document["templating"]["list"]] == [
        "datasource",
        *(v.name for v in dashboard.variables),
    ]


def test_ids_and_names_are_told_apart():
    assert len({dashboard.uid for dashboard in DASHBOARDS}) == len(DASHBOARDS) == 6
    for dashboard in DASHBOARDS:
        ids = [panel["id"] for panel in json.loads(written(dashboard))["panels"]]
        assert len(set(ids)) == len(ids)


def test_a_query_for_what_is_not_there_is_seen(known):
    """The table is what counts: neither a family nor a label that sounds right passes."""
    (wrong,) = selectors("sum by (shot) (rate(farm_frames_per_take_total[5m]))")
    assert wrong.metric not in known
    (narrowed,) = selectors('farm_frames_total{shot="sh010"}')
    assert not narrowed.labels <= known["farm_frames_total"]


READ = [
    ("up", [("up", "")]),
    ('a{b="x, y{z}", c=~"d"} / 2e9', [("a", "b c")]),
    ("sum by (lane) (rate(a_total[5m] offset 1h))", [("a_total", "")]),
    ("a and on (instance) b unless c", [("a", ""), ("b", ""), ("c", "")]),
    ("histogram_quantile(0.5, sum(rate(a_bucket[$__rate_interval])))", [("a_bucket", "")]),
    ("(farm:rule:x > 3.5) or vector(0)", [("farm:rule:x", "")]),
    ("max_over_time(max(a)[1h:1m]) == bool 1", [("a", "")]),
]


@pytest.mark.parametrize(("expr", "found"), READ, ids=[expr for expr, _ in READ])
def test_what_a_query_asks_for_is_read(expr, found):
    assert selectors(expr) == tuple(Selector(name, frozenset(labels.split())) for name, labels in found)


def test_labels_of_joins_and_groups_are_read():
    assert grouped("sum by (a, b) (x) / on (c) group_left (d) y") == {"a", "b", "c", "d"}
    assert grouped("sum(x)") == set()


def test_variables_are_filled_in_longest_first():
    assert filled("$job $jobs $__rate_interval", {"job": "a", "jobs": "b", "__rate_interval": "1m"}) == "a b 1m"


def test_a_panel_is_a_value():
    (first, *_) = DASHBOARDS[0].panels
    assert isinstance(first, Panel)
    with pytest.raises(AttributeError):
        first.title = "other"
