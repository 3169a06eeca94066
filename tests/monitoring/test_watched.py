"""A real Prometheus on a farm that renders: every panel and alert has an answer, and the numbers are the books'."""

from __future__ import annotations

import time

import pytest
from monitoring_rules import rules
from prometheus_server import NOT_INSTALLED, PROMETHEUS
from watched_farm import SCRAPE_S, watched

from dashboards import DASHBOARDS
from dashboards.ask import gained
from dashboards.panel import Dashboard, Query
from dashboards.promql import filled, selectors

pytestmark = [pytest.mark.ray, pytest.mark.skipif(not PROMETHEUS, reason=NOT_INSTALLED)]

EXCUSED = {
    "ray_": "Ray exports nothing without the packages of ray[default], which the farm does not need",
    "autoscaler_": "the same",
    "farm_gpu_seconds_total": "no GPU is here",
    "farm_node_gpus": "the same",
    "farm_denoise_step": "the animatic model does not denoise",
    "farm_quarantined_total": "nothing kills workers here",
    "farm_serve_": "no `farm serve` runs here: what it tells is read in tests/serving",
    "farm_nodes_lost_total": "no node goes away",
    "farm_storage_faults_total": "storage does not fail",
    "farm_job_tasks": "a job of seconds: perhaps all that it does falls between two scrapes",
    "farm:tasks_waiting": "what could run waits less than a scrape, on a machine that has nothing else to do",
    'reason="no capable worker"': "every task fits here",
    "farm:gpu_idle_hours:": "no GPU is here",
    "farm:quarantined:": "nothing kills workers here",
    "farm:storage_faults:": "storage does not fail",
}
"""What a query may name to have no answer here, and why. It must parse all the same."""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    with watched(tmp_path_factory.mktemp("watched")) as found:
        yield found


def excused(expr: str) -> bool:
    return any(name in expr for name in EXCUSED)


def variables(dashboard: Dashboard, seen) -> dict[str, str]:
    """What a person would have chosen."""
    chosen = {"project": "storm", "job": seen.jobs["storm"]}
    given = {one.name: ".*" if one.several else chosen[one.name] for one in dashboard.variables}
    return {**given, "__rate_interval": f"{4 * SCRAPE_S}s"}


def asked() -> list[tuple[Dashboard, Query]]:
    return [(each, query) for each in DASHBOARDS for panel in each.panels for query in panel.queries]


def test_every_panel_has_an_answer(seen):
    empty = []
    for dashboard, query in asked():
        expr = filled(query.expr, variables(dashboard, seen))
        if not seen.prometheus.over(expr, seen.start_s, time.time(), SCRAPE_S) and not excused(expr):
            empty.append(f"{dashboard.uid}: {expr}")
    assert not empty, "\n".join(empty)


def test_every_variable_has_values(seen):
    for dashboard in DASHBOARDS:
        for one in dashboard.variables:
            given = filled(one.given, variables(dashboard, seen))
            query = f"count by ({one.label}) (last_over_time({one.family}{{{given}}}[1h]))"
            assert seen.prometheus.now(query), f"{dashboard.uid}: {one.name}"


def test_every_rule_has_something_to_look_at(seen):
    """An alert that is silent answers nothing, so what it looks at is asked for: metrics with their matchers."""
    known = {rule["record"] for rule in rules() if "record" in rule}
    empty = []
    for rule in rules():
        seen.prometheus.now(rule["expr"])  # it parses
        for selector in selectors(rule["expr"]):
            there = seen.prometheus.now(f"last_over_time({selector.metric}[1h])")
            if not there and not excused(rule["expr"]) and not excused(selector.metric):
                empty.append(f"{rule.get('alert') or rule['record']}: {selector.metric}")
    assert not empty, "\n".join(empty)
    healthy = seen.prometheus.ask("rules")["groups"]
    assert [rule["lastError"] for group in healthy for rule in group["rules"] if rule["health"] != "ok"] == []
    assert known <= {rule["name"] for group in healthy for rule in group["rules"]}


