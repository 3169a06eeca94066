"""What `farm serve` tells Prometheus, and that it tells nothing that a driver tells."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from farm.metrics.families import SERVED
from farm.metrics.family import Kind
from farm.metrics.served import ServeMetrics, Sight

KNOWN = Sight(is_ready=True, leads=True, silent_s=1.5)


def test_it_says_who_leads_as_far_as_it_knows(scrape):
    seen = scrape(ServeMetrics(lambda: KNOWN))
    assert seen.of("farm_serve_ready") == {(): 1.0}
    assert seen.of("farm_serve_driver_leads") == {(): 1.0}
    assert seen.of("farm_serve_driver_silent_seconds") == {(): 1.5}
    ((version,),) = seen.of("farm_serve_info")
    assert version


@pytest.mark.parametrize(
    ("sight", "told"),
    [
        (Sight(is_ready=False), set()),
        (Sight(is_ready=True, leads=False), {"farm_serve_driver_leads"}),
    ],
    ids=["no job store", "no driver ever"],
)
def test_it_says_nothing_that_it_does_not_know(scrape, sight, told):
    seen = scrape(ServeMetrics(lambda: sight))
    assert {name for name in seen.names if "driver" in name} == told
    assert seen.of("farm_serve_ready") == {(): float(sight.is_ready)}


def test_requests_are_counted_by_path_and_status(scrape):
    metrics = ServeMetrics(lambda: KNOWN)
    for path, status, seconds in (
        ("/readyz", HTTPStatus.OK, 0.002),
        ("/readyz", HTTPStatus.OK, 0.004),
        ("/readyz", HTTPStatus.SERVICE_UNAVAILABLE, 3.0),
        ("other", HTTPStatus.NOT_FOUND, 0.0),
    ):
        metrics.observe(path, status, seconds)
    seen = scrape(metrics)
    assert seen.of("farm_serve_requests_total") == {("/readyz", "200"): 2, ("/readyz", "503"): 1, ("other", "404"): 1}
    assert seen.of("farm_serve_request_duration_seconds_sum", path="/readyz") == {(): pytest.approx(3.006)}
    assert seen.of("farm_serve_request_duration_seconds_bucket", path="/readyz", le="0.005") == {(): 2}


def test_who_scrapes_it_and_a_driver_counts_nothing_twice(scrape, metrics):
    """Only what is of a process, whichever it is, has the same name."""
    served, driven = scrape(answered()), scrape(metrics)
    ours = {name for name in served.names if name.startswith("farm_")}
    assert ours.isdisjoint(driven.names)
    assert {name.partition("_")[0] for name in served.names & driven.names} == {"process"}


def test_every_family_of_the_table_is_told(scrape):
    told = scrape(answered()).names
    assert {family.name + ("_count" if family.kind is Kind.HISTOGRAM else "") for family in SERVED} <= told


def answered() -> ServeMetrics:
    metrics = ServeMetrics(lambda: KNOWN)
    metrics.observe("/healthz", HTTPStatus.OK, 0.001)
    return metrics
