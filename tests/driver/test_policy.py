"""What a farm's settings mean to its scheduler."""

from __future__ import annotations

import pytest

from farm.config import Config, load_config
from farm.driving import policy
from farm.errors import DocumentError
from farm.scheduler.policy import NodeShape, Policy, Scaling

SETTINGS = """\
idle_stop_s: 120
elastic:
  - {cpus: 16, gpus: 8, pool: large, market: spot, hour: 14.5, start_s: 300, at_most: 4}
scaling: {backlog_minutes: 20, warm_minutes: 5, dry_minutes: 3, hour_budget: 100}
"""


@pytest.fixture
def settings(tmp_path):
    def read(text: str) -> Config:
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return load_config({"FARM_CONFIG": str(path)})

    return read


def test_without_settings_the_policy_is_the_usual_one():
    usual = Policy()
    found = policy(Config())
    assert (found.scaling, found.elastic, found.idle_stop_s) == (usual.scaling, usual.elastic, usual.idle_stop_s)


def test_kinds_of_nodes_and_scaling_are_read(settings):
    found = policy(settings(SETTINGS))
    assert found.elastic == (NodeShape(16, 8, "large", 4, "spot", 14_500_000, 300.0),)
    assert found.scaling == Scaling(backlog_s=1200.0, warm_s=300.0, dry_s=180.0, hour_micros=100_000_000)
    assert found.idle_stop_s == 120.0


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("scaling: {backlog: 3}", "backlog"),
        ("scaling: {hour_budget: -1}", "hour_budget"),
        ("elastic: [{cpus: 4, market: [spot]}]", "market"),
        ("elastic: [{cpus: 4, hour: cheap}]", "hour"),
    ],
)
def test_wrong_settings_are_refused_by_name(settings, text, word):
    with pytest.raises(DocumentError, match=word):
        settings(text)