def test_nothing_fires_on_a_farm_that_is_well(seen):
    assert seen.prometheus.now('ALERTS{alertstate="firing"}') == []


def vector(seen, query: str, *labels: str) -> dict[tuple[str, ...], float]:
    """The newest values, by labels."""
    return {tuple(found[label] for label in labels): value for found, value in seen.prometheus.now(query, seen.end_s)}


def counted(seen, query: str) -> dict[tuple[str, ...], float]:
    return {tuple(row[:-1]): row[-1] for row in seen.farm.books(query)}


LIVE = """\
SELECT job, state, count(*) FROM job_task JOIN tasks ON id = task
WHERE job IN (SELECT id FROM jobs WHERE ended_us = 0) GROUP BY job, state
"""
TOTALS = [
    (
        "farm_store_tasks",
        "stage state",
        "SELECT stage, state, count(*) FROM job_task JOIN tasks ON id = task GROUP BY stage, state",
    ),
    (
        "farm_store_project_tasks",
        "project state",
        "SELECT project, state, count(*) FROM job_task JOIN tasks ON id = task GROUP BY project, state",
    ),
    ("farm_store_attempts", "outcome", "SELECT state, count(*) FROM attempts GROUP BY state"),
    ("farm_store_jobs", "project state", "SELECT project, state, count(*) FROM jobs GROUP BY project, state"),
    (
        "round(farm_store_project_cost * 1e6)",
        "project",
        "SELECT tasks.project, sum(cost_micros) FROM attempts JOIN tasks ON id = task GROUP BY tasks.project",
    ),
    ("farm_store_seq", "", "SELECT seq FROM farm"),
    ("farm_job_tasks", "job state", LIVE),
]


@pytest.mark.parametrize(("query", "labels", "sql"), TOTALS, ids=[query for query, _, _ in TOTALS])
def test_totals_are_the_books(seen, query, labels, sql):
    there = {labels: value for labels, value in vector(seen, query, *labels.split()).items() if value}
    assert there == counted(seen, sql)
    assert there


def test_counters_of_a_driver_that_saw_everything_are_the_books_too(seen):
    outcomes = vector(seen, "sum by (outcome) (farm_attempts_total)", "outcome")
    assert outcomes == counted(seen, "SELECT state, count(*) FROM attempts GROUP BY state")
    assert outcomes["failed",] >= 1


def test_what_is_gained_in_a_window_is_all_there_was_before_it_began(seen):
    """`increase` alone would miss the first of each kind."""
    gained_by = vector(seen, gained("farm_attempts_total", "1h", "outcome"), "outcome")
    assert gained_by == vector(seen, "sum by (outcome) (farm_attempts_total)", "outcome")


COUNTERS = (
    "farm_changes_total",
    "farm_turn_duration_seconds_count",
    'farm_tasks_settled_total{stage="score", outcome="done"}',
)


@pytest.mark.parametrize("counter", COUNTERS)
def test_rates_are_right_but_for_extrapolation(seen, counter):
    """What it saw, Prometheus stretches towards the edges of the window: by little more than a scrape at each."""
    window_s = round(seen.end_s - seen.start_s) + 10
    (raw,) = seen.prometheus.ask("query", query=f"{counter}[{window_s}s]", time=seen.end_s)["result"]
    samples = [(float(at_s), float(value)) for at_s, value in raw["values"]]
    covered_s, truth = (last - first for first, last in zip(samples[0], samples[-1], strict=True))
    scrape_s = covered_s / (len(samples) - 1)
    ((_, rate),) = seen.prometheus.now(f"rate({counter}[{window_s}s])", seen.end_s)
    assert truth <= rate * window_s * 1.000001
    assert rate * window_s <= truth * (covered_s + 2 * 1.1 * scrape_s) / covered_s * 1.000001
