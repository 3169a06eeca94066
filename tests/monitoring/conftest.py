"""What dashboards and rules ask for, and what there is to ask for."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import ray_families
from monitoring_rules import rules

from farm.metrics.families import FAMILY
from farm.metrics.family import Kind

TARGET = frozenset({"instance", "job"})
"""Labels that Prometheus gives to what it scrapes."""
PROCESS = {"process_resident_memory_bytes": TARGET, "up": TARGET}
"""Of prometheus-client's process collector, and of Prometheus itself."""
ALERTS = {"ALERTS": frozenset({"alertname", "alertstate", "severity"})}


@pytest.fixture(scope="session")
def known() -> Mapping[str, frozenset[str]]:
    """Every metric that may be asked for, with its labels."""
    found = dict(PROCESS | ALERTS)
    for name, family in FAMILY.items():
        labels = frozenset(family.labels) | TARGET
        parts = {"_bucket": {"le"}, "_sum": set(), "_count": set()} if family.kind is Kind.HISTOGRAM else {"": set()}
        found |= {name + part: labels | more for part, more in parts.items()}
    found |= {name: labels | TARGET for name, labels in ray_families.families().items()}
    labels_of_all = frozenset().union(*found.values())
    return found | {rule["record"]: labels_of_all for rule in rules() if "record" in rule}
