"""However many values there are and whatever they are called: few series, legible values, right sums."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.exposition import generate_latest as plain
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as plain_families

from farm.metrics.families import FAMILIES, FAMILY, LABEL
from farm.metrics.family import SCALAR_SETS, Kind
from farm.metrics.labels import LETTERS_MAX, OTHER, REMEMBERED, Labels, legible
from farm.metrics.readings import Readings
from farm.metrics.series import Board

NASTY = ['a"b', "a\\", "a\nb 1", "\r\n# EOF", "\ud800", "\x00\x1b[31m", "a\u2028b", "é" * 500, "", '{le="+Inf"} 1']


class Shown:
    """A registry of one board."""

    def __init__(self, board):
        self.board = board

    def collect(self):
        return self.board.metrics()


@pytest.mark.parametrize("value", NASTY, ids=ascii)
def test_a_legible_value_is_one_short_line_that_can_be_encoded(value):
    shown = legible(value)
    assert len(shown) <= LETTERS_MAX
    assert shown.isprintable() or not shown
    assert shown.encode().decode() == shown
    assert legible(shown) == shown


def test_what_is_legible_stays_as_it_is():
    assert [legible(value) for value in ("lake", "Å-日本", "a b.c")] == ["lake", "Å-日本", "a b.c"]


@settings(deadline=None)
@given(values=st.lists(st.text(max_size=20), min_size=1, max_size=30))
def test_any_name_comes_back_through_either_parser(values):
    board = Board(Labels())
    for value in values:
        board.counts["farm_cost_total"].of(value).value += 1_000_000
        board.times["farm_queue_duration_seconds"].of(value).observe(1.0)
    for text, parse in ((openmetrics, openmetrics_families), (plain, plain_families)):
        families = {family.name: family for family in parse(text(Shown(board)).decode())}
        costs = families["farm_cost"].samples
        assert sum(sample.value for sample in costs) == len(values)
        assert {sample.labels["project"] for sample in costs} == {legible(value) for value in values}


def test_further_values_are_counted_together(board, labels):
    most = LABEL["project"].at_most
    for number in range(most + 50):
        for _ in range(2):
            board.counts["farm_cost_total"].of(f"project-{number}").value += 1
    shown = board.counts["farm_cost_total"].shown
    assert len(shown) == most + 1
    assert shown[OTHER,].value == 100
    assert labels.folded == {"project": 50}


def test_values_are_told_apart_alike_in_every_family(board, labels):
    for number in range(LABEL["project"].at_most):
        board.counts["farm_cost_total"].of(f"project-{number}").value += 1
    readings = Readings(labels)
    readings.add("farm_store_project_cost", 1.0, "late")
    readings.add("farm_store_project_cost", 2.0, "later")
    readings.add("farm_store_project_cost", 4.0, "project-3")
    (metric,) = readings.metrics()
    assert {sample.labels["project"]: sample.value for sample in metric.samples} == {OTHER: 3.0, "project-3": 4.0}


def test_a_family_has_no_more_sets_than_it_may(board):
    counts, times = board.counts["farm_attempts_total"], board.times["farm_attempt_duration_seconds"]
    for stage in range(30):
        for lane in range(30):
            counts.of(f"stage-{stage}", f"lane-{lane}", "m", "failed", "oom").value += 1
            times.of(f"stage-{stage}", f"lane-{lane}").observe(1.0)
    assert len(counts.shown) == SCALAR_SETS + 1
    assert counts.shown[OTHER, OTHER, OTHER, "failed", "oom"].value == 900 - SCALAR_SETS
    assert len(times.shown) == times.family.at_most + 1
    assert sum(sum(cell.counts) for cell in times.shown.values()) == 900


def test_a_thousand_folded_values_are_remembered(board, labels):
    for number in range(3 * REMEMBERED):
        board.counts["farm_cost_total"].of(f"project-{number}").value += 1
    assert labels.folded == {"project": REMEMBERED}
    assert sum(cell.value for cell in board.counts["farm_cost_total"].shown.values()) == 3 * REMEMBERED


def test_jobs_come_and_go_without_being_counted_as_too_many(labels):
    for number in range(3 * LABEL["job"].at_most):
        readings = Readings(labels)
        readings.add("farm_job_cost", 1.0, "lake", f"job-{number}")
        (metric,) = readings.metrics()
        assert metric.samples[0].labels["job"] == f"job-{number}"


def test_whatever_is_submitted_there_are_not_many_series():
    """The ceiling of the whole table, far above what farms have."""

    def sets(family) -> int:
        open_sets = 1
        for label in family.labels:
            open_sets *= (LABEL[label].at_most or 12) + 1
        return min(open_sets, family.at_most + 50)

    def lines(family) -> int:
        return len(family.buckets) + 3 if family.kind is Kind.HISTOGRAM else 1

    assert sum(sets(family) * lines(family) for family in FAMILIES) < 20_000
    assert FAMILY["farm_attempts_total"].at_most == SCALAR_SETS
