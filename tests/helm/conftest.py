"""The chart, rendered with each values file of its `ci` folder, once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import farm_chart
import pytest
import yaml

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session", params=farm_chart.FILES, ids=lambda path: path.stem)
def values(request: pytest.FixtureRequest) -> farm_chart.Values:
    """What somebody would install with."""
    return farm_chart.read(request.param)


@pytest.fixture(scope="session")
def found(values: farm_chart.Values) -> list[farm_chart.Document]:
    """All that an installation with `values` hands to Kubernetes."""
    return farm_chart.documents(values)


@pytest.fixture(scope="session")
def ray(found: list[farm_chart.Document]) -> farm_chart.Document:
    """The Ray cluster's spec."""
    (cluster,) = farm_chart.of_kind(found, "RayCluster")
    return cluster["spec"]


@pytest.fixture(scope="session")
def settings(found: list[farm_chart.Document]) -> str:
    """The text of the farm's settings file."""
    (one,) = [each for each in farm_chart.of_kind(found, "ConfigMap") if each["metadata"]["name"] == "studio-settings"]
    return one["data"]["config.yaml"]


@pytest.fixture(scope="session")
def definitions() -> dict[str, Any]:
    """Schemas of kinds that Kubernetes does not bring along, by kind: they are not part of this project."""
    folder = Path(os.environ.get("FARM_CRDS") or PROJECT.parent / "shared" / "crds")
    files = sorted(folder.glob("*.yaml"))
    if not files:
        pytest.skip(f"no custom resource definitions in {folder} (name a folder of them in FARM_CRDS)")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the other takes half a minute
    found = [yaml.load(file.read_text(encoding="utf-8"), loader) for file in files]  # noqa: S506 - a safe one
    return {one["spec"]["names"]["kind"]: one["spec"]["versions"] for one in found}
