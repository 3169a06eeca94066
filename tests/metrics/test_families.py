"""The table of families keeps to Prometheus' rules of naming, and to our own bounds."""

from __future__ import annotations

import re

import pytest
from prometheus_client.metrics_core import Metric

from farm.metrics.families import FAMILIES, LABEL
from farm.metrics.family import Kind

UNITS = ("seconds", "bytes", "ratio")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
class TestEach:
    def test_name_is_one_that_prometheus_takes(self, family):
        assert Metric(family.name, family.says, family.kind.value).name == family.name
        assert family.name.startswith("farm_")

    def test_counters_and_only_they_end_in_total(self, family):
        assert family.name.endswith("_total") == (family.kind is Kind.COUNTER)

    def test_labels_are_known_and_named_once(self, family):
        assert all(label in LABEL for label in family.labels)
        assert len(set(family.labels)) == len(family.labels)

    def test_help_is_one_sentence_in_one_line(self, family):
        assert re.fullmatch(r"[^\n\\]+[.]", family.says)

    def test_buckets_rise_and_are_those_of_histograms(self, family):
        assert list(family.buckets) == sorted(set(family.buckets))
        assert bool(family.buckets) == (family.kind is Kind.HISTOGRAM)
        assert family.kind is not Kind.HISTOGRAM or family.name.endswith("_seconds")


def test_no_label_names_what_is_not_bounded():
    assert not {"shot", "take", "task", "attempt", "worker", "node"} & LABEL.keys()


def test_every_label_is_used():
    assert {label for family in FAMILIES for label in family.labels} == LABEL.keys()
