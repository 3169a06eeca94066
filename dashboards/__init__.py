"""The farm's dashboards, as code.

    one file per dashboard ─▶ values (dashboards.panel) ─▶ dashboards.grafana ─▶ grafana/*.json, committed
                                                    └────▶ dashboards.picture ─▶ pictures of the docs

`python -m dashboards` writes the JSON anew; `tests/monitoring` fails while a file differs, and while a query names a
metric family or a label that the farm does not have. Not part of the package that is installed.
"""

from __future__ import annotations

import json
from pathlib import Path

from dashboards import job, models, overview, pools, projects, throughput
from dashboards.grafana import document
from dashboards.panel import Dashboard

FOLDER = Path(__file__).parent / "grafana"

DASHBOARDS = (
    overview.DASHBOARD,
    throughput.DASHBOARD,
    pools.DASHBOARD,
    models.DASHBOARD,
    projects.DASHBOARD,
    job.DASHBOARD,
)


def file_of(dashboard: Dashboard) -> Path:
    return FOLDER / f"{dashboard.uid}.json"


def written(dashboard: Dashboard) -> str:
    """A dashboard's file."""
    return json.dumps(document(dashboard), indent=2, ensure_ascii=False) + "\n"
